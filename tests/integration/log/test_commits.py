"""Tests that what a writer stores counts only under its lease, and is stored once (I2)."""

from __future__ import annotations

import pytest

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.shared.log.births import new_birth
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.leases import Lease, acquire
from padfleet.shared.log.inboxes import commits
from padfleet.shared.log.inboxes.commits import CommitVerdict
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS
from padfleet.shared.log.pad.history import read_revisions, read_snapshot
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.pad.unwritten import Unwritten, due
from padfleet.shared.log.records import Revision, Snapshot
from tests.integration.archive.made_pad import written

PAD = "pad"
LEASE_MS = 60_000


@pytest.fixture
def keys(keyspace: Keyspace) -> PadKeys:
    return keyspace.pad(PAD)


@pytest.fixture
async def lease(redis: Redis, keyspace: Keyspace, keys: PadKeys) -> Lease:
    found = await acquire(redis, keyspace, keys.partition, "writer-1", LEASE_MS)
    assert found is not None
    return found


@pytest.fixture
async def history(redis: Redis, keyspace: Keyspace) -> list[Revision]:
    """Stores a pad that is one revision longer than a chunk, and returns its revisions. Installing
    the pad ends the current lease, so this fixture has to come before `lease`."""
    made = written(CHUNK_REVISIONS + 1)
    staging = await Staging.begin(redis, keyspace, PAD, head=len(made) - 1)
    await staging.add(made)
    await staging.install(above_epoch=0, creator="a.x", read_only_id=None, replace=False)
    return made


def made(keys: PadKeys) -> PadBatch:
    """Returns the batch that makes the pad when somebody opens it."""
    pad = WriterPad(new_birth())
    first = pad.create("text\n", "a.x", 1)
    return PadBatch(keys, pad, -1, revisions=[first], created=True, by_opening=True)


async def stored(
    redis: Redis, keyspace: Keyspace, lease: Lease, work: PadBatch, position: str = "5-1"
) -> CommitVerdict:
    """Settles an entry further on, too."""
    call = commits.commit_call(
        keyspace,
        lease,
        (position, "7-1"),
        [work.part(lease.reign)],
        [Unwritten(PAD, work.pad.epoch)],
        lease_ms=LEASE_MS,
        trim=True,
        hold=False,
    )
    return await commits.commit(redis, call)


async def test_I2_a_commit_is_stored_once(
    redis: Redis, keyspace: Keyspace, keys: PadKeys, lease: Lease
) -> None:
    work, inbox = made(keys), keyspace.inbox(keys.partition)
    for entry in ("5-1", "6-1", "7-1"):
        await redis.client.xadd(inbox, {"e": b""}, id=entry)
    assert await stored(redis, keyspace, lease, work) == (b"ok", [])
    meta = await read_meta(redis, keys)
    assert (meta.head, meta.position, meta.creator) == (0, "5-1", "a.x")
    assert not await redis.client.xrange(inbox, "7-1", "7-1")
    assert [one.pad for one in await due(redis, keyspace, keys.partition, 1e15)] == [PAD]
    assert await stored(redis, keyspace, lease, work) == (b"position", [b"5-1"])
    other = lease._replace(term=lease.term + 1, position="5-1")
    word, _ = await stored(redis, keyspace, other, work, "6-1")
    assert word not in (b"ok", b"position")
    assert await read_revisions(redis, keys, 0, 10) == work.revisions


async def test_I2_a_pad_is_deleted_under_the_lease_alone(
    redis: Redis, keys: PadKeys, history: list[Revision], lease: Lease
) -> None:
    epoch = (await read_meta(redis, keys)).epoch + 1
    other = lease._replace(term=lease.term + 1)
    word, _ = await commits.delete(redis, other, "5-1", keys, epoch)
    assert word != b"ok"
    assert (await read_meta(redis, keys)).exists
    assert await commits.delete(redis, lease, "5-1", keys, epoch) == (b"ok", [])
    meta = await read_meta(redis, keys)
    assert (meta.exists, meta.epoch, meta.position) == (False, epoch, "5-1")
    assert not await PadStore(redis, keys).has_history()


async def test_I2_a_snapshot_is_put_under_the_lease_alone_and_not_over_a_newer_one(
    redis: Redis, keyspace: Keyspace, keys: PadKeys, lease: Lease
) -> None:
    work = made(keys)
    await redis.client.xadd(keyspace.inbox(keys.partition), {"e": b""}, id="7-1")
    await stored(redis, keyspace, lease, work)
    snapshot: Snapshot = work.pad.to_snapshot()
    for wrong in (lease._replace(term=lease.term + 1), lease._replace(reign="another.1")):
        await commits.put_snapshot(redis, wrong, keys, snapshot)
        assert await read_snapshot(redis, keys) is None
    await commits.put_snapshot(redis, lease, keys, snapshot)
    assert await read_snapshot(redis, keys) == snapshot
    assert (await read_meta(redis, keys)).snap == 0


async def test_I2_a_chunk_is_packed_under_the_lease_alone(
    redis: Redis, keys: PadKeys, history: list[Revision], lease: Lease
) -> None:
    store, epoch = PadStore(redis, keys), (await read_meta(redis, keys)).epoch
    packed = history[:CHUNK_REVISIONS]
    await redis.client.hdel(keys.chunks, "0")
    for number, wrong in ((epoch + 1, lease), (epoch, lease._replace(term=lease.term + 1))):
        assert not await commits.pack_chunk(redis, wrong, keys, number, packed)
        assert await store.chunk(0) is None
    assert await commits.pack_chunk(redis, lease, keys, epoch, packed)
    assert (await read_meta(redis, keys)).first == CHUNK_REVISIONS
    found = await read_revisions(redis, keys, 0, CHUNK_REVISIONS)
    assert [revision.wire for revision in found] == [revision.wire for revision in history]
