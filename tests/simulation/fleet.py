"""Simulates workers and writers, and decides who is on which worker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random

from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.tools.plan.constants import Constants
from padfleet.services.tools.plan.layout import BALANCE
from padfleet.services.writer.leases.pacing import RoundPace
from padfleet.shared.log.records import Origin, Revision
from padfleet.shared.settings import WriterSettings
from tests.simulation.events import Events, Loop
from tests.simulation.pads import Pad
from tests.simulation.rooms import RING, Room
from tests.simulation.tallies import Tallies

HOP = 0.001
"""How many seconds it takes from a process through Redis to another, without waiting for a
processor."""

PINGS_EVERY = 0.1
PING_INTERVAL = 25.0
MOST_PAUSE = WriterSettings.commit_interval_ms / 1000


class Worker:
    def __init__(
        self, name: int, events: Events, tallies: Tallies, constants: Constants, rules: PacingRules
    ) -> None:
        self.name = name
        self.loop = Loop(events)
        self.turns = FlushScheduler(rules, self.loop)
        self.rooms: dict[int, Room] = {}
        self.sockets = 0
        self.taking = True  #: newcomers
        self._events, self._tallies, self._costs = events, tallies, constants
        self._compaction()

    def room(self, pad: Pad) -> Room:
        """Returns the room of this pad. If it is not open, it is opened with the pad's newest
        revisions."""
        room = self.rooms.get(pad.number)
        if room is None:
            after = max(0, pad.head - RING)
            room = Room(pad, self.loop, self.turns, self._tallies, self._costs, after)
            self.rooms[pad.number] = room
        return room

    def end(self) -> None:
        self.loop.ended, self.taking = True, False
        for room in self.rooms.values():
            room.close()
        self.rooms.clear()
        self.sockets = 0

    def _compaction(self) -> None:
        """Pings, and what a worker does with nobody on it."""
        if self.loop.ended:
            return
        costs = self._costs
        seconds = costs.worker_idle_cores * PINGS_EVERY
        seconds += self.sockets * PINGS_EVERY / PING_INTERVAL * costs.worker_ping_s
        self.loop.soon(lambda: self.loop.spend(seconds))
        self._events.at(self._events.now + PINGS_EVERY, self._compaction)


class Writer:
    """Rounds as `services/writer/leases/lease_manager.py` makes them, paced by the same code: all
    that waits, up to `batch_max` for each partition."""

    def __init__(
        self,
        events: Events,
        constants: Constants,
        committed: Callable[[Pad, list[Revision]], None],
        spend_redis: Callable[[float], None],
    ) -> None:
        self.loop = Loop(events)
        self.away: set[int] = set()  #: partitions whose Redis does not answer
        self._events, self._costs = events, constants
        self._committed, self._spend_redis = committed, spend_redis
        self._inboxes: dict[int, list[tuple[Pad, Origin]]] = defaultdict(list)
        self._pace = RoundPace(MOST_PAUSE)
        self._planned = False
        self._compaction()

    def _compaction(self) -> None:
        """Spends the time for leases, and for everything else that a writer does without
        commits."""
        seconds = self._costs.writer_idle_cores * PINGS_EVERY
        self.loop.soon(lambda: self.loop.spend(seconds))
        self._spend_redis(self._costs.redis_idle_cores * PINGS_EVERY)
        self._events.at(self._events.now + PINGS_EVERY, self._compaction)

    def submitted(self, partition: int, pad: Pad, origin: Origin) -> None:
        self._inboxes[partition].append((pad, origin))
        self.look()

    def look(self) -> None:
        """Plans to read, since there may be something."""
        if not self._planned and (waiting := self._waiting()):
            self._planned = True
            due, seconds = self._pace.next_read(self._events.now, waiting)
            at = self._events.now + (0.0 if due else seconds)
            self._events.at(at, lambda: self.loop.soon(self._round))

    def _waiting(self) -> list[int]:
        return [p for p in self._inboxes if p not in self.away]

    def _round(self) -> None:
        costs, loop = self._costs, self.loop
        self._planned = False
        waiting = self._waiting()
        due = self._pace.next_read(loop.now(), waiting).partitions if waiting else []
        if due:
            self._pace.read(loop.now(), {p: len(self._inboxes[p]) for p in due})
            loop.spend(costs.writer_round_s)
        redis = costs.redis_round_s if due else 0.0
        for partition in due:
            entries = self._inboxes.pop(partition)
            batch, rest = entries[: WriterSettings.batch_max], entries[WriterSettings.batch_max :]
            if rest:
                self._inboxes[partition] = rest
            pads: dict[Pad, list[Origin]] = defaultdict(list)
            for pad, origin in batch:
                pads[pad].append(origin)
            stale = len(batch) - len(pads)
            loop.spend(
                costs.writer_call_s
                + len(pads) * (costs.writer_pad_s + costs.writer_commit_s)
                + stale * costs.writer_stale_s
            )
            redis += costs.redis_call_s + len(batch) * costs.redis_commit_s
            for pad, origins in pads.items():
                self._committed(pad, pad.commit(origins, loop.now()))
        self._spend_redis(redis)
        self.look()


class Balancer:
    """Gathers a pad's people on few workers, none of which gets a quarter more than its share."""

    def __init__(self, workers: Sequence[Worker], dice: Random) -> None:
        self.workers = list(workers)
        self.spread: set[int] = set()  #: pads whose people go anywhere
        self._dice = dice
        self._first: dict[int, int] = {}

    def choose(self, pad: Pad, everybody: int) -> Worker:
        """Chooses a worker for one more socket of this pad; `everybody` is how many sockets there
        are in all."""
        taking = [worker for worker in self.workers if worker.taking]
        if pad.number in self.spread:
            return self._dice.choice(taking)
        most = self.most(everybody)
        start = self._first.setdefault(pad.number, self._dice.randrange(1 << 30))
        # Where a worker is gone, its pads do not all go to the same other one.
        for turn in range(4 * len(taking)):
            worker = taking[(start * (1 + turn) + turn * turn) % len(taking)]
            if worker.sockets < most:
                return worker
        return min(taking, key=lambda worker: worker.sockets)

    def most(self, everybody: int) -> int:
        """Sockets of a worker."""
        taking = sum(worker.taking for worker in self.workers)
        return max(1, int(BALANCE * everybody / taking))
