"""A copy takes the newest revisions from the writer that made them, and reads only others."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest

from padfleet.services.writer.cold.leaving import PadLeaving
from padfleet.services.writer.pads.cache import PadCache
from padfleet.services.writer.storing.committer import Committer
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.services.writer.storing.replicas import Replicas
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.history import read_records, read_revisions
from padfleet.shared.log.records import Origin
from tests.integration.archive.made_pad import written
from tests.integration.cold.scene import Scene

HISTORY = written(20)


class Writer:
    """A writer of one partition, without its inbox."""

    def __init__(self, scene: Scene, lease: Lease) -> None:
        self.scene = scene
        self.lease = lease
        redis, keyspace = scene.redis, scene.keyspace
        self.cache = PadCache(redis, keyspace, 10)
        compaction = Compaction(redis, keyspace, snapshot_every=1000, keep_revisions=1000)
        locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.leaving = PadLeaving(redis, keyspace, self.cache, compaction, locks.__getitem__)
        self._committer = Committer(redis, keyspace, Replicas(redis, keyspace, 0), 60_000)

    async def write(self, count: int) -> None:
        """Commits so many revisions of one letter each."""
        pad = await self.cache.get("pad")
        batch = PadBatch(self.scene.keyspace.pad("pad"), pad, pad.head, pad.chain)
        for _ in range(count):
            pool = AttributePool()
            change = make_splice(pad.body.to_atext().text, 0, 0, "x", [("author", "a.x")], pool)
            origin = Origin("typist", pad.head + 1)
            submission = Submission(
                "pad", origin, 1, pad.epoch, "a.x", pad.head, change, pool.to_jsonable()
            )
            batch.revisions += pad.submit(submission, pad.time + 100).revisions
        assert len(batch.revisions) == count
        number = int(self.lease.position.partition("-")[0]) + 1
        self.lease = await self._committer.commit(self.lease, f"{number}-0", {"pad": batch})

    async def look(self) -> None:
        await self.scene.look("pad", self.lease, leaving=self.leaving)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Which revisions were read from Redis."""
    found: list[tuple[int, int]] = []

    async def noted(redis: Any, keys: Any, first: int, last: int) -> list[bytes]:
        found.append((first, last))
        return await read_records(redis, keys, first, last)

    monkeypatch.setattr("padfleet.shared.cold.appends.read_records", noted)
    return found


async def stored(scene: Scene) -> list[bytes]:
    """Returns the records in the cold store."""
    there = await scene.pads.look("pad")
    assert there is not None
    parts = scene.pads.revisions("pad", there.epoch, 0, there.head)
    return [record async for part in parts for record in part.records]


async def in_redis(scene: Scene) -> list[bytes]:
    keys = scene.keyspace.pad("pad")
    found = await read_revisions(scene.redis, keys, 0, 10_000)
    return [revision.to_record() for revision in found]


@pytest.fixture
async def writer(redis: Redis, keyspace: Keyspace) -> Writer:
    scene = Scene(redis, keyspace)
    scene.go(600_000)
    await scene.make("pad", HISTORY)
    return Writer(scene, await scene.lease("pad"))


async def test_I1_what_the_writer_has_made_is_not_read(
    writer: Writer, read: list[tuple[int, int]]
) -> None:
    await writer.write(1)
    await writer.look()
    assert read == [(0, 20)], "there has been no copy that it could follow"
    read.clear()
    for count in (3, 1, 30):
        await writer.write(count)
        await writer.look()
        assert await stored(writer.scene) == await in_redis(writer.scene)
    assert read == []


async def test_I1_what_another_writer_has_made_is_read(
    writer: Writer, read: list[tuple[int, int]]
) -> None:
    await writer.write(1)
    await writer.look()
    await writer.write(2)
    other = Writer(writer.scene, writer.lease)
    await other.write(2)
    read.clear()
    await writer.look()  # it has not noticed yet that it has lost the partition
    assert read == [(21, 24)]
    assert await stored(writer.scene) == await in_redis(writer.scene)
    await other.write(2)
    await other.look()
    await other.write(2)
    read.clear()
    await other.look()
    assert read == []
    assert await stored(writer.scene) == await in_redis(writer.scene)


async def test_I1_what_was_made_and_not_committed_is_not_copied(
    writer: Writer, read: list[tuple[int, int]]
) -> None:
    await writer.write(1)
    await writer.look()
    await writer.write(2)
    read.clear()
    pad = await writer.cache.get("pad")
    pool = AttributePool()
    change = make_splice(pad.body.to_atext().text, 0, 0, "y", [("author", "a.x")], pool)
    submission = Submission(
        "pad", Origin("typist", 99), 1, pad.epoch, "a.x", pad.head, change, pool.to_jsonable()
    )
    assert pad.submit(submission, pad.time).revisions
    await writer.look()
    assert read == []
    assert await stored(writer.scene) == await in_redis(writer.scene)
    assert len(await stored(writer.scene)) == pad.head


async def test_I6_a_writer_without_a_cold_store_keeps_nothing(writer: Writer) -> None:
    await writer.write(3)
    assert (await writer.cache.get("pad")).uncopied is None
