"""Whether revisions flow: one of our own is sent round, again and again (I10).

A connection that is open proves nothing: a server may be frozen, a subscription deaf, the writers
gone. So for each Redis server that holds partitions there is a pad that no client can name, and
every worker commits to it, by way of the inbox, the writer, the stream and the channel, and waits
until the revision comes back as those of people do. Where one partition stands still, and the
server does not, it goes by way of another (`flights`), and readiness says so.
"""

import asyncio
import logging
from functools import partial
from time import monotonic

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.session import new_session_id
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.ops.flights import Flights
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.health import Remark
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.inboxes.inbox import InboxWriter, NotTaken
from padfleet.shared.log.keys import CANARY, Keyspace
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.records import Creation, Deletion, Entry, Origin, Submission
from padfleet.shared.supervisor import Keeper, Kept, Loose, rest, tick

log = logging.getLogger(__name__)

INTERVAL = 1.5
"""Seconds between two revisions of one worker; some 300 µs of the fleet's time each."""

ATTEMPT = 2.0
"""Seconds after which one that has not come back is given up, and the next one sent."""

LIMIT = 6.5
"""Seconds without one that came back after which the worker is not ready: the pause, one that was
given up, another by way of another partition, which may have to be opened first, and a second."""

LENGTH = 500
"""Revisions after which the pad is deleted and begun anew, so that it does not grow."""

MARK = 4
"""Characters that a canary writes, of the random name of its origin."""

AUTHOR = "a.canary"


def canary_pad(keyspace: Keyspace, partition: int) -> str:
    """A pad of this partition, the same for every worker. A client cannot name it: ``$`` is for
    group pads, which need a group."""
    number = 0
    while keyspace.partition_of(f"{CANARY}{number}") != partition:
        number += 1
    return f"{CANARY}{number}"


class _Cage:
    """The canary of one server."""

    def __init__(self, partitions: list[int]) -> None:
        self.flights = Flights(partitions)
        self.began = monotonic()
        self.alive_at: float | None = None
        self.stage = "has not been sent yet"
        self.task: Kept | None = None


