"""Tests the membership of a process in its fleet: what all processes agree on, and the process's
own name."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet import membership
from padfleet.shared.log.fleet.agreement import (
    FORMAT,
    NewerFormat,
    OtherColdStore,
    PartitionMismatch,
    agreed_cold,
)
from padfleet.shared.log.fleet.membership import Membership, NameTaken
from padfleet.shared.log.inboxes.reading import read_inboxes
from padfleet.shared.log.keys import CONFIG, Keyspace, claim_key
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet


def member(
    redis: Redis,
    name: str = "one",
    partitions: int = 4,
    kind: str = "worker",
    cold: str | None = None,
) -> Membership:
    setting = "PADFLEET_WORKER_ID"
    return Membership(redis, kind, name, partitions=partitions, setting=setting, cold=cold)


@pytest.fixture
async def elder(redis: Redis) -> Membership:
    one = member(redis, "elder")
    await one.enter()
    return one


@pytest.fixture
async def canary(redis: Redis, keyspace: Keyspace) -> AsyncIterator[None]:
    """Keeps a canary channel subscribed, as a worker does."""
    subscriber = Subscriber(redis, lambda *_: None, lambda _: None)
    await subscriber.subscribe(keyspace.pad("$canary0").channel)
    yield
    await subscriber.close()


async def config(redis: Redis) -> dict[bytes, bytes]:
    return cast("dict[bytes, bytes]", await redis.client.hgetall(CONFIG))


@pytest.mark.parametrize("left", [3_600_000, None])
async def test_a_name_lives_no_longer_than_it_may(redis: Redis, left: int | None) -> None:
    """It was taken by the clock of a server that was an hour ahead, or made to stay by hand."""
    key = claim_key("worker", "one")
    await redis.client.set(key, "who has died", px=left)
    newcomer = member(redis)
    assert await newcomer._claim(membership.CLAIM_MS) == -1
    assert 0 < await redis.client.pttl(key) <= membership.CLAIM_MS
    assert await newcomer._claim(membership.CLAIM_MS) > 0, "it may still live"


@pytest.mark.parametrize("lost", ["all", "config", "partitions"])
async def test_what_was_agreed_on_is_put_back(elder: Membership, redis: Redis, lost: str) -> None:
    before = await config(redis)
    assert (before[b"partitions"], int(before[b"format"])) == (b"4", FORMAT)
    match lost:
        case "all":
            await redis.client.flushall()
        case "config":
            await redis.client.delete(CONFIG)
        case _:
            await redis.client.hdel(CONFIG, "partitions")
    await elder.look()
    assert await config(redis) == before


async def test_a_fleet_that_began_in_the_place_of_a_running_one_ends(
    elder: Membership, redis: Redis
) -> None:
    """It was quicker than those who would have put back what was lost."""
    await redis.client.flushall()
    other = member(redis, "other", partitions=8)
    await other.enter()
    await elder.look()
    with pytest.raises(PartitionMismatch, match="PADFLEET_PARTITIONS=4"):
        await other.look()
    await elder.look()


@pytest.mark.usefixtures("canary")
async def test_a_process_with_other_partitions_does_not_start_beside_a_worker(
    elder: Membership, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fleet's agreed settings are lost in the moment when the process starts."""
    await redis.client.flushall()

    async def meanwhile(_seconds: float) -> None:
        await elder.look()

    monkeypatch.setattr("padfleet.shared.log.fleet.membership.asyncio.sleep", meanwhile)
    with pytest.raises(PartitionMismatch, match="PADFLEET_PARTITIONS=4"):
        await member(redis, "other", partitions=8).enter()


async def test_a_newer_format_ends_a_process(elder: Membership, redis: Redis) -> None:
    await redis.client.hset(CONFIG, "format", FORMAT + 1)
    with pytest.raises(NewerFormat, match=rf"format {FORMAT + 1}.*update padfleet"):
        await member(redis).enter()
    with pytest.raises(NewerFormat):
        await elder.look()
    assert int((await config(redis))[b"format"]) == FORMAT + 1, "it is not put back either"


async def test_a_fleet_of_an_earlier_release_gets_a_format(redis: Redis) -> None:
    await redis.client.hset(CONFIG, "partitions", "4")
    await member(redis).enter()
    assert int((await config(redis))[b"format"]) == FORMAT


async def test_I2_an_entry_of_a_newer_form_is_not_taken_for_damaged(
    redis: Redis, keyspace: Keyspace
) -> None:
    """Were it skipped, what somebody typed would be lost."""
    await redis.client.xadd(keyspace.inbox(0), {"e": b"\x92\xa1z\xa3pad"}, id="5-0")
    found = await read_inboxes(redis, keyspace, {0: "0-0"}, block_ms=10, count=10)
    assert [received.entry for received in found[0]] == [None]
    await redis.client.hset(CONFIG, "format", FORMAT + 1)
    with pytest.raises(NewerFormat):
        await read_inboxes(redis, keyspace, {0: "0-0"}, block_ms=10, count=10)


