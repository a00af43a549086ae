"""Tests that a primary which was replaced and wakes up does no harm by answering from what it knew
(I5)."""

from __future__ import annotations

import asyncio

import pytest

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.connection.connect import Outdated, Redis
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people import presence
from tests.integration.archive.made_pad import written
from tests.integration.log.test_reigns import goes_and_comes_back, member

PAD = "pad"


@pytest.fixture
async def room(rooms: Rooms, redis: Redis, keyspace: Keyspace) -> Room:
    staging = await Staging.begin(redis, keyspace, PAD, head=5)
    await staging.add(written(6))
    await staging.install(above_epoch=0, creator="a.x", read_only_id=None, replace=False)
    return await rooms.enter(PAD)


def page(room: Room) -> Session:
    identity = SessionIdentity("a.me", PAD, PAD, "r.0", read_only=False, embedded=False)
    session = Session(identity, Outbound(), batching=False)
    session.joins(room.epoch, DeliveryCursor(5, 5))
    room.enter(session)
    return session


async def test_I5_nobody_is_told_to_reload_because_of_what_it_says(
    room: Room, rooms: Rooms, redis: Redis, keyspace: Keyspace
) -> None:
    keys = keyspace.pad(PAD)
    old, chain = room.reign, (await read_meta(redis, keys)).chain
    records = {old: await redis.client.hget(keys.meta, "reigns") or ""}
    await goes_and_comes_back(redis, keyspace)
    await room.resync.done()
    new = room.reign
    assert new != old
    records[new] = await redis.client.hget(keys.meta, "reigns") or ""
    session, before = page(room), metrics.ROLLBACKS._value.get()

    async def answers(reign: str, head: int, chain: bytes) -> None:
        pipeline = redis.client.pipeline(transaction=True)
        # A writer had it there before.
        _ = pipeline.hset(keys.state, mapping={"reign": reign, "term": 1})
        _ = pipeline.hset(
            keys.meta, mapping={"head": head, "chain": chain, "reigns": records[reign]}
        )
        await pipeline.execute()

    await answers(old, 2, b"as it was when it fell asleep")
    for answer in (
        read_meta(redis, keys),
        presence.join(redis, keys, member()),
        leases.acquire(redis, keyspace, keys.partition, "me", 10_000),
    ):
        with pytest.raises(Outdated, match="is over"):
            await answer
    await rooms.audit()
    repaired = asyncio.create_task(room.resync.done())
    await answers(new, 5, chain)
    await repaired
    assert metrics.ROLLBACKS._value.get() == before
    assert (session.id in room.sessions, session.exit.closed) == (True, False)
    assert room.feed.head == 5
