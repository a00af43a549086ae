"""Tests reign.lua: every stay of a partition on a server is a reign of its own (I5)."""

from __future__ import annotations

from contextlib import suppress

import pytest

from padfleet.shared.log import reigns
from padfleet.shared.log.channel_messages import Member
from padfleet.shared.log.connection.connect import Outdated, Redis
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.people import presence
from tests.integration.log.test_commit_script import commit

PAD = "pad"
ELSEWHERE = "e" * 24
"""The name of a server that is not there."""


def member(session: str = "s.1") -> Member:
    return Member(session, "a.x", "w", None, 1, embedded=False, read_only=False)


async def taken(redis: Redis, keyspace: Keyspace) -> Lease:
    lease = await leases.acquire(redis, keyspace, keyspace.partition_of(PAD), "me", 10_000)
    assert lease is not None
    return lease


async def emptied(redis: Redis) -> None:
    """Deletes everything, and waits until the clock has advanced, since the simulated clock counts
    milliseconds."""
    await redis.client.flushall()
    began = await redis.client.time()
    while await redis.client.time() <= (began[0], began[1] + 1000):
        pass


async def goes_and_comes_back(redis: Redis, keyspace: Keyspace) -> None:
    """Leaves the partition as another server leaves it that has had it meanwhile, and has been
    asked for nothing but its state."""
    state = keyspace.state(keyspace.partition_of(PAD))
    count = int(await redis.client.hget(state, "reigns") or 0)
    await redis.client.hset(state, mapping={"reign": ELSEWHERE, "reigns": count + 1})


async def test_a_server_keeps_its_reign(redis: Redis, keyspace: Keyspace) -> None:
    lease = await taken(redis, keyspace)
    assert (await read_meta(redis, keyspace.pad(PAD))).reign == lease.reign
    assert (await taken(redis, keyspace)).reign == lease.reign


async def test_I5_an_emptied_server_gives_no_name_twice(redis: Redis, keyspace: Keyspace) -> None:
    """A process that has seen a name succeeded by another one takes it for the name of a replaced
    server, and believes nothing that is said under it. This happened when a slot came back, or a
    pad came back from the cold store, and then everything was deleted."""
    known = Redis(redis.client)
    keys = keyspace.pad(PAD)
    names = []
    for _ in range(4):
        for ask in (taken(known, keyspace), read_meta(known, keys)):
            names.append((await ask).reign)
        await goes_and_comes_back(redis, keyspace)
        names.append((await taken(known, keyspace)).reign)
        await emptied(redis)
        # A process that asks before the writer may have to ask again.
        with suppress(Outdated):
            await read_meta(known, keys)
    assert len({reigns.server_of(name) for name in names}) == 1
    assert len({*names}) == 8


async def test_a_partition_that_is_new_is_named_as_earlier_releases_name_it(
    redis: Redis, keyspace: Keyspace
) -> None:
    """They may come later: docs/operations.md promises a way back."""
    lease = await taken(Redis(redis.client), keyspace)
    assert reigns.server_of(lease.reign) == lease.reign


async def test_I5_a_partition_that_comes_back_begins_another_reign(
    redis: Redis, keyspace: Keyspace
) -> None:
    """The record A:-1 B:1 A:2 has one name for two stays. Those who were here before and those who
    are here now would be taken for the same."""
    keys = keyspace.pad(PAD)
    lease = await taken(redis, keyspace)
    assert await commit(redis, keyspace, lease, head=-1, count=2, to="5-0") == [b"ok"]
    first = await presence.join(redis, keys, member())

    await goes_and_comes_back(redis, keyspace)
    await redis.client.hset(keys.meta, "reigns", f"{lease.reign}:-1 {ELSEWHERE}:1")
    verdict, now = await commit(
        redis, keyspace, lease._replace(position="5-0"), head=1, count=1, to="6-0"
    )
    assert verdict == b"reign", "what the writer knows of the pad's reigns is out of date"
    lease = await taken(redis, keyspace)
    assert lease.reign == now.decode() != first.reign
    assert reigns.server_of(lease.reign) == reigns.server_of(first.reign)
    assert await commit(redis, keyspace, lease, head=1, count=1, to="6-0") == [b"ok"]

    meta = await read_meta(redis, keys)
    assert [reign.name for reign in meta.reigns] == [first.reign, ELSEWHERE, lease.reign]
    assert reigns.shared_up_to(meta.reigns, lease.reign) is None
    assert reigns.shared_up_to(meta.reigns, first.reign) == 1


async def test_each_return_has_a_name_of_its_own(redis: Redis, keyspace: Keyspace) -> None:
    names = [(await taken(redis, keyspace)).reign]
    for _ in range(40):
        await goes_and_comes_back(redis, keyspace)
        names.append((await taken(redis, keyspace)).reign)
    assert len(set(names)) == len(names)
    assert len({reigns.server_of(name) for name in names}) == 1


@pytest.mark.parametrize(
    "begin_with",
    ["{server}:-1 {elsewhere}:1 {server}:2", "{server}:-1 {elsewhere}:1"],
    ids=["came back", "comes back"],
)
async def test_I5_a_record_of_an_earlier_release_that_has_one_name_for_two_stays(
    begin_with: str, redis: Redis, keyspace: Keyspace
) -> None:
    """The first process that asks for the pad, whichever it is, gets a new reign."""
    keys = keyspace.pad(PAD)
    lease = await taken(redis, keyspace)
    assert await commit(redis, keyspace, lease, head=-1, count=4, to="5-0") == [b"ok"]
    record = begin_with.format(server=lease.reign, elsewhere=ELSEWHERE)

    async def as_it_was() -> None:
        await redis.client.hset(keys.meta, "reigns", record)
        names = ["reign", "reigns", "servers"]
        await redis.client.hdel(keyspace.state(keys.partition), *names)

    await as_it_was()
    meta = await read_meta(redis, keys)
    assert meta.reign != lease.reign
    assert reigns.shared_up_to(meta.reigns, meta.reign) is None
    assert reigns.shared_up_to(meta.reigns, lease.reign) == 1
    await as_it_was()
    joined = await presence.join(redis, keys, member())
    assert (joined.reign, joined.shared_up_to) == (meta.reign, None)
    await as_it_was()
    reply = await commit(redis, keyspace, lease._replace(position="5-0"), head=3, count=1, to="6-0")
    assert reply == [b"reign", meta.reign.encode()]
    lease = await taken(redis, keyspace)
    assert await commit(redis, keyspace, lease, head=3, count=1, to="6-0") == [b"ok"]


async def test_a_record_with_one_name_only_goes_on(redis: Redis, keyspace: Keyspace) -> None:
    """Nobody has to reload because padfleet was updated."""
    keys = keyspace.pad(PAD)
    name = reigns.server_of((await taken(redis, keyspace)).reign)  # as earlier releases gave it
    await redis.client.hset(keys.meta, "reigns", f"{ELSEWHERE}:-1 {name}:5")
    names = ["reign", "reigns", "servers"]
    await redis.client.hdel(keyspace.state(keys.partition), *names)
    assert (await read_meta(redis, keys)).reign == name
