"""Tests the whole path of a revision over a Redis Cluster: each partition is in one slot of one
node."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.crc import key_slot

from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import SLOTS, Keyspace
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.integration.writer.traffic import Typist, all_settled_once, create

PARTITIONS = 9


@pytest.fixture
def keyspace() -> Keyspace:
    return Keyspace(PARTITIONS)


async def test_every_node_carries_its_share_and_feeds_follow_it(
    cluster: list[EmbeddedServer],
    cluster_url: str,
    redis: Redis,
    keyspace: Keyspace,
    tmp_path: Path,
) -> None:
    pads = [f"pad-{number}" for number in range(12)]
    inbox = InboxWriter(redis, keyspace, timeout=10)
    rooms = Rooms(redis, keyspace, PacingRules(), worker_id="w", ring=1000, stall_timeout=60)
    nodes = {key_slot(keyspace.pad(pad).revs.encode()) * len(cluster) // SLOTS for pad in pads}
    assert nodes == {0, 1, 2}, "these pads do not reach all nodes"
    with Fleet(cluster_url, tmp_path, {"PADFLEET_PARTITIONS": str(PARTITIONS)}) as fleet:
        fleet.start(writers=2, workers=0)
        for pad in pads:
            await create(inbox, redis, keyspace, pad)
        followed = [await rooms.enter(pad) for pad in pads]
        typists = [Typist(pad, f"{pad}.{i}") for pad in pads for i in range(2)]
        for _ in range(10):
            await asyncio.gather(*(typist.submit(inbox) for typist in typists))
        await all_settled_once(redis, keyspace, typists)
        await eventually(lambda: {room.feed.head for room in followed} == {20}, "feeds at the head")
        for room in followed:
            document = await room.replica.document()
            assert document.head == 20
            rooms.leave(room)
    await rooms.close()
    await inbox.close()
