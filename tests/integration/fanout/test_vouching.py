"""Tests that what a worker's sessions are sent under a new reign is recorded before it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.hub.client_vars import Greeting
from padfleet.services.fanout.hub.greetings import Greetings
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.pads import vouching
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log import reigns
from padfleet.shared.log.channel_messages import Committed
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people import presence
from padfleet.shared.log.people.author_records import Author
from tests.eventually import eventually
from tests.integration.archive.made_pad import written
from tests.integration.fanout.conftest import PAD, coming_back
from tests.integration.log.test_reigns import goes_and_comes_back

ME = Author("a.me", None, 1)
HISTORY = written(8)


@pytest.fixture
async def room(redis: Redis, keyspace: Keyspace) -> AsyncIterator[Room]:
    """Yields the room of a pad at revision 5, which has no writer."""
    rooms = Rooms(redis, keyspace, PacingRules(), worker_id="w", ring=1000, stall_timeout=60)
    staging = await Staging.begin(redis, keyspace, PAD, head=5)
    await staging.add(HISTORY[:6])
    await staging.install(above_epoch=0, creator="a.x", read_only_id=None, replace=False)
    yield await rooms.enter(PAD)
    await rooms.close()


def page(me: Author = ME) -> Session:
    identity = SessionIdentity(me.id, PAD, PAD, "r.0", read_only=False, embedded=False)
    return Session(identity, Outbound(), batching=False)


async def joined(room: Room, redis: Redis, me: Author = ME) -> Session:
    session = page(me)
    admission = await presence.join(redis, room.keys, session.member(me, "w"))
    # Without an order, the room would take its own arrival for that of a later session.
    session.order = admission.order
    session.joins(room.epoch, DeliveryCursor(5, 5))
    room.enter(session)
    return session


async def seen(redis: Redis, keys: PadKeys) -> str:
    found = await redis.client.hget(keys.seen, ME.id)
    assert isinstance(found, bytes)
    return found.decode()


async def sent(session: Session) -> bytes:
    frames = await session.exit.poll(5)
    return b"".join(frame.websocket for frame in frames if isinstance(frame, Frame))


class Slow:
    """Vouching that takes until it may. `failures` come before it succeeds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *failures: Exception | bool) -> None:
        self.may = asyncio.Event()
        self.asked = 0
        self._failures = list(failures)
        self._real = presence.vouch
        monkeypatch.setattr(vouching.presence, "vouch", self)  # type: ignore[attr-defined]

    async def __call__(
        self, redis: Redis, keys: PadKeys, authors: list[str], *, epoch: int, reign: str
    ) -> bool:
        self.asked += 1
        await self.may.wait()
        if self._failures:
            failure = self._failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        return await self._real(redis, keys, authors, epoch=epoch, reign=reign)


async def begins_anew(room: Room, redis: Redis, keyspace: Keyspace) -> str:
    """Has the partition come back and commits revision 6. Returns the partition's new reign."""
    await goes_and_comes_back(redis, keyspace)
    reign = (await read_meta(redis, room.keys)).reign
    assert reign != room.reign
    new = HISTORY[6]
    await redis.client.xadd(room.keys.revs, {"r": new.to_record()}, id=f"{new.rev}-1")
    await redis.client.hset(room.keys.meta, mapping={"head": new.rev, "chain": new.chain})
    room.take(Committed(room.epoch, reign, [new], []))
    return reign


@pytest.mark.parametrize("trouble", ["none", "Redis is away"])
async def test_I5_nobody_is_sent_what_he_would_be_told_to_reload_for(
    trouble: str,
    room: Room,
    redis: Redis,
    keyspace: Keyspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client that was cut off with revision 6, while the earlier reign was on record, was told to
    reload unless it brought what it had been sent. Only the revisions up to 5 are shared with that
    reign."""
    session = await joined(room, redis)
    slow = Slow(monkeypatch, *([RedisConnectionError("away")] if trouble != "none" else []))
    reign = await begins_anew(room, redis, keyspace)
    assert room.feed.head == 6
    await eventually(lambda: slow.asked, "it is being put on record")
    assert session.cursor.sent_rev == 5
    session.happened(SessionEvent.STUCK)
    session.happened(SessionEvent.MADE_ROOM)
    assert session.cursor.sent_rev == 5, "nor when its socket has taken what it had"
    slow.may.set()
    await eventually(lambda: session.cursor.sent_rev == 6, "it is sent")
    assert await seen(redis, room.keys) == f"{room.epoch} {reign}"
    told = await sent(session)
    assert 0 < told.find(reign.encode()) < told.find(b"NEW_CHANGES")


async def test_newcomers_are_sent_it_together_with_the_others(
    room: Room, redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await joined(room, redis)
    slow = Slow(monkeypatch)
    await begins_anew(room, redis, keyspace)
    late = await joined(room, redis, Author("a.late", None, 2))
    await eventually(lambda: slow.asked, "it is being put on record")
    slow.may.set()
    await eventually(lambda: [s.cursor.sent_rev for s in (session, late)] == [6, 6], "both have it")


async def test_what_cannot_be_put_on_record_holds_nobody_up_for_good(
    room: Room, redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await joined(room, redis)
    slow = Slow(monkeypatch, False)
    await begins_anew(room, redis, keyspace)
    slow.may.set()
    await eventually(lambda: session.exit.closed or session.cursor.sent_rev == 6, "it goes on")


async def test_I5_a_reign_under_which_nobody_wrote_is_on_record(
    room: Room, redis: Redis, keyspace: Keyspace
) -> None:
    """Sessions are told that they are under it. Unknown by the next one, they had to reload."""
    names = [room.reign]
    for _ in range(2):
        await goes_and_comes_back(redis, keyspace)
        await room.resync.done()
        names.append(room.reign)
    assert len(set(names)) == 3
    record = (await read_meta(redis, room.keys)).reigns
    assert [reigns.shared_up_to(record, name) for name in names] == [5, 5, None]


async def test_I5_who_arrives_while_the_reign_changes_is_on_record_under_the_new_one(
    join_handler: JoinHandler, redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made = Greetings.make, 0

    async def make(self: Greetings) -> Greeting | None:
        nonlocal made
        made += 1
        if made == 1:
            await goes_and_comes_back(redis, keyspace)
            await join_handler.rooms.begin_to_enter(PAD).resync.done()
        return await real(self)

    monkeypatch.setattr(Greetings, "make", make)
    message = {"padId": PAD, "token": "t.0123456789abcdef"}
    identity = await join_handler.identify(Handshake("", {}, ""), message)
    session, room = await join_handler.join(Outbound(), identity, message)
    found = await redis.client.hget(room.keys.seen, session.author)
    assert (found, made) == (f"{room.epoch} {room.reign}".encode(), 2)
    assert session.cursor.sent_rev == room.feed.head


async def test_I5_a_client_that_returns_under_a_new_reign_is_recorded_before_it_is_sent_more(
    join_handler: JoinHandler, redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await join_handler.rooms.enter(PAD)
    _ = await presence.join(redis, room.keys, page().member(ME, "w"))
    await goes_and_comes_back(redis, keyspace)
    await room.resync.done()
    slow, session = Slow(monkeypatch), page()
    coming = asyncio.create_task(
        coming_back(join_handler, room, session, ME).resume(room.feed.head, None)
    )
    await eventually(lambda: slow.asked, "it is being put on record")
    assert session.id not in room.sessions
    slow.may.set()
    await coming
    assert session.id in room.sessions
    assert await seen(redis, room.keys) == f"{room.epoch} {room.reign}"