class Canaries:
    """One for each server that holds partitions, as the topology is at the moment."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        rooms: Rooms,
        inbox: InboxWriter,
        keeper: Keeper | None = None,
    ) -> None:
        """`keeper` looks after each of them."""
        self._redis = redis
        self._keyspace = keyspace
        self._rooms = rooms
        self._inbox = inbox
        self._keeper = keeper or Loose()
        self._cages: dict[int, _Cage] = {}  # by the first partition of the server

    async def run(self) -> None:
        """For as long as the worker lives."""
        try:
            while True:
                self._look_after(self._by_server())
                await tick(INTERVAL)
        finally:
            for cage in self._cages.values():
                if cage.task is not None:
                    cage.task.stop()
            self._cages.clear()

    def why_not_ready(self) -> str | None:
        """Names what has not come back, and where it was last seen."""
        if not self._cages:
            return "no canary has been sent yet"
        now = monotonic()
        for cage in self._cages.values():
            silent = now - (cage.began if cage.alive_at is None else cage.alive_at)
            if cage.alive_at is None or silent > LIMIT:
                return (
                    f"no revision has come back for {silent:.1f} s by way of partition "
                    f"{cage.flights.partition}: the last one {cage.stage}"
                )
        aside = [
            f"no revision comes back by way of partition {cage.flights.first}, where the last one "
            f"{cage.flights.lost}; by way of others of the same server they do"
            for cage in self._cages.values()
            if cage.flights.lost
        ]
        return Remark("; ".join(aside)) if aside else None

    def _by_server(self) -> dict[int, list[int]]:
        """The partitions of each server, by the first of them."""
        found: dict[str, list[int]] = {}
        for partition in range(self._keyspace.partitions):
            try:
                node = self._redis.node_for(self._keyspace.inbox(partition)).name
            except UNREACHABLE:
                continue  # nobody owns it just now; its canary, if there was one, goes on waiting
            found.setdefault(node, []).append(partition)
        return {partitions[0]: partitions for partitions in found.values()}

    def _look_after(self, wanted: dict[int, list[int]]) -> None:
        if not wanted:
            return
        for first in self._cages.keys() - wanted.keys():
            task = self._cages.pop(first).task
            if task is not None:
                task.stop()
        for first, partitions in wanted.items():
            cage = self._cages.get(first)
            if cage is not None:
                cage.flights.are_of(partitions)
                continue
            cage = self._cages[first] = _Cage(partitions)
            cage.task = self._keeper.keep("canary", partial(self._fly, cage), part=str(first))

    async def _fly(self, cage: _Cage) -> None:
        while True:
            partition = cage.flights.partition
            began = monotonic()
            cage.stage = "waits for its pad to be opened"
            try:
                async with asyncio.timeout(ATTEMPT):
                    room = await self._rooms.enter(canary_pad(self._keyspace, partition))
            except (*UNREACHABLE, CorruptPad) as error:
                log.warning(
                    "no pad for the canary", extra={"partition": partition, "error": str(error)}
                )
                self._was_lost(cage)
                await _until(began + INTERVAL)
                continue
            try:
                while cage.flights.partition == partition:
                    began = monotonic()
                    if await self._once(cage, room):
                        cage.alive_at = monotonic()
                        cage.flights.came_back(cage.alive_at)
                        metrics.CANARY_SECONDS.observe(cage.alive_at - began)
                        await tick(INTERVAL)
                    else:
                        self._was_lost(cage)
                        await _until(began + INTERVAL)
            finally:
                self._rooms.leave(room)

    @staticmethod
    def _was_lost(cage: _Cage) -> None:
        metrics.CANARIES_LOST.inc()
        cage.flights.was_lost(cage.stage, monotonic())

    async def _once(self, cage: _Cage, room: Room) -> bool:
        """Whether it came back in time."""
        base, epoch = room.feed.head, room.epoch
        try:
            async with asyncio.timeout(ATTEMPT):
                cage.stage = "is on its way into the inbox"
                entry = await self._next(room)
                await self._inbox.put(entry)
                cage.stage = "stands in the inbox, or its answer got lost: is there a writer?"
                while room.epoch == epoch:
                    await room.replica.reached(base + 1)
                    if isinstance(entry, Creation) or any(
                        revision.origin == entry.origin
                        for revision in room.feed.since(max(base, room.feed.first - 1))
                    ):
                        break
                    base = room.feed.head
        except (*UNREACHABLE, NotTaken, CorruptPad) as error:
            log.warning(
                "canary lost",
                extra={"pad": room.pad_id, "stage": cage.stage, "error": str(error)},
            )
            return False
        cage.stage = "came back"
        return True

    async def _next(self, room: Room) -> Entry:
        origin = Origin(new_session_id(), 1)
        if room.feed.head < 0:
            return Creation(room.pad_id, origin, AUTHOR, "")
        if room.feed.head >= LENGTH:
            return Deletion(room.pad_id, origin, AUTHOR)
        document = await room.replica.document()
        pool = AttributePool()
        changeset = canary_changeset(document.atext.text, origin, pool)
        return Submission(
            room.pad_id,
            origin,
            1,
            room.epoch,
            AUTHOR,
            document.head,
            changeset,
            pool.to_jsonable(),
            room.reign,
        )


def canary_changeset(text: str, origin: Origin, pool: AttributePool) -> str:
    """What a canary of this origin does to its pad. Pure.

    Another worker's may be made of the same revision in the same moment. It has the same author,
    and what an author sends twice is taken for a repetition, of which no revision comes.
    """
    return make_splice(text, 0, 0, origin.session[:MARK], [("author", AUTHOR)], pool)


async def _until(moment: float) -> None:
    await rest(max(0.0, moment - monotonic()))
