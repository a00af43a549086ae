"""Works out how many of each kind of process or machine are needed, by each limit alone. The limit
that needs the most is binding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from padfleet.services.tools.plan.constants import Constants
from padfleet.services.tools.plan.demand import Demand, Goal
from padfleet.services.tools.plan.layout import Pads, workers_of
from padfleet.services.tools.plan.rhythm import BusyRoom, Rhythm, rhythm
from padfleet.services.tools.plan.work import PlannedWork, workers_work
from padfleet.shared.settings import FanoutSettings

MOST = 1 << 17
"""The largest number of workers for which a fleet is planned."""

FEED_SECONDS = 30.0
"""A worker holds all revisions of this many seconds, however many there are (`KEEP_MS` of its
feed)."""


@dataclass(frozen=True, slots=True)
class CapacityLimit:
    """One reason why so many of something are needed. If `needs` is None, no number of them is
    enough."""

    name: str
    needs: int | None
    found: str  #: the figures that it follows from
    relax: str  #: what makes it smaller


class CostModel:
    """The costs of one demand, on any number of workers."""

    def __init__(
        self, demand: Demand, goal: Goal, constants: Constants, pads: Sequence[Pads]
    ) -> None:
        self.demand, self.goal, self.constants, self.pads = demand, goal, constants, pads

    # --- The busiest pad -------------------------------------------------------------------------

    @property
    def busiest(self) -> Pads:
        """Returns the pad with the most deliveries."""
        return max(self.pads, key=lambda pads: pads.sockets * pads.editors)

    def busiest_room(self, workers: int) -> BusyRoom:
        pads = self.busiest
        spread = workers_of(pads, self.demand.sockets, workers, gathered=self.goal.gathered)
        revisions = pads.editors * self.demand.rate
        return BusyRoom(pads.sockets / spread, revisions / spread, revisions)

    @property
    def revision_bytes(self) -> float:
        return self.demand.revision_bytes or self.constants.wire_revision_bytes

    # --- The limits of a worker ------------------------------------------------------------------

    def loop_cores(self, workers: int) -> float:
        """Returns how much of a core the event loop of one worker uses, on average."""
        return self._work(workers).cores / workers

    def _work(self, workers: int) -> PlannedWork:
        return workers_work(self.pads, self.demand, self.goal, self.constants, workers)

    def busiest_loop_cores(self, workers: int) -> float:
        """Returns the cores used by a worker that has its share of the busiest pad, and others
        beside it."""
        room, c = self.busiest_room(workers), self.constants
        beat = rhythm(room, c, self.revision_bytes, compression=self.demand.compression)
        own = beat.flushes * beat.flush_s + room.own * c.worker_submission_s
        own += beat.announced * c.worker_turn_s / 2
        return own + self._left_by(room, workers) * self.loop_cores(workers)

    def _left_by(self, room: BusyRoom, workers: int) -> float:
        """Returns which part of a worker's share of all sockets the busiest pad leaves to other
        pads."""
        return max(0.0, 1 - room.sockets * workers / self.demand.sockets)

    def latency(self, workers: int) -> float:
        """Returns the seconds from commit to socket, 95th percentile, on the busiest pad; they are
        infinite if the event loop is full."""
        if self.busiest_loop_cores(workers) >= 1:
            return float("inf")
        return self.busiest_rhythm(workers).p95_s

    def busiest_rhythm(self, workers: int) -> Rhythm:
        """Returns the rhythm of the busiest pad, beside the other pads of a worker."""
        room = self.busiest_room(workers)
        busy = 1 + self._left_by(room, workers) * self._work(workers).busy_rooms / workers
        return rhythm(
            room,
            self.constants,
            self.revision_bytes,
            busy=busy,
            compression=self.demand.compression,
        )

    def worker_bytes(self, workers: int) -> float:
        c = self.constants
        total = c.worker_socket_bytes * self.demand.sockets
        for group in self.pads:
            spread = workers_of(group, self.demand.sockets, workers, gathered=self.goal.gathered)
            recent = group.editors * self.demand.rate * FEED_SECONDS
            held = max(recent, min(self.demand.history, FanoutSettings.ring_revisions))
            scale = self.revision_bytes / c.wire_revision_bytes
            room = c.worker_room_bytes + held * c.worker_revision_bytes * scale
            total += group.count * spread * room
        return c.worker_process_bytes + total / workers

    def rejoin(self, workers: int) -> float:
        """Returns the seconds until the sockets of a lost zone are on the others."""
        zones, c = self.goal.zones, self.constants
        lost = self.demand.sockets / zones if zones > 1 else self.demand.sockets / workers
        left = workers * (1 - 1 / zones) if zones > 1 else workers - 1
        people = self.demand.sockets / self.demand.pads
        each = c.worker_join_s + people * c.worker_join_person_s
        free = self.goal.headroom
        return lost * each / (left * free) if left > 0 and free > 0 else float("inf")


def least(fits: Callable[[int], bool], start: int = 1) -> int | None:
    """Returns the smallest number from `start` up that fits, provided that larger numbers fit too,
    or None if no number fits."""
    high = max(1, start)
    while not fits(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    if high == max(1, start):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def worker_limits(model: CostModel) -> list[CapacityLimit]:
    """Returns the limits on workers, each by itself."""
    goal, demand = model.goal, model.demand
    loop = least(lambda n: model.loop_cores(n) <= goal.usable)
    latency = least(lambda n: model.latency(_left(n, goal)) <= goal.latency_s)
    memory = least(lambda n: model.worker_bytes(n) <= goal.worker_memory * goal.usable)
    rejoin = least(lambda n: model.rejoin(n) <= goal.rejoin_s, 2)
    at_most = FanoutSettings.max_sockets * goal.usable
    sockets = -(-demand.sockets // int(at_most)) if at_most >= 1 else None
    per_pad = FanoutSettings.max_sessions_per_pad
    on_pad = least(lambda n: model.busiest_room(n).sockets <= per_pad)
    busy, room = model.busiest, model.busiest_room(latency or 1)
    return [
        CapacityLimit(
            "event loop of a worker",
            loop,
            f"{_of(loop, model.loop_cores):.0%} of a core busy, {goal.usable:.0%} wanted",
            "fewer revisions per pad and second, or longer pauses: a lower PADFLEET_FLUSH_RATE; "
            "less headroom; or a faster core",
        ),
        CapacityLimit(
            "fan-out of the busiest pad",
            latency,
            f"{busy.sockets:,.0f} sockets and {busy.editors * demand.rate:,.0f} revisions a second "
            f"on one pad, {room.sockets:,.0f} sockets on each of its workers: p95 "
            f"{_of(latency, lambda n: model.latency(_left(n, goal))) * 1000:,.0f} ms with the "
            f"headroom gone, {goal.latency_s * 1000:,.0f} wanted",
            "a longer --latency; fewer people on that pad; or a balancer that spreads it over more "
            "workers (--even)",
        ),
        CapacityLimit(
            "memory of a worker",
            memory,
            f"{_of(memory, model.worker_bytes) / 2**20:,.0f} MiB each, "
            f"{goal.worker_memory * goal.usable / 2**20:,.0f} wanted",
            "more --worker-memory; a lower PADFLEET_RING_REVISIONS where many pads are open",
        ),
        CapacityLimit(
            "coming back after a zone is lost",
            rejoin,
            f"{_of(rejoin, model.rejoin):,.0f} s until all are on other workers, "
            f"{goal.rejoin_s:,.0f} wanted",
            "a longer --rejoin, more --zones, or more headroom",
        ),
        CapacityLimit(
            "sockets of a worker",
            sockets,
            f"PADFLEET_MAX_SOCKETS is {FanoutSettings.max_sockets:,}",
            "a higher PADFLEET_MAX_SOCKETS, and limit of open files",
        ),
        CapacityLimit(
            "sessions of one pad on a worker",
            on_pad,
            f"PADFLEET_MAX_SESSIONS_PER_PAD is {per_pad:,}",
            "a higher PADFLEET_MAX_SESSIONS_PER_PAD",
        ),
    ]


def _left(workers: int, goal: Goal) -> int:
    """Returns the workers that are left when the headroom is gone. Fan-out is not planned by its
    share of the event loop: a pad that needs more than half of it flushes less often, with larger
    messages, until that is too late."""
    return max(1, int(workers * goal.usable))


def _of(needs: int | None, figure: Callable[[int], float]) -> float:
    return figure(needs if needs is not None else MOST)


def binding(limits: Sequence[CapacityLimit]) -> CapacityLimit:
    """Returns the limit that needs most; one that no number can meet comes first."""
    return max(limits, key=lambda limit: float("inf") if limit.needs is None else limit.needs)
