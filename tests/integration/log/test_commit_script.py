"""commit.lua: revisions and inbox position move together, or not at all (I1, I2)."""

from typing import Any

import pytest
from redis.exceptions import ResponseError

from shared.log import leases, scripts
from shared.log.connect import Redis
from shared.log.history import read_meta, read_revisions
from shared.log.keys import Keyspace
from shared.log.leases import Lease
from shared.log.records import Revision, committed_header

PAD = "pad"


@pytest.fixture
async def lease(redis: Redis, keyspace: Keyspace) -> Lease:
    partition = keyspace.partition_of(PAD)
    taken = await leases.acquire(redis, keyspace, partition, "me", 10_000)
    assert taken is not None
    return taken


async def commit(
    redis: Redis,
    keyspace: Keyspace,
    lease: Lease,
    *,
    head: int,
    count: int,
    to: str,
    chain: bytes = b"",
) -> Any:
    """What a writer does that believes in this lease, and in this head of the pad."""
    keys = keyspace.pad(PAD)
    records = [Revision(head + 1 + i, "a.x", 1, None, b"", b"{}").to_record() for i in range(count)]
    args: list[scripts.Argument] = [lease.term, lease.position, to, 10_000, lease.reign, "tell"]
    args += [keys.channel, head, chain, committed_header(0, lease.reign, head + 1, [])]
    args += [count, *records, 1, "head", head + count, 0]
    return await scripts.COMMIT(
        redis.client,
        [
            keyspace.state(lease.partition),
            keyspace.inbox(lease.partition),
            keys.revs,
            keys.meta,
            keys.fences,
        ],
        args,
    )


async def stored(redis: Redis, keyspace: Keyspace) -> tuple[list[int], int, bytes | None]:
    keys = keyspace.pad(PAD)
    revisions = await read_revisions(redis, keys, 0, 1000)
    position = await redis.client.hget(keyspace.state(keys.partition), "position")
    return [r.rev for r in revisions], (await read_meta(redis, keys)).head, position  # type: ignore[return-value]


async def test_I2_revisions_and_position_move_together(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    assert await commit(redis, keyspace, lease, head=-1, count=2, to="5-0") == [b"ok"]
    assert await stored(redis, keyspace) == ([0, 1], 1, b"5-0")


async def test_I2_a_writer_without_the_lease_cannot_commit(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    """Two writers both believe that they own the partition: one commits, the other does not."""
    await leases.release(redis, keyspace, lease, "me")
    other = await leases.acquire(redis, keyspace, lease.partition, "other", 10_000)
    assert other is not None
    refused = await commit(redis, keyspace, lease, head=-1, count=1, to="5-0")
    assert refused == [b"term", str(other.term).encode()]
    assert await stored(redis, keyspace) == ([], -1, None)
    assert await commit(redis, keyspace, other, head=-1, count=1, to="5-0") == [b"ok"]


async def test_I2_the_same_entries_cannot_be_committed_twice(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    await commit(redis, keyspace, lease, head=-1, count=1, to="5-0")
    again = await commit(redis, keyspace, lease, head=0, count=1, to="5-0")
    assert again == [b"position", b"5-0"]
    assert await stored(redis, keyspace) == ([0], 0, b"5-0")


async def test_I1_a_writer_with_an_old_head_cannot_fork_the_pad(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    await commit(redis, keyspace, lease, head=-1, count=2, to="5-0")
    later = lease._replace(position="5-0")
    assert await commit(redis, keyspace, later, head=0, count=1, to="6-0") == [b"head", b"1", b"1"]
    assert await stored(redis, keyspace) == ([0, 1], 1, b"5-0")


async def test_I1_redis_itself_refuses_a_second_revision_n(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    """Even with a meta hash that lies, and whatever our script believes."""
    await commit(redis, keyspace, lease, head=-1, count=2, to="5-0")
    await redis.client.hset(keyspace.pad(PAD).meta, "head", "0")
    later = lease._replace(position="5-0")
    with pytest.raises(ResponseError, match="equal or smaller"):
        await commit(redis, keyspace, later, head=0, count=1, to="6-0")
    revisions, _, position = await stored(redis, keyspace)
    assert (revisions, position) == ([0, 1], b"5-0")


async def test_I1_a_writer_with_another_history_of_the_same_length_cannot_fork_the_pad(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    """As after a fail-over, or a deletion: the head alone says nothing."""
    await commit(redis, keyspace, lease, head=-1, count=2, to="5-0")
    await redis.client.hset(keyspace.pad(PAD).meta, "chain", b"other")
    later = lease._replace(position="5-0")
    refused = await commit(redis, keyspace, later, head=1, count=1, to="6-0", chain=b"mine")
    assert refused == [b"head", b"1", b"1"]
    agreed = await commit(redis, keyspace, later, head=1, count=1, to="6-0", chain=b"other")
    assert agreed == [b"ok"]


async def test_I1_what_a_writer_knows_from_another_reign_is_void(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    before = lease._replace(reign="another server")
    refused = await commit(redis, keyspace, before, head=-1, count=1, to="5-0")
    assert refused == [b"reign", lease.reign.encode()]
    assert await stored(redis, keyspace) == ([], -1, None)
