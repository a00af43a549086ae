"""Tests what a writer stores with a pad that leaves Redis, for those who will open it."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest

from padfleet.services.writer.cold.leaving import PadLeaving
from padfleet.services.writer.pads.cache import PadCache
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from tests.integration.archive.made_pad import written
from tests.integration.cold.scene import Scene

HISTORY = written(40)


@pytest.mark.parametrize("known", [True, False], ids=["in its memory", "not in its memory"])
async def test_who_opens_a_pad_that_was_frozen_goes_through_no_revision(
    redis: Redis, keyspace: Keyspace, known: bool
) -> None:
    scene = Scene(redis, keyspace)
    await scene.make("pad", HISTORY)
    before = (await scene.document("pad")).atext
    keys = keyspace.pad("pad")
    await redis.client.delete(keys.snap)  # as where the last one is long ago
    await redis.client.hdel(keys.meta, "snap")
    cache = PadCache(redis, keyspace, 10)
    if known:
        _ = await cache.get("pad")
    compaction = Compaction(redis, keyspace, snapshot_every=1000, keep_revisions=1000)
    locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
    leaving = PadLeaving(redis, keyspace, cache, compaction, locks.__getitem__)
    lease = await scene.lease("pad")
    await scene.look("pad", lease, leaving=leaving)
    await scene.look("pad", lease, leaving=leaving)
    found = await scene.pads.read("pad")
    assert found is not None
    assert found.head.mark == "frozen"
    assert found.snapshot is not None
    assert found.revisions.first == found.head.head == len(HISTORY) - 1
    assert cache.known("pad") is None, "it is read anew when it has come back"
    scene.go()
    assert (await scene.document("pad")).atext == before
