"""Keeps the rooms of this worker, each open only while somebody is in it (I8)."""

import asyncio
import logging
from collections.abc import Iterator
from time import monotonic

from redis.exceptions import RedisError

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.hub.followed import Followed, FollowedPads
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.presence import introducer
from padfleet.services.fanout.presence.leave import LeaveQueue
from padfleet.shared.budget import Budget
from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.connection.connect import PATIENCE, UNREACHABLE, Redis
from padfleet.shared.log.connection.several import StoredHead, read_heads
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import announcements
from padfleet.shared.log.pad.pads import is_away
from padfleet.shared.supervision.keeper import Keeper, Loose
from padfleet.shared.supervision.progress import progress, tick
from padfleet.shared.task_faults import Boxed, TaskFault, forget
from padfleet.shared.tasks import all_of, awaited

log = logging.getLogger(__name__)

AUDIT_INTERVAL = 10.0
"""How many seconds pass between two comparisons of the feeds with what is stored."""

STALL_LOOKS = 6
"""How often sockets are checked within the stall timeout: with the default, every 10 s."""

OPEN_TIMEOUT = 5.0
"""How many seconds a pad may take to open; its client then tries again."""

OUTGOING_BYTES = 64 << 20
"""How many bytes of large pads are kept for people who join, unless configured otherwise."""

AUDIT_BATCH = 500
"""How many pads are asked about in one round trip."""


