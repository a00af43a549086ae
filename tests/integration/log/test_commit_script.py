"""Tests commit.lua: revisions and inbox position move together, or not at all (I1, I2)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from padfleet.shared.log.channel_messages import committed_header
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.history import read_revisions
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.records import Revision
from tests.neighbours import neighbour_of

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
    trim: str = "",
) -> Any:
    """Commits as a writer does that believes in this lease and in this head of the pad."""
    keys = keyspace.pad(PAD)
    records = [Revision(head + 1 + i, "a.x", 1, None, b"", b"{}").to_record() for i in range(count)]
    args: list[scripts.Argument] = [lease.term, lease.position, to, 10_000, lease.reign]
    args += [
        trim,
        "tell",
        keys.channel,
        head,
        chain,
        committed_header(0, lease.reign, head + 1, []),
    ]
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


async def test_settled_entries_leave_the_inbox_with_a_commit_that_says_so(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    inbox = keyspace.inbox(lease.partition)
    for number in range(1, 301):
        await redis.client.xadd(inbox, {"e": b""}, id=f"{number}-0")
    assert await commit(redis, keyspace, lease, head=-1, count=1, to="290-0") == [b"ok"]
    assert await redis.client.xlen(inbox) == 300
    later = lease._replace(position="290-0")
    assert await commit(redis, keyspace, later, head=0, count=1, to="295-0", trim="trim") == [b"ok"]
    assert 5 <= await redis.client.xlen(inbox) <= 105


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


async def test_I1_a_meta_hash_that_lies_makes_no_second_revision_n(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    await commit(redis, keyspace, lease, head=-1, count=2, to="5-0")
    await redis.client.hset(keyspace.pad(PAD).meta, "head", "0")
    later = lease._replace(position="5-0")
    refused = await commit(redis, keyspace, later, head=0, count=1, to="6-0")
    assert refused[:2] == [b"damaged", b"1"]
    revisions, _, position = await stored(redis, keyspace)
    assert (revisions, position) == ([0, 1], b"5-0")


async def commit_both(redis: Redis, keyspace: Keyspace, lease: Lease, *, head: int, to: str) -> Any:
    """Commits a revision and an author's fence on a pad and on its neighbour, which comes first."""
    pads = [keyspace.pad(neighbour_of(keyspace, PAD)), keyspace.pad(PAD)]
    record = Revision(head + 1, "a.x", 1, None, b"", b"{}").to_record()
    keys = [keyspace.state(lease.partition), keyspace.inbox(lease.partition)]
    args: list[scripts.Argument] = [lease.term, lease.position, to, 10_000, lease.reign, "", "tell"]
    for pad in pads:
        keys += [pad.revs, pad.meta, pad.fences]
        args += [pad.channel, head, b"", committed_header(0, lease.reign, head + 1, [])]
        args += [1, record, 1, "head", head + 1, 1, "a.x", 1]
    return await scripts.COMMIT(redis.client, keys, args)


DAMAGES: dict[str, Callable[[Redis, PadKeys], Awaitable[Any]]] = {
    "the meta is gone": lambda redis, pad: redis.client.delete(pad.meta),
    "the meta is no hash": lambda redis, pad: redis.client.set(pad.meta, "x"),
    "the stream is ahead": lambda redis, pad: redis.client.xadd(pad.revs, {"r": b""}, id="9-1"),
    "the stream is behind": lambda redis, pad: redis.client.xdel(pad.revs, "0-1"),
    "the stream is gone": lambda redis, pad: redis.client.delete(pad.revs),
    "the stream is no stream": lambda redis, pad: redis.client.set(pad.revs, "x"),
    "the fences are no hash": lambda redis, pad: redis.client.set(pad.fences, "x"),
    "the stream has been ahead": lambda redis, pad: _was_ahead(redis, pad),
}


async def _was_ahead(redis: Redis, pad: PadKeys) -> None:
    await redis.client.xadd(pad.revs, {"r": b""}, id="9-1")
    await redis.client.xdel(pad.revs, "9-1")


@pytest.mark.parametrize("head", [-1, 0])
@pytest.mark.parametrize("what", DAMAGES)
async def test_I1_a_damaged_pad_is_named_and_its_neighbour_not_touched(
    what: str, head: int, redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    """Redis does not undo a script that fails half-way: the neighbour had the revision in its
    stream, and not in its meta."""
    if head == 0:
        lease = lease._replace(position="5-0")
        began = lease._replace(position="0-0")
        assert await commit_both(redis, keyspace, began, head=-1, to="5-0") == [b"ok"]
    elif what in ("the meta is gone", "the stream is behind", "the stream is gone"):
        pytest.skip("a pad that is yet to be made has none")
    pad = keyspace.pad(PAD)
    if what == "the fences are no hash":
        await redis.client.delete(pad.fences)
    await DAMAGES[what](redis, pad)
    before = await dumped(redis)
    refused = await commit_both(redis, keyspace, lease, head=head, to="6-0")
    kind = b"head" if what == "the meta is gone" else b"damaged"
    assert refused[:2] == [kind, b"2"]
    assert await dumped(redis) == before


async def dumped(redis: Redis) -> dict[bytes, Any]:
    """Returns everything that a reader can see, and the last ID of each stream."""
    found: dict[Any, Any] = {}
    keys: list[Any] = await redis.client.keys("*")
    for key in keys:
        match await redis.client.type(key):
            case b"stream":
                last = (await redis.client.xinfo_stream(key))["last-generated-id"]
                found[key] = (last, await redis.client.xrange(key))
            case b"hash":
                found[key] = await redis.client.hgetall(key)
                if key.endswith(b":meta"):
                    found[key].pop(b"reigns", None)
                found[key].pop(b"until", None)
            case _:
                found[key] = await redis.client.get(key)
    return found


async def test_answers_are_given_for_a_pad_of_which_nothing_can_be_read(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    keys = keyspace.pad(PAD)
    for key in (keys.revs, keys.meta, keys.fences):
        await redis.client.set(key, "x")
    args: list[scripts.Argument] = [
        lease.term,
        lease.position,
        "5-0",
        10_000,
        lease.reign,
        "",
        "tell",
    ]
    args += [keys.channel, "", b"", committed_header(0, lease.reign, 0, []), 0, 0, 0]
    state, inbox = keyspace.state(lease.partition), keyspace.inbox(lease.partition)
    all_keys = [state, inbox, keys.revs, keys.meta, keys.fences]
    assert await scripts.COMMIT(redis.client, all_keys, args) == [b"ok"]
    assert await redis.client.hget(state, "position") == b"5-0"


async def test_I1_a_writer_with_another_history_of_the_same_length_cannot_fork_the_pad(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    """This happens after a fail-over or a deletion. The head alone does not show that the histories
    differ."""
    await commit(redis, keyspace, lease, head=-1, count=2, to="5-0")
    await redis.client.hset(keyspace.pad(PAD).meta, "chain", b"other")
    later = lease._replace(position="5-0")
    refused = await commit(redis, keyspace, later, head=1, count=1, to="6-0", chain=b"mine")
    assert refused == [b"head", b"1", b"1"]
    agreed = await commit(redis, keyspace, later, head=1, count=1, to="6-0", chain=b"other")
    assert agreed == [b"ok"]


async def test_I1_what_a_writer_knows_from_another_reign_is_discarded(
    redis: Redis, keyspace: Keyspace, lease: Lease
) -> None:
    before = lease._replace(reign="another server")
    refused = await commit(redis, keyspace, before, head=-1, count=1, to="5-0")
    assert refused == [b"reign", lease.reign.encode()]
    assert await stored(redis, keyspace) == ([], -1, None)
