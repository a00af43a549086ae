"""Tests `commit_replicas`: a commit is not announced before enough replicas have it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from padfleet.services.writer.storing.replicas import Replicas
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.confirming import Unconfirmed
from padfleet.shared.log.keys import Keyspace
from tests.chaos.server import HOST, Server
from tests.eventually import eventually, eventually_sync
from tests.processes import free_ports

PARTITIONS = 16


class Pair(NamedTuple):
    primary: Server
    replica: Server


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    first, second = free_ports(2)
    primary = Server(tmp_path / "primary", first, ["repl-diskless-sync-delay 0"])
    replica = Server(tmp_path / "replica", second, [f"replicaof {HOST} {first}"])
    try:
        primary.start()
        replica.start()
        eventually_sync(lambda: replica.follows(primary), "the replica follows")
        yield Pair(primary, replica)
    finally:
        replica.stop()
        primary.stop()


@pytest.fixture
async def redis(pair: Pair) -> AsyncIterator[Redis]:
    opened = open_redis(pair.primary.url)
    yield opened
    await opened.close()


@pytest.fixture
async def replicas(redis: Redis) -> AsyncIterator[Replicas]:
    made = Replicas(redis, Keyspace(PARTITIONS), 1)
    yield made
    await made.close()


async def committed(redis: Redis) -> list[Lease]:
    """Takes a lease on each partition under which something has been committed."""
    keyspace = Keyspace(PARTITIONS)
    for partition in range(PARTITIONS):
        await redis.client.hset(keyspace.state(partition), "position", "5-0")
    taken = [await leases.acquire(redis, keyspace, p, "me", 60_000) for p in range(PARTITIONS)]
    return [lease for lease in taken if lease is not None]


async def waits(redis: Redis) -> int:
    """Returns the number of WAIT commands that the server has carried out."""
    stats = await redis.client.info("commandstats")
    return int(stats.get("cmdstat_wait", {}).get("calls", 0))


async def test_commits_of_many_partitions_share_their_waits(
    redis: Redis, replicas: Replicas
) -> None:
    """With one WAIT for each partition, one after another, all partitions of a node would wait for
    the sum of their round trips to the replica."""
    held = await committed(redis)
    assert len(held) == PARTITIONS
    await asyncio.gather(*(replicas.have(lease, lease.position) for lease in held))
    assert await waits(redis) < PARTITIONS / 2


async def test_a_missing_commit_does_not_affect_the_others(
    redis: Redis, replicas: Replicas
) -> None:
    held = await committed(redis)
    lost = held[3]._replace(term=held[3].term + 1)
    asked = [lease if lease.partition != lost.partition else lost for lease in held]
    answers = await asyncio.gather(
        *(replicas.have(lease, lease.position) for lease in asked), return_exceptions=True
    )
    assert [type(answer) for answer in answers].count(type(None)) == PARTITIONS - 1
    assert isinstance(answers[lost.partition], Unconfirmed)


async def test_without_a_replica_it_waits_until_there_is_one(
    redis: Redis, replicas: Replicas, pair: Pair
) -> None:
    (lease, *_) = await committed(redis)
    pair.replica.stop()
    asked = asyncio.create_task(replicas.have(lease, lease.position))
    before = await waits(redis)
    await eventually(lambda: _more_than(redis, before + 1), "it has waited in vain twice")
    assert not asked.done()
    pair.replica.launch()
    await asyncio.wait_for(asked, 30)


async def _more_than(redis: Redis, count: int) -> bool:
    return await waits(redis) > count
