"""Leases: one owner at a time, a term that grows, and nobody waits longer than the lease."""

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.keys import WRITERS, Keyspace
from padfleet.shared.log.people import presence
from tests.eventually import eventually
from tests.integration.log.test_commit_script import PAD, commit, stored


async def test_I2_only_one_writer_holds_a_lease_and_its_term_grows(
    redis: Redis, keyspace: Keyspace
) -> None:
    first = await leases.acquire(redis, keyspace, 0, "w1", 60_000)
    assert first is not None
    assert first.position == "0-0"
    assert await leases.acquire(redis, keyspace, 0, "w2", 60_000) is None
    await leases.release(redis, keyspace, first, "w1")
    second = await leases.acquire(redis, keyspace, 0, "w2", 60_000)
    assert second is not None
    assert second.term == first.term + 1


async def test_I2_a_lease_passes_on_when_its_owner_falls_silent(
    redis: Redis, keyspace: Keyspace
) -> None:
    first = await leases.acquire(redis, keyspace, 0, "w1", 50)
    assert first is not None
    second = await eventually(lambda: leases.acquire(redis, keyspace, 0, "w2", 60_000))
    assert second is not None
    assert await leases.renew(redis, keyspace, [first], 50) == {0: False}
    await leases.release(redis, keyspace, first, "w1")  # must not take it from the new owner
    assert await leases.renew(redis, keyspace, [second], 60_000) == {0: True}


async def test_I2_a_lease_stays_while_it_is_renewed(redis: Redis, keyspace: Keyspace) -> None:
    lease = await leases.acquire(redis, keyspace, 0, "w1", 50)
    assert lease is not None
    assert await leases.renew(redis, keyspace, [lease], 60_000) == {0: True}
    assert await leases.acquire(redis, keyspace, 0, "w2", 60_000) is None


async def test_I2_a_lease_of_a_server_that_is_gone_is_not_kept(
    redis: Redis, keyspace: Keyspace
) -> None:
    """An idle partition's writer held its lease, and its pads in memory, from before a restart of
    the server, until somebody's edit had to wait while it found out."""
    lease = await leases.acquire(redis, keyspace, 0, "w1", 60_000)
    assert lease is not None
    before = lease._replace(reign="0123456789ab0123456789ab")
    assert await leases.renew(redis, keyspace, [before], 60_000) == {0: False}
    came_back = lease._replace(reign=f"{lease.reign}.2")
    await redis.client.hset(keyspace.state(0), "reign", came_back.reign)
    assert await leases.renew(redis, keyspace, [came_back], 60_000) == {0: True}


async def test_I5_a_lease_of_a_reign_that_is_over_is_not_kept(
    redis: Redis, keyspace: Keyspace
) -> None:
    """A slot was on its way to another server, where a script began a reign, and was turned back.
    The writer of the idle partition kept its lease of the reign before."""
    lease = await leases.acquire(redis, keyspace, 0, "w1", 60_000)
    assert lease is not None
    await redis.client.hset(keyspace.state(0), "reign", "0123456789ab0123456789ab")
    assert await leases.renew(redis, keyspace, [lease], 60_000) == {0: False}
    again = await leases.acquire(redis, keyspace, 0, "w1", 60_000)
    assert again is not None
    assert again.reign not in (lease.reign, "0123456789ab0123456789ab")
    assert await leases.renew(redis, keyspace, [again], 60_000) == {0: True}


async def test_I2_no_term_from_before_the_server_was_emptied_is_given_again(
    redis: Redis, keyspace: Keyspace
) -> None:
    """The owner of a partition's first lease continued with it beside the owner of the first lease
    after the deletion. Neither the server nor the reign had changed, and terms began with 1."""
    partition = keyspace.partition_of(PAD)
    before = await leases.acquire(redis, keyspace, partition, "w1", 60_000)
    assert before is not None
    await redis.client.flushall()

    async def later() -> bool:
        seconds, microseconds = await redis.client.time()
        return seconds * 1000 + microseconds // 1000 >= before.term

    await eventually(later, "no server is emptied in the millisecond in which it gives a lease")
    newcomer = Redis(redis.client)  # remembers nothing of what was there
    after = await leases.acquire(newcomer, keyspace, partition, "w2", 60_000)
    assert after is not None
    assert after.reign == before.reign, "by that nobody tells them apart"
    assert after.term > before.term
    assert await leases.renew(redis, keyspace, [before], 60_000) == {partition: False}
    refused = await commit(redis, keyspace, before, head=-1, count=1, to="5-0")
    assert refused == [b"term", str(after.term).encode()]
    assert await stored(redis, keyspace) == ([], -1, None)
    assert await leases.renew(redis, keyspace, [after], 60_000) == {partition: True}
    assert await commit(redis, keyspace, after, head=-1, count=1, to="5-0") == [b"ok"]


