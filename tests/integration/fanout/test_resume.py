"""Tests sessions that come back while the pad changes (I5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.presence.resume_token import ResumeToken
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.resuming import Resuming
from padfleet.services.fanout.requests.turning_away import TurnedAway
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.channel_messages import Deleted
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.people import presence
from padfleet.shared.log.people.author_records import Author
from tests.eventually import eventually
from tests.integration.fanout.conftest import PAD, coming_back
from tests.integration.writer.traffic import create

ME = Author("a.me", None, 1)


def page() -> Session:
    identity = SessionIdentity(ME.id, PAD, PAD, "r.0", read_only=False, embedded=False)
    return Session(identity, Outbound(), batching=False)


async def test_I5_a_pad_that_is_made_anew_while_a_page_comes_back_to_the_old_one(
    join_handler: JoinHandler, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pad is made anew after the session was registered and before it is let in, so the history
    that it was compared with is gone."""
    room = await join_handler.rooms.enter(PAD)

    async def anew(*_fence: object) -> None:
        meta, document = await read_meta(redis, room.keys), await room.replica.document()
        room.take(Deleted(meta.epoch + 1))
        room.replica.begin(meta._replace(epoch=meta.epoch + 1), document)

    monkeypatch.setattr(Resuming, "_wait_for", anew)
    session = page()
    with pytest.raises(TimeoutError, match="its history just now"):
        await coming_back(join_handler, room, session, ME).resume(0, None)
    assert session.id not in room.sessions
    join_handler.rooms.leave(room)


async def test_a_page_that_comes_back_to_a_pad_while_it_is_deleted_is_told_so(
    join_handler: JoinHandler, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was only disconnected. A reader of a cold pad, which comes in as soon as the pad leaves
    the store, is often at this point when a pad is deleted through the API."""
    room = await join_handler.rooms.enter(PAD)

    async def deleted(*_fence: object) -> None:
        room.take(Deleted((await read_meta(redis, room.keys)).epoch + 1))

    monkeypatch.setattr(Resuming, "_wait_for", deleted)
    session = page()
    with pytest.raises(TurnedAway, match="deleted"):
        await coming_back(join_handler, room, session, ME).resume(0, None)
    assert session.id not in room.sessions
    join_handler.rooms.leave(room)


async def test_I5_what_a_page_has_on_record_goes_before_what_its_author_has(
    join_handler: JoinHandler, redis: Redis
) -> None:
    """Another tab has spoken for the author since a fail-over that lost revisions."""
    room = await join_handler.rooms.enter(PAD)
    member = page().member(ME, "w")
    lost = f"lost:-1 {room.reign}:3"
    await redis.client.hset(room.keys.meta, mapping={"reigns": lost, "head": 9})
    await presence.join(redis, room.keys, member)
    by_author = await presence.join(redis, room.keys, member, resumes=True)
    assert (by_author.shared_up_to, by_author.is_news) == (None, False)
    old = ResumeToken(ME.id, PAD, 0, "lost", "s")
    admission = await presence.join(
        redis, room.keys, member, resumes=True, stay=(old.epoch, old.reign)
    )
    assert (admission.seen_epoch, admission.shared_up_to) == (0, 3)
    gone = await presence.join(redis, room.keys, member, resumes=True, stay=(0, "forgotten"))
    assert gone.shared_up_to == -1, "nothing is known of it any more"
    join_handler.rooms.leave(room)


async def test_I7_a_session_is_named_before_it_can_submit(
    join_handler: JoinHandler, redis: Redis
) -> None:
    """A session that has missed nothing submits as soon as it is told so, and by then has to know
    its session id."""
    room = await join_handler.rooms.enter(PAD)
    await presence.join(redis, room.keys, page().member(ME, "w"))
    session = page()
    session.knows_sessions = True
    await coming_back(join_handler, room, session, ME).resume(room.feed.head, None)
    sent = b"".join(
        frame.websocket for frame in await session.exit.poll(5) if isinstance(frame, Frame)
    )
    assert 0 < sent.find(session.id.encode()) < sent.find(b"noChanges")
    room.remove(session)
    join_handler.rooms.leave(room)


async def emptied(redis: Redis, keys: PadKeys) -> None:
    await redis.client.flushall()


async def taken_away(redis: Redis, keys: PadKeys) -> None:
    await redis.client.delete(keys.meta, *keys.deletable)


@pytest.mark.parametrize("gone", [emptied, taken_away])
@pytest.mark.parametrize("brings", [True, False], ids=["brings its stay", "brings nothing"])
async def test_I5_another_pad_of_the_same_name_of_which_redis_knows_nothing(
    gone: Callable[[Redis, PadKeys], Awaitable[None]],
    brings: bool,
    join_handler: JoinHandler,
    redis: Redis,
    keyspace: Keyspace,
    inbox: InboxWriter,
) -> None:
    """The same server has the same revision numbers again; where not all was taken, under the same
    reign."""
    room = await join_handler.rooms.enter(PAD)
    born, stay = room.epoch, ResumeToken(ME.id, PAD, room.epoch, room.reign, "s")
    await presence.join(redis, room.keys, page().member(ME, "w"))
    join_handler.rooms.leave(room)

    await gone(redis, room.keys)
    await create(inbox, redis, keyspace, PAD)
    room = await join_handler.rooms.enter(PAD)
    assert room.feed.head == 0
    assert (room.reign == stay.reign) is (gone is taken_away)
    assert room.epoch > born
    with pytest.raises(TurnedAway, match="rejected"):
        await coming_back(join_handler, room, page(), ME).resume(0, stay if brings else None)
    join_handler.rooms.leave(room)


@pytest.mark.parametrize("gone", [emptied, taken_away])
async def test_I5_a_worker_that_holds_the_pad_that_is_gone(
    gone: Callable[[Redis, PadKeys], Awaitable[None]],
    join_handler: JoinHandler,
    redis: Redis,
    keyspace: Keyspace,
    inbox: InboxWriter,
) -> None:
    """Its sessions are told, whichever of them hears of it first: the channel, or a comparison."""
    room = await join_handler.rooms.enter(PAD)
    session = page()
    session.epoch, session.cursor = room.epoch, DeliveryCursor(0, 0)
    room.enter(session)
    born = room.epoch
    await gone(redis, room.keys)
    await create(inbox, redis, keyspace, PAD)
    await eventually(lambda: room.epoch > born and room.feed.head == 0, "the new pad is followed")
    assert session.id not in room.sessions
    join_handler.rooms.leave(room)


async def test_I5_a_pad_that_an_earlier_release_made_goes_on(
    join_handler: JoinHandler, redis: Redis
) -> None:
    """The pad's epoch is a count, as earlier releases assigned it. The pad keeps this epoch, and
    the people on it may come back."""
    keys = join_handler.keyspace.pad(PAD)
    await redis.client.hset(keys.meta, "epoch", 0)
    room = await join_handler.rooms.enter(PAD)
    assert room.epoch == 0
    old = ResumeToken(ME.id, PAD, 0, room.reign, "s")
    session = page()
    room.arrives(session)
    admission = await presence.join(
        redis, keys, session.member(ME, "w"), resumes=True, stay=(old.epoch, old.reign)
    )
    assert (admission.epoch, admission.seen_epoch, admission.shared_up_to) == (0, 0, None)
    join_handler.rooms.leave(room)