async def test_a_name_is_one_process_alone(
    elder: Membership, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "PATIENCE", 0.3)
    with pytest.raises(NameTaken, match=r"another worker runs as elder.*PADFLEET_WORKER_ID"):
        await member(redis, "elder").enter()
    await member(redis, "elder", kind="writer").enter()
    await elder.look()
    await elder.leave()
    other = member(redis, "elder")
    await other.enter()
    await redis.client.pexpire(claim_key("worker", "elder"), membership.CLAIM_MS // 2)
    await elder.look()
    await other.look()  # it is alive
    with pytest.raises(NameTaken, match="has started as elder"):
        await elder.look()


async def test_a_claim_that_a_fail_over_brings_back_is_waited_for(
    elder: Membership, redis: Redis
) -> None:
    """It is that of the process that had the name before, which has ended: nobody renews it. The
    present one went on, and its own claim was lost."""
    key = claim_key("worker", "elder")
    await redis.client.set(key, "the one before", px=membership.CLAIM_MS // 2)
    for _ in range(3):
        await elder.look()
    await redis.client.pexpire(key, 3_600_000)  # the server's clock jumps back
    for _ in range(3):
        await elder.look()
    assert await redis.client.get(key) == b"the one before"
    await redis.client.delete(key)  # as when it has run out
    await elder.look()
    assert await redis.client.get(key) == elder._incarnation.encode()


async def test_the_name_of_a_process_that_crashed_is_free_soon(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "CLAIM_MS", 200)
    await member(redis).enter()
    await member(redis).enter()


def test_processes_that_do_not_fit_say_so_and_end(redis_url: str, tmp_path: Path) -> None:
    names = {"PADFLEET_WORKER_ID": "w", "PADFLEET_WRITER_ID": "x", "PADFLEET_PARTITIONS": "4"}
    with Fleet(redis_url, tmp_path, names) as fleet:
        fleet.start(writers=1, workers=1)
        for kind in ("fanout", "writer"):
            twin = fleet._spawn(kind, [], fleet.workers[0].launcher, fleet.workers[0].host)
            assert twin.process.wait(timeout=60) == 2
            assert "runs as" in twin.log.read_text()
        (tmp_path / "other").mkdir()
        other = Fleet(redis_url, tmp_path / "other", {"PADFLEET_PARTITIONS": "8"})
        wrong = other._spawn("fanout", [], fleet.workers[0].launcher, fleet.workers[0].host)
        assert wrong.process.wait(timeout=60) == 2
        assert "PADFLEET_PARTITIONS=4" in wrong.log.read_text()
        assert all(process.ready() for process in (*fleet.workers, *fleet.writers))


async def test_a_running_fleet_keeps_what_it_agreed_on_and_ends_before_a_newer_format(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    with Fleet(redis_url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as fleet:
        fleet.start(writers=1, workers=1)
        await redis.client.delete(CONFIG)

        async def back() -> bool:
            return (await config(redis)).get(b"partitions") == b"4"

        await eventually(back, "it was put back")
        await redis.client.hset(CONFIG, "format", FORMAT + 1)
        for process in (*fleet.workers, *fleet.writers):
            ended = process.process
            eventually_sync(lambda: ended.poll() is not None, "it has ended", timeout=60)  # noqa: B023
            assert ended.returncode not in (0, -signal.SIGKILL)
            assert "update padfleet" in process.log.read_text()
        fleet.workers.clear()
        fleet.writers.clear()


async def test_all_processes_have_one_cold_store(redis: Redis) -> None:
    elder = member(redis, "elder", cold="file:///a")
    await elder.enter()
    for number, other in enumerate(("", "file:///b")):
        with pytest.raises(OtherColdStore, match="file:///a"):
            await member(redis, f"other-{number}", cold=other).enter()
    await member(redis, "same", cold="file:///a").enter()
    await member(redis, "does without", cold=None).enter()
    assert await agreed_cold(redis) == "file:///a"
    # All of it is lost: who is left knows.
    await redis.client.delete(CONFIG)
    await elder.look()
    assert await agreed_cold(redis) == "file:///a"
    # Taken away by hand, it stays away until a process starts: the store has moved.
    await redis.client.hdel(CONFIG, "cold")
    await elder.look()
    assert await agreed_cold(redis) == ""
    await member(redis, "newer", cold="file:///b").enter()
    await elder.look()
    assert await agreed_cold(redis) == "file:///b"


async def test_a_fleet_without_a_cold_store_gets_one_while_it_runs(redis: Redis) -> None:
    elder = member(redis, "elder", cold="")
    await elder.enter()
    await member(redis, "newer", cold="file:///a").enter()
    await elder.look()
    assert await agreed_cold(redis) == "file:///a"
