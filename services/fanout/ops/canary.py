"""This module checks whether revisions flow, by sending one of our own on a round trip again and
again (I10).

An open connection proves nothing: a server may be frozen, a subscription may receive nothing, the
writers may be gone. So for each Redis server that holds partitions there is a pad that no client
can name. Every worker commits to it by way of the inbox, the writer, the stream and the channel,
and waits until the revision comes back as people's revisions do. If one partition stands still, but
its server does not, the canary goes by way of another partition (`flights`), and readiness says so.
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
from padfleet.shared.log.entries import Creation, Deletion, Entry, Submission
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import CANARY, Keyspace
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.records import Origin
from padfleet.shared.supervision.keeper import Keeper, Kept, Loose
from padfleet.shared.supervision.progress import rest, tick

log = logging.getLogger(__name__)

INTERVAL = 1.5
"""How many seconds pass between two revisions of one worker; each takes some 300 µs of the fleet's
time."""

ATTEMPT = 2.0
"""A revision that has not come back after this many seconds is given up, and the next one is
sent."""

LIMIT = 6.5
"""A worker is not ready after this many seconds without a returned revision. They are the pause,
one attempt that was given up, another by way of another partition, whose pad may have to be opened
first, and one second more."""

LENGTH = 500
"""The pad is deleted and created again after this many revisions, so that it does not grow."""

MARK = 4
"""How many characters a canary writes; they are taken from the random name of its origin."""

AUTHOR = "a.canary"


def canary_pad(keyspace: Keyspace, partition: int) -> str:
    """Returns the canary's pad in this partition, which is the same for every worker. A client
    cannot name it, because ``$`` is for group pads, which need a group."""
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
    """The canaries: one for each server that holds partitions in the current topology."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        rooms: Rooms,
        inbox: InboxWriter,
        keeper: Keeper | None = None,
    ) -> None:
        """Takes what canaries need to commit; `keeper` restarts their tasks if they fail."""
        self._redis = redis
        self._keyspace = keyspace
        self._rooms = rooms
        self._inbox = inbox
        self._keeper = keeper or Loose()
        self._cages: dict[int, _Cage] = {}  # by the first partition of the server

    async def run(self) -> None:
        """Sends canaries to all servers, for as long as the worker lives."""
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
        """Returns which canaries have not come back, and where they were last seen, or None if all
        is well."""
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
        """Returns the partitions of each server, keyed by the first of them."""
        partitions = range(self._keyspace.partitions)
        if not self._redis.is_cluster:
            return {0: list(partitions)}
        found: dict[str, list[int]] = {}
        for partition in partitions:
            try:
                node = self._redis.node_for(self._keyspace.inbox(partition)).name
            except UNREACHABLE:
                continue  # it has no owner right now; its canary, if there is one, keeps waiting
            found.setdefault(node, []).append(partition)
        return {its_own[0]: its_own for its_own in found.values()}

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
                        break  # what is known of the pad may be out of date: its keys may be gone
            finally:
                self._rooms.leave(room)

    @staticmethod
    def _was_lost(cage: _Cage) -> None:
        metrics.CANARIES_LOST.inc()
        cage.flights.was_lost(cage.stage, monotonic())

    async def _once(self, cage: _Cage, room: Room) -> bool:
        """Sends one revision, and returns whether it came back in time."""
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
    """Returns the changeset that a canary of this origin makes to its pad. It is pure.

    Another worker's canary may be based on the same revision at the same moment. It has the same
    author, and if both sent the same changeset, the second would be taken for a repetition, which
    does not become a revision. So the text depends on the origin.
    """
    return make_splice(text, 0, 0, origin.session[:MARK], [("author", AUTHOR)], pool)


async def _until(moment: float) -> None:
    await rest(max(0.0, moment - monotonic()))
