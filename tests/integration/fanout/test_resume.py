"""Coming back while the pad changes under it (I5)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import pytest

from services.fanout.auth.access import Access
from services.fanout.exit import Exit
from services.fanout.hooks import Hooks
from services.fanout.join import Doorway
from services.fanout.pacing import Rules
from services.fanout.room import Room
from services.fanout.rooms import Rooms
from services.fanout.session import Identity, Session
from services.fanout.stays import Stay
from shared.log import presence
from shared.log.authors import Author
from shared.log.connect import Redis
from shared.log.history import read_meta
from shared.log.inbox import InboxWriter
from shared.log.keys import Keyspace
from shared.settings import FanoutSettings
from tests.fleet import Fleet
from tests.integration.writer.traffic import create

PAD = "p"
ME = Author("a.me", None, 1)


@pytest.fixture
def writer(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(redis_url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as fleet:
        yield fleet.start(writers=1, workers=0)


@pytest.fixture
async def doorway(
    writer: Fleet, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> AsyncIterator[Doorway]:
    rooms = Rooms(redis, keyspace, Rules(), worker_id="w", ring=100, stall_timeout=60)
    await create(inbox, redis, keyspace, PAD)
    access = cast(Access, None)  # who has come as far as this has been let in
    yield Doorway(redis, keyspace, rooms, inbox, FanoutSettings(), "w", access, Hooks(redis))
    await rooms.close()


def page() -> Session:
    identity = Identity(ME.id, PAD, PAD, "r.0", read_only=False, embedded=False)
    return Session(identity, Exit(), batching=False)


async def test_I5_a_pad_that_is_made_anew_while_a_page_comes_back_to_the_old_one(
    doorway: Doorway, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between being registered and being let in: what it was compared with is gone."""
    room = await doorway.rooms.enter(PAD)

    async def anew(_self: Doorway, room: Room, _session: Session) -> None:
        meta, document = await read_meta(redis, room.keys), await room.held.document()
        room.deleted(meta.epoch + 1)
        room.held.begin(meta._replace(epoch=meta.epoch + 1), document)

    monkeypatch.setattr(Doorway, "_fence", anew)
    session = page()
    with pytest.raises(TimeoutError, match="its history just now"):
        await doorway._resume(room, session, ME, 0, None)
    assert session.id not in room.sessions
    doorway.rooms.leave(room)


async def test_I5_what_a_page_has_on_record_goes_before_what_its_author_has(
    doorway: Doorway, redis: Redis
) -> None:
    """Another tab has spoken for the author since a fail-over that lost revisions."""
    room = await doorway.rooms.enter(PAD)
    member = page().member(ME, "w")
    lost = f"lost:-1 {room.reign}:3"
    await redis.client.hset(room.keys.meta, mapping={"reigns": lost, "head": 9})
    await presence.join(redis, room.keys, member)
    by_author = await presence.join(redis, room.keys, member, resumes=True)
    assert (by_author.shared_up_to, by_author.is_news) == (None, False)
    old = Stay(PAD, 0, "lost")
    admission = await presence.join(
        redis, room.keys, member, resumes=True, stay=(old.epoch, old.reign)
    )
    assert (admission.seen_epoch, admission.shared_up_to) == (0, 3)
    gone = await presence.join(redis, room.keys, member, resumes=True, stay=(0, "forgotten"))
    assert gone.shared_up_to == -1, "nothing is known of it any more"
    doorway.rooms.leave(room)
