"""Leases: one owner at a time, a term that grows, and nobody waits longer than the lease."""

from shared.log import leases
from shared.log.connect import Redis
from shared.log.keys import Keyspace
from tests.eventually import eventually


async def test_only_one_holds_it_and_the_term_grows(redis: Redis, keyspace: Keyspace) -> None:
    first = await leases.acquire(redis, keyspace, 0, "w1", 60_000)
    assert first is not None
    assert first.position == "0-0"
    assert await leases.acquire(redis, keyspace, 0, "w2", 60_000) is None
    await leases.release(redis, keyspace, first, "w1")
    second = await leases.acquire(redis, keyspace, 0, "w2", 60_000)
    assert second is not None
    assert second.term == first.term + 1


async def test_it_passes_on_when_its_owner_falls_silent(redis: Redis, keyspace: Keyspace) -> None:
    first = await leases.acquire(redis, keyspace, 0, "w1", 50)
    assert first is not None
    second = await eventually(lambda: leases.acquire(redis, keyspace, 0, "w2", 60_000))
    assert second is not None
    assert not await leases.renew(redis, keyspace, first, "w1", 50)
    await leases.release(redis, keyspace, first, "w1")  # must not take it from the new owner
    assert await leases.renew(redis, keyspace, second, "w2", 60_000)


async def test_it_stays_while_renewed(redis: Redis, keyspace: Keyspace) -> None:
    lease = await leases.acquire(redis, keyspace, 0, "w1", 50)
    assert lease is not None
    assert await leases.renew(redis, keyspace, lease, "w1", 60_000)
    assert await leases.acquire(redis, keyspace, 0, "w2", 60_000) is None


def test_partitions_are_shared_out_and_move_little() -> None:
    writers = ["w1", "w2", "w3"]
    shares = {writer: leases.share(128, writers, writer) for writer in writers}
    assert set.union(*shares.values()) == set(range(128))
    assert sum(map(len, shares.values())) == 128
    assert min(map(len, shares.values())) >= 20
    without = {writer: leases.share(128, ["w1", "w2"], writer) for writer in ("w1", "w2")}
    for writer in ("w1", "w2"):
        assert shares[writer] <= without[writer], "a writer lost partitions when another went"