class Rooms:
    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        rules: PacingRules,
        *,
        worker_id: str,
        ring: int,
        stall_timeout: float,
        keeper: Keeper | None = None,
        outgoing: Budget | None = None,
        most_pointing: int = 0,
    ) -> None:
        """Takes what rooms need. `keeper` runs the tasks of the subscriptions; `outgoing` is the
        budget for pads that are kept for people who are slow to take them."""
        self._redis = redis
        self._keyspace = keyspace
        self._turns = FlushScheduler(rules)
        self._telling = FlushScheduler(introducer.RULES, counted=False)
        self._ring = ring
        self._most_pointing = most_pointing
        self.outgoing = outgoing or Budget(OUTGOING_BYTES)
        self._stall_timeout = stall_timeout
        self._rooms: dict[str, Room] = {}  # by channel
        self.leave_queue = LeaveQueue(redis, worker_id, self._is_here)
        self.subscriber = Subscriber(redis, self._deliver, self._resubscribed, keeper or Loose())
        self.followed = FollowedPads(self.subscriber, self._rooms.__contains__)

    def places(self) -> Iterator[tuple[Feed, list[Session]]]:
        """Yields each room's feed and sessions."""
        for room in self:
            yield room.feed, list(room.sessions.values())

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    async def enter(self, pad_id: str) -> Room:
        """Returns the pad's room, opened if need be. Each call needs a `leave`.

        Raises `CorruptPad`, or what `UNREACHABLE` lists.
        """
        room = self.begin_to_enter(pad_id)
        try:
            await self.opened(room)
        except BaseException:
            self.leave(room)
            raise
        return room

    @staticmethod
    async def opened(room: Room) -> None:
        """Returns when a room that somebody has begun to enter is open. Raises the same as
        `enter`."""
        assert room.opened is not None
        if room.opened.done():
            outcome = room.opened.result()  # raises CancelledError as awaiting it would
            if outcome is None:
                return
            raise outcome.again()
        # Shared by all who come meanwhile: if one of them goes away, that must not cancel it. It
        # has a limit, because a shard that is away must not keep out those who want other pads.
        async with asyncio.timeout(OPEN_TIMEOUT):
            outcome = await asyncio.shield(room.opened)
        if isinstance(outcome, TaskFault):
            raise outcome.again()

    def begin_to_enter(self, pad_id: str, *, may_fetch: bool = True) -> Room:
        """Opens the pad's room if need be, for somebody who will want it soon, and returns
        immediately. Each call needs a `leave`.

        Arguments:
            may_fetch: whether the pad may be fetched from the cold store for this; not as long as
                it is unknown who wants it.
        """
        keys = self._keyspace.pad(pad_id)
        room = self._rooms.get(keys.channel)
        if room is None:
            room = Room(
                self._redis,
                pad_id,
                keys,
                self._turns,
                self._telling,
                self.leave_queue,
                ring=self._ring,
                outgoing=self.outgoing,
                most_pointing=self._most_pointing,
            )
            self._rooms[keys.channel] = room
            # The error concerns only those who enter, who may be nobody.
            room.opened = awaited(Boxed(self._open(room)), "opening")
            metrics.PADS.set(len(self._rooms))
        if may_fetch:
            room.may_fetch.set()
        room.users += 1
        return room

    def leave(self, room: Room) -> None:
        room.users -= 1
        if room.users == 0 and self._rooms.get(room.keys.channel) is room:
            del self._rooms[room.keys.channel]
            if room.keys.channel not in self.followed:
                self.subscriber.unsubscribe(room.keys.channel)
            forget(room.opened)
            room.close()
            metrics.PADS.set(len(self._rooms))

    async def follow(self, pad_id: str) -> Followed | None:
        """Begins to follow a pad in the cold store that somebody reads there; see `FollowedPads`.

        Returns None if somebody else on this worker reads the pad, too, or wants it: then it is
        worth bringing into Redis, where all who read it share what is read of it. Raises what
        `UNREACHABLE` lists, which includes TimeoutError.
        """
        channel = self._keyspace.pad(pad_id).channel
        room = self._rooms.get(channel)
        if channel in self.followed or (room is not None and room.may_fetch.is_set()):
            return None
        return await self.followed.begin(channel)

    async def watch_over(self) -> None:
        """Compares all feeds with the stored heads from time to time, for as long as it runs."""
        while True:
            await tick(AUDIT_INTERVAL)
            try:
                await self.audit()
            except (*UNREACHABLE, RedisError) as error:
                log.warning("feeds not compared", extra={"error": str(error)})

    async def drop_stalled(self) -> None:
        """Closes sockets that take nothing any more, for as long as it runs."""
        while True:
            await tick(self._stall_timeout / STALL_LOOKS)
            now = monotonic()
            for room in self:
                progress()
                room.drop_stalled(now, self._stall_timeout)
                await asyncio.sleep(0)

    async def audit(self) -> None:
        """Repairs each feed that is behind. A gap is noticed when the next message comes; this is
        for a lost message after which nothing came."""
        rooms = [room for room in self if room.opened is not None and room.opened.done()]
        for start in range(0, len(rooms), AUDIT_BATCH):
            part = rooms[start : start + AUDIT_BATCH]
            before = [room.feed.head for room in part]
            progress()
            async with asyncio.timeout(PATIENCE):
                found = await read_heads(self._redis, [room.keys for room in part])
            for room, had, stored in zip(part, before, found, strict=True):
                self._compare(room, had, stored)

    def _compare(self, room: Room, had: int, stored: StoredHead | Exception) -> None:
        """Compares one feed with what is stored. A bad key of one pad must not keep the others from
        being checked."""
        try:
            if isinstance(stored, Exception):
                raise stored
            if room.replica.differs(*stored, had):
                room.resync.begin()
        except (*UNREACHABLE, RedisError, ValueError) as error:
            log.warning("feed not compared", extra={"pad": room.pad_id, "error": str(error)})

    async def close(self) -> None:
        await self.subscriber.close()
        for room in self._rooms.values():
            room.close()
        await self.leave_queue.close()

    def _is_here(self, channel: str, session: str) -> bool:
        room = self._rooms.get(channel)
        return room is not None and room.has(session)

    async def _open(self, room: Room) -> None:
        await all_of(self._wait_if_away(room), self.subscriber.subscribe(room.keys.channel))
        await room.open()

    async def _wait_if_away(self, room: Room) -> None:
        """Returns at once if the pad is in Redis or nowhere, and otherwise when it may be fetched.
        Raises the same as `enter`."""
        if not room.may_fetch.is_set() and await is_away(self._redis, room.keys):
            await room.may_fetch.wait()

    def _deliver(self, channel: str, data: bytes) -> None:
        self.followed.hear(channel, certain=True)
        room = self._rooms.get(channel)
        if room is None:
            return
        try:
            room.take(announcements.decode(data))
        except Exception:
            # One pad's trouble must not end the subscription of all the others.
            log.exception("channel message not handled", extra={"pad": room.pad_id})
            room.resync.begin()

    def _resubscribed(self, channel: str) -> None:
        self.followed.hear(channel, certain=False)
        if room := self._rooms.get(channel):
            room.resubscribed()
