"""Simulates a whole fleet and its people, for so many seconds. The same seed gives the same
result."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.window import Window
from padfleet.services.fanout.ops.drain import moments
from padfleet.services.tools.plan.constants import Constants
from padfleet.shared.log.records import Revision
from padfleet.shared.settings import FanoutSettings, WriterSettings
from tests.simulation.events import Events
from tests.simulation.fleet import HOP, Balancer, Worker, Writer
from tests.simulation.pads import Pad
from tests.simulation.people import Group, People
from tests.simulation.rooms import Crowd, Room
from tests.simulation.tallies import Tallies

BACK_OFF = (0.5, 1.5)
"""The seconds after which a page connects again: 1 s, give or take half (socket.io-client)."""

JOIN_TURNS = 4
"""A join asks Redis so often, and other work has its turn between."""

DRAIN = FanoutSettings.drain_ms / 1000
PARTITIONS = WriterSettings.partitions


class Simulation:
    def __init__(
        self,
        people: People,
        constants: Constants,
        *,
        workers: int,
        writers: int,
        seed: int,
        rules: PacingRules | None = None,
    ) -> None:
        self.events, self.tallies, self.costs = Events(), Tallies(), constants
        self.redis_busy = 0.0
        self.shares: list[list[float]] = []
        """The share of its core that each worker used, for each second."""
        self._dice = Random(seed)
        self._rules = rules or PacingRules()
        self._people = people
        self._typing = True
        self.workers = [self._worker(name) for name in range(workers)]
        self.balancer = Balancer(self.workers, self._dice)
        self.writers = [
            Writer(self.events, constants, self._committed, self._spend_redis)
            for _ in range(writers)
        ]
        self.groups: list[Group] = []
        self._populate()
        self._look()

    # --- Who is there ----------------------------------------------------------------------------

    def _worker(self, name: int) -> Worker:
        return Worker(name, self.events, self.tallies, self.costs, self._rules)

    def add_worker(self) -> Worker:
        """Adds a new worker, to which newcomers go."""
        worker = self._worker(len(self.workers))
        self.workers.append(worker)
        self.balancer.workers.append(worker)
        return worker

    def _populate(self) -> None:
        people, shape = self._people, self._people.by_pad()
        if people.hot is not None and people.hot_spread:
            self.balancer.spread.add(len(shape) - 1)
        self.sockets = sum(size for size, _ in shape)
        for number, (size, editors) in enumerate(shape):
            pad = Pad(number, self.costs.wire_revision_bytes)
            group = Group(pad, [f"{number}.{n}" for n in range(editors)])
            self.groups.append(group)
            self._place(group, size)
            if editors and people.rate:
                self._plan_edit(group)

    def _place(self, group: Group, size: int) -> None:
        """Places all of a pad's people, as if they had come one by one."""
        pad, most = group.pad, self.balancer.most(self.sockets)
        spread = pad.number in self.balancer.spread
        left, names = size, list(group.editors)
        each = -(-size // len(self.workers))
        while left:
            worker = self.balancer.choose(pad, self.sockets)
            if spread:
                worker = self.workers[(size - left) // each]
            many = min(left, each if spread else max(1, most - worker.sockets))
            # Editors are where people are: as many of those who are left.
            writing = round(len(names) * many / left)
            here, names = names[:writing], names[writing:]
            room = worker.room(pad)
            room.crowds.append(Crowd(DeliveryCursor(0), many, set(here), Window(0.0)))
            group.rooms[worker] = room
            group.homes.update(dict.fromkeys(here, worker))
            worker.sockets += many
            left -= many
        pad.sessions = size

    # --- Edits -----------------------------------------------------------------------------------

    def _plan_edit(self, group: Group) -> None:
        wait = self._dice.expovariate(len(group.editors) * self._people.rate)
        self.events.at(self.events.now + wait, lambda: self._edit(group))

    def _edit(self, group: Group) -> None:
        if not self._typing:
            return
        self._plan_edit(group)
        session = self._dice.choice(group.editors)
        worker = group.homes.get(session)
        if worker is None:
            return  # between two workers: the page keeps it until it is back
        pad = group.pad
        origin = pad.edit(session, self.events.now)
        partition = pad.number % PARTITIONS
        writer = self.writers[partition % len(self.writers)]
        self.tallies.at(self.events.now).edits += 1

        def submit() -> None:
            worker.loop.spend(self.costs.worker_submission_s)
            self.events.at(
                worker.loop.now() + HOP, lambda: writer.submitted(partition, pad, origin)
            )

        worker.loop.soon(submit)

    def _committed(self, pad: Pad, revisions: list[Revision]) -> None:
        group, at = self.groups[pad.number], pad.committed_at[-1] + HOP
        self.tallies.at(pad.committed_at[-1]).committed += len(revisions)
        self.redis_busy += len(group.rooms) * self.costs.redis_publish_s
        for worker, room in group.rooms.items():
            self.events.at(at, lambda w=worker, r=room: w.loop.soon(lambda: r.take(revisions)))  # type: ignore[misc]

    def _spend_redis(self, seconds: float) -> None:
        self.redis_busy += seconds

    # --- What befalls it -------------------------------------------------------------------------

    def kill(self, worker: Worker) -> None:
        """Kills a worker without a farewell: all its sockets see their connections end, and come
        back."""
        for number, room in worker.rooms.items():
            group = self.groups[number]
            for crowd in room.crowds:
                for session in sorted(crowd.editors):
                    self._away(
                        group, Crowd(DeliveryCursor(crowd.seen), 1, {session}, seen=crowd.seen)
                    )
                for _ in range(crowd.count - len(crowd.editors)):
                    self._away(group, Crowd(DeliveryCursor(crowd.seen), 1, seen=crowd.seen))
            group.rooms.pop(worker)
        worker.end()

    def drain(self, worker: Worker) -> None:
        """Drains a worker, as after SIGTERM: newcomers go elsewhere, and its sockets leave one
        after the other."""
        worker.taking = False
        rooms = [room for room in worker.rooms.values() for _ in range(room.sockets)]
        self._dice.shuffle(rooms)
        start = self.events.now
        for room, moment in zip(rooms, moments(len(rooms), DRAIN, self._dice), strict=True):
            self.events.at(
                start + moment,
                lambda room=room: worker.loop.soon(lambda: self._let_go(worker, room)),  # type: ignore[misc]
            )

    def _let_go(self, worker: Worker, room: Room) -> None:
        if room.flushing:
            worker.loop.soon(lambda: self._let_go(worker, room))
            return
        crowd = room.leave(self._dice.randrange(room.sockets))
        worker.sockets -= 1
        group = self.groups[room.pad.number]
        if not room.sockets:
            room.close()
            group.rooms.pop(worker, None)
            worker.rooms.pop(room.pad.number, None)
        self._away(group, crowd)

    def _away(self, group: Group, crowd: Crowd) -> None:
        for session in crowd.editors:
            group.homes.pop(session, None)
        self.events.at(
            self.events.now + self._dice.uniform(*BACK_OFF), lambda: self._join(group, crowd)
        )

    def _join(self, group: Group, crowd: Crowd) -> None:
        pad, costs = group.pad, self.costs
        worker = self.balancer.choose(pad, self.sockets)
        worker.sockets += 1
        left = JOIN_TURNS

        def turn() -> None:
            nonlocal left
            worker.loop.spend(costs.worker_join_s / JOIN_TURNS)
            left -= 1
            if left:
                self.events.at(worker.loop.now() + 2 * HOP, lambda: worker.loop.soon(turn))
            else:
                self._enter(group, crowd, worker)

        worker.loop.soon(turn)

    def _enter(self, group: Group, crowd: Crowd, worker: Worker) -> None:
        room = worker.room(group.pad)
        crowd.cursor = DeliveryCursor(crowd.seen, resume_until=room.head)
        crowd.window = Window(worker.loop.now())
        room.enter(crowd)
        group.rooms[worker] = room
        group.homes.update(dict.fromkeys(crowd.editors, worker))
        self.tallies.at(worker.loop.now()).joins += 1
        # Everybody on the pad hears of it, and the newcomer of everybody.
        for other, its in group.rooms.items():
            seconds = its.sockets * self.costs.worker_join_person_s
            other.loop.soon(lambda o=other, s=seconds: o.loop.spend(s))  # type: ignore[misc]

    def fail_over(self, shard: int, shards: int, seconds: float) -> None:
        """Stops commits on this shard's partitions for so many seconds; submissions wait."""
        gone = {p for p in range(PARTITIONS) if p % shards == shard}
        for writer in self.writers:
            writer.away |= gone
        self.events.at(self.events.now + seconds, self._back)

    def _back(self) -> None:
        for writer in self.writers:
            writer.away.clear()
            writer.look()

    # --- Running ---------------------------------------------------------------------------------

    def run(self, until: float) -> None:
        self.events.run(until)

    def settle(self, within: float = 30.0) -> None:
        """Stops typing, and returns when everybody has everything. Raises AssertionError if
        somebody lacks a revision or was sent one twice: deliveries are counted against commits, and
        each message was inspected when it was sent."""
        self._typing = False
        self.events.run(self.events.now + within)
        for group in self.groups:
            pad, rooms = group.pad, group.rooms.values()
            assert sum(room.sockets for room in rooms) == pad.sessions
            for crowd in (crowd for room in rooms for crowd in room.crowds):
                assert crowd.seen == crowd.cursor.sent_rev == pad.head, f"pad {pad.number}"
        delivered = sum(second.delivered for second in self.tallies.seconds)
        due = sum(group.pad.head * group.pad.sessions for group in self.groups)
        assert delivered == due, f"{delivered} deliveries for {due}"

    def _look(self) -> None:
        """Records which share of its core each worker used, once a second."""
        before: dict[Worker, float] = {}

        def look() -> None:
            now = {worker: worker.loop.busy for worker in self.workers}
            self.shares.append([now[w] - before.get(w, 0.0) for w in self.workers if w.taking])
            before.update(now)
            self.events.at(self.events.now + 1, look)

        self.events.at(1.0, look)

    def busy_between(self, start: float, end: float) -> Sequence[float]:
        """Returns the shares of all workers in these seconds."""
        return [share for second in self.shares[int(start) : int(end)] for share in second]
