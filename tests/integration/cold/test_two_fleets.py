"""Tests two fleets whose settings name the same cold store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.cold import using
from padfleet.shared.cold.using import NOBODY, StoreUse, end_use
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.agreement import agree, agreed_since
from padfleet.shared.log.keys import CONFIG, WORKERS, WRITERS
from padfleet.shared.log.people import presence
from tests.cold_memory import MemoryPads
from tests.fleet import fleet_of_its_own
from tests.integration.api.caller import KEY, Caller
from tests.processes import free_ports
from tests.tools import ran


async def test_a_second_fleet_does_not_start_on_the_store_of_the_first(tmp_path: Path) -> None:
    url = f"file://{tmp_path / 'store'}"
    settings = {"PADFLEET_PARTITIONS": "2", "PADFLEET_API_KEY": KEY, "PADFLEET_COLD_URL": url}
    with (
        fleet_of_its_own(tmp_path / "first", settings, writers=1, workers=1) as fleet,
        EmbeddedServer(tmp_path / "second") as server,
    ):
        (port,) = free_ports(1)
        words = ["writer", "--redis-url", server.url, "--port", str(port)]
        words += ["--partitions", "2", "--cold-url", url]
        ended = await asyncio.to_thread(ran, *words)
        assert ended.code == 2, ended
        assert "another fleet" in ended.err
        async with Caller(fleet.urls[0]) as api:
            await api.createPad(padID="still", text="here")
    # When the first has ended, the store may have another.
    with fleet_of_its_own(tmp_path / "third", settings, writers=1, workers=1) as fleet:
        assert "waiting whether the fleet is gone" not in fleet.writers[0].log.read_text()


@pytest.fixture
async def cold(redis: Redis) -> MemoryPads:
    await agree(redis, 4)
    return MemoryPads()


async def user(cold: MemoryPads) -> str:
    found = await cold.used_by()
    assert found is not None
    return found.fleet


def times_told() -> float:
    return float(using.OTHERS._value.get())


async def test_it_is_told_while_both_use_it(
    redis: Redis, cold: MemoryPads, caplog: pytest.LogCaptureFixture
) -> None:
    ours = await agreed_since(redis)
    use = StoreUse(redis, cold, is_mine=lambda: True)
    before = times_told()
    await use.say()
    await use.say()
    assert (await user(cold), times_told()) == (ours, before)
    for number in (1, 2):
        await cold.use("another")
        await use.say()
        assert (await user(cold), times_told()) == (ours, before + number)
    assert "another fleet uses the cold store" in caplog.text


async def test_a_new_speaker_does_not_overwrite_another_fleets_record(
    redis: Redis, cold: MemoryPads
) -> None:
    """The writer that spoke for our fleet has died, and another fleet has come meanwhile."""
    use = StoreUse(redis, cold, is_mine=lambda: True)
    before = times_told()
    await cold.use("another")
    for _ in range(2):  # it may be left over
        await use.say()
        assert (await user(cold), times_told()) == ("another", before)
    await cold.use("another")  # it is not
    await use.say()
    assert (await user(cold), times_told()) == (await agreed_since(redis), before + 1)


async def test_what_a_fleet_has_left_that_is_gone_is_replaced(
    redis: Redis, cold: MemoryPads, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = StoreUse(redis, cold, is_mine=lambda: True)
    before = times_told()
    await cold.use("another")
    await use.say()
    monkeypatch.setattr(using, "WATCHED_S", 0.0)
    await use.say()
    assert (await user(cold), times_told()) == (await agreed_since(redis), before)


async def test_nothing_is_said_while_the_fleet_has_no_name(redis: Redis, cold: MemoryPads) -> None:
    use = StoreUse(redis, cold, is_mine=lambda: True)
    await use.say()
    ours = await user(cold)
    await redis.client.delete(CONFIG)
    await use.say()
    assert await user(cold) == ours


@pytest.mark.parametrize("key", [WORKERS, WRITERS])
async def test_the_store_is_free_when_the_last_process_of_a_fleet_has_ended(
    redis: Redis, cold: MemoryPads, key: str
) -> None:
    ours = await agreed_since(redis)
    await cold.use(ours)
    for process in ("one", "another"):
        await presence.beat(redis, key, process, 5000)
    await end_use(redis, cold, "one")
    assert await user(cold) == ours, "another process still uses it"
    await presence.retire(redis, key, "one")
    await end_use(redis, cold, "another")
    assert await user(cold) == NOBODY


async def test_a_process_that_ends_leaves_alone_what_another_fleet_has_said(
    redis: Redis, cold: MemoryPads
) -> None:
    await cold.use("another")
    await end_use(redis, cold, "one")
    assert await user(cold) == "another"