async def test_I5_a_writer_new_to_a_partition_of_an_emptied_server_uses_no_name_again(
    redis: Redis, keyspace: Keyspace
) -> None:
    """Workers took every answer for out of date for twenty seconds, and said that they were ready:
    after a second wipe a writer was first that had heard of none of the partition's reigns."""
    before = await leases.acquire(redis, keyspace, 0, "w1", 60_000)
    assert before is not None
    await redis.client.flushall()
    newcomer = Redis(redis.client)  # its process has had all of its share, but not this partition
    after = await leases.acquire(newcomer, keyspace, 0, "w2", 60_000, has_been=True)
    assert after is not None
    assert after.reign != before.reign
    assert await leases.renew(newcomer, keyspace, [after], 60_000) == {0: True}


async def test_it_does_not_run_for_longer_than_it_is_long(redis: Redis, keyspace: Keyspace) -> None:
    """The clock of the server that took over was 45 s behind: a dead writer's partition waited for
    46 s."""
    lease = await leases.acquire(redis, keyspace, 0, "dead", 1_000)
    assert lease is not None
    assert await leases.acquire(redis, keyspace, 0, "w2", 100) is None, "as long as its owner said"
    now = (await redis.client.time())[0] * 1000
    await redis.client.hset(keyspace.state(0), "until", str(now + 46_000))
    assert await leases.acquire(redis, keyspace, 0, "w2", 60_000) is not None


async def test_a_living_owner_keeps_what_a_clock_ahead_has_given(
    redis: Redis, keyspace: Keyspace
) -> None:
    lease = await leases.acquire(redis, keyspace, 0, "w1", 60_000)
    assert lease is not None
    now = (await redis.client.time())[0] * 1000
    await redis.client.hset(keyspace.state(0), "until", str(now + 106_000))
    assert await leases.renew(redis, keyspace, [lease], 60_000) == {0: True}
    assert await leases.acquire(redis, keyspace, 0, "w2", 60_000) is None


async def test_I2_many_leases_are_renewed_in_one_call_even_if_some_are_lost(
    redis: Redis, keyspace: Keyspace
) -> None:
    held = []
    for partition in range(4):
        lease = await leases.acquire(redis, keyspace, partition, "w1", 60_000)
        assert lease is not None
        held.append(lease)
    await leases.release(redis, keyspace, held[1], "w1")
    assert await leases.acquire(redis, keyspace, 1, "w2", 60_000) is not None
    await redis.client.set(keyspace.state(2), "no hash")
    found = await leases.renew(redis, keyspace, held, 90_000)
    assert (found[0], found[1], found[3]) == (True, False, True)
    assert "WRONGTYPE" in str(found[2])
    now = (await redis.client.time())[0] * 1000
    for partition in (0, 3):
        until = await redis.client.hget(keyspace.state(partition), "until")
        assert int(until or 0) > now + 70_000
    owner = await redis.client.hget(keyspace.state(1), "owner")
    assert owner == b"w2"


async def test_beats_of_a_clock_ahead_keep_nobody_alive(redis: Redis) -> None:
    """Partitions of a writer that had died would have been nobody's for as long."""
    timeout = 150
    await presence.beat(redis, WRITERS, "dead", timeout)
    await presence.beat(redis, WRITERS, "lives", timeout)
    now = (await redis.client.time())[0] * 1000
    await redis.client.zadd(WRITERS, {"dead": now + 45_000, "lives": now + 45_000})
    liveness = await presence.beat(redis, WRITERS, "lives", timeout)
    assert liveness.alive == {"dead", "lives"}, "nobody is counted out who only has had no turn yet"
    assert liveness.silence_ms >= 0

    async def alone() -> bool:
        return (await presence.beat(redis, WRITERS, "lives", timeout)).alive == {"lives"}

    await eventually(alone, timeout=5)


def test_partitions_are_shared_out_and_move_little() -> None:
    writers = ["w1", "w2", "w3"]
    shares = {writer: leases.share(128, writers, writer) for writer in writers}
    assert frozenset().union(*shares.values()) == set(range(128))
    assert sum(map(len, shares.values())) == 128
    assert min(map(len, shares.values())) >= 20
    without = {writer: leases.share(128, ["w1", "w2"], writer) for writer in ("w1", "w2")}
    for writer in ("w1", "w2"):
        assert shares[writer] <= without[writer], "a writer lost partitions when another went"
