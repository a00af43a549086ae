"""Tests a fail-over that has taken revisions back, where the writer finds out before the worker
does (I5)."""

from __future__ import annotations

import pytest

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.requests.commits import drop_if_not_accepted
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.outcomes import REJECTED, Outcome
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.records import Origin
from tests.eventually import eventually
from tests.integration.archive.made_pad import written

PAD = "pad"


async def stored(redis: Redis, keyspace: Keyspace, revisions: int) -> dict[bytes | str, bytes]:
    """Stores the pad and nothing else. Returns a dump of every key."""
    await redis.client.flushdb()
    staging = await Staging.begin(redis, keyspace, PAD, head=revisions - 1)
    await staging.add(written(revisions))
    await staging.install(above_epoch=0, creator="a.x", read_only_id=None, replace=False)
    # The same pad each time, and not another of its name.
    await redis.client.hset(keyspace.pad(PAD).meta, "epoch", 7)
    found = {}
    for key in await redis.client.keys("*"):
        found[key] = await redis.client.dump(key) or b""
    return found


async def fails_over(redis: Redis, replica: dict[bytes | str, bytes]) -> None:
    await redis.client.flushdb()
    for key, value in replica.items():
        await redis.client.restore(key, 0, value)


def page(room: Room, author: str, rev: int) -> Session:
    identity = SessionIdentity(author, PAD, PAD, "r.0", read_only=False, embedded=False)
    session = Session(identity, Outbound(), batching=False)
    session.joins(room.epoch, DeliveryCursor(rev, rev))
    room.enter(session)
    return session


@pytest.mark.parametrize("reason", [REJECTED, "badChangeset"])
async def test_I5_a_client_that_the_writer_refuses_is_counted_as_rolled_back(
    rooms: Rooms, redis: Redis, keyspace: Keyspace, reason: str
) -> None:
    """Operators have to hear about every history that was rolled back, including the ones that no
    worker has compared. The room closes with the last session, so a worker may compare too late.

    If the server was emptied, its reign is the same, and the writer only sees that the base is
    beyond the head of what the cold store had."""
    replica = await stored(redis, keyspace, 4)
    await stored(redis, keyspace, 6)
    room = await rooms.enter(PAD)
    typing, looking = page(room, "a.0", 5), page(room, "a.1", 5)
    slow = page(room, "a.2", 2)  # it is being brought up to date from what is stored
    before = metrics.ROLLBACKS._value.get()

    await fails_over(redis, replica)
    lost = Outcome(Origin(typing.id, 1), "refused", 3, reason, "base revision 5 was lost")
    drop_if_not_accepted(room, typing, lost, 5)
    assert typing.id in room.sessions, "what is held is compared first"
    # Its page hangs up when it is told to leave, and so does everybody's.
    await eventually(lambda: typing.id not in room.sessions, "it is told to leave")
    rooms.leave(room)

    assert metrics.ROLLBACKS._value.get() == before + 1
    assert looking.id not in room.sessions, "it had seen what is gone, too"
    assert slow.id not in room.sessions or slow.exit.closed, "it does not wait for what is gone"


@pytest.mark.parametrize("reason", [REJECTED, "badChangeset"])
async def test_who_claims_a_revision_that_never_was_makes_no_loss_of_it(
    rooms: Rooms, redis: Redis, keyspace: Keyspace, reason: str
) -> None:
    await stored(redis, keyspace, 6)
    room = await rooms.enter(PAD)
    lying, other = page(room, "a.0", 5), page(room, "a.1", 5)
    before = metrics.ROLLBACKS._value.get()
    lost = Outcome(Origin(lying.id, 1), "refused", 5, reason, "revision 9 was lost")
    drop_if_not_accepted(room, lying, lost, 9)
    assert (lying.id in room.sessions) == (reason == REJECTED), "only a loss is looked into"
    broken = page(room, "a.2", 5)
    drop_if_not_accepted(
        room, broken, Outcome(Origin(broken.id, 1), "refused", -1, "badChangeset", "no number"), 5
    )
    assert broken.id not in room.sessions, "nor is this a loss: it was not held against the pad"
    await eventually(lambda: lying.id not in room.sessions, "it is told to leave")
    assert metrics.ROLLBACKS._value.get() == before
    assert other.id in room.sessions
    assert not other.exit.closed
    rooms.leave(room)


async def test_a_pad_that_was_removed_with_all_its_keys_is_not_called_rolled_back(
    rooms: Rooms, redis: Redis, keyspace: Keyspace, caplog: pytest.LogCaptureFixture
) -> None:
    """A pad that nobody has written in leaves nothing, not even its epoch. Workers that still held
    it logged that revisions 0 to -1 were lost."""
    await stored(redis, keyspace, 2)
    room = await rooms.enter(PAD)
    await room.resync.done()
    before = metrics.ROLLBACKS._value.get()
    await redis.client.flushdb()
    room._audience.deleted(8, "deleted")  # as the channel has it
    await room.resync.done()
    assert (room.epoch, room.feed.head) == (0, -1)
    assert metrics.ROLLBACKS._value.get() == before
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    rooms.leave(room)
