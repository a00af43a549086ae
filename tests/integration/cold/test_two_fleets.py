"""Tests two fleets whose settings name the same cold store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.cold import using
from padfleet.shared.cold.using import StoreUse
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.agreement import agree, agreed_since
from tests.cold_memory import MemoryPads
from tests.fleet import ROOT, fleet_of_its_own
from tests.integration.api.caller import KEY, Caller
from tests.processes import free_ports


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
        ended = subprocess.run(
            [sys.executable, "-m", "padfleet", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 2, ended.stderr
        assert "another fleet" in ended.stderr
        async with Caller(fleet.urls[0]) as api:
            await api.createPad(padID="still", text="here")
    # When the first has ended, the store may have another.
    with fleet_of_its_own(tmp_path / "third", settings, writers=1, workers=1) as fleet:
        assert "waiting whether the fleet is gone" not in fleet.writers[0].log.read_text()


async def test_it_is_told_while_both_use_it(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    cold = MemoryPads()
    await agree(redis, 4)
    ours = await agreed_since(redis)
    use = StoreUse(redis, cold, is_mine=lambda: True)
    before = using.OTHERS._value.get()
    await use.say()
    await use.say()
    found = await cold.used_by()
    assert found is not None
    assert (found.fleet, using.OTHERS._value.get()) == (ours, before)
    await cold.use("another")
    await use.say()
    assert using.OTHERS._value.get() == before + 1
    assert "another fleet uses the cold store" in caplog.text
    await use.leave()
    found = await cold.used_by()
    assert found is not None
    assert found.fleet == ""
