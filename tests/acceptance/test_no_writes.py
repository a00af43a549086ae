"""What people are told whose words Redis does not take."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import ConnectionLost, connect
from tests import node
from tests.acceptance.test_typescript_client import PAGE, run
from tests.fleet import Fleet


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path / "redis") as running:
        yield running


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_the_client_in_typescript_is_told_the_same(
    server: EmbeddedServer, tmp_path: Path, transport: str
) -> None:
    """A page said that the server cannot be reached."""
    node.require(PAGE)
    with (
        Fleet(server.url, tmp_path) as fleet,
        redis.Redis.from_url(server.url) as client,
    ):
        url = f"{fleet.start(writers=1, workers=1).urls[0]}/p/full"
        client.config_set("maxmemory", 1)
        said = await asyncio.to_thread(run, "test/refused.ts", url, transport)
        assert "Redis accepts no writes at present" in said


async def test_authors_are_told_that_redis_takes_nothing(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """It was said only that the connection was lost, which one would look for elsewhere."""
    settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_COMMIT_TIMEOUT_MS": "500"}
    with (
        Fleet(server.url, tmp_path, settings) as fleet,
        redis.Redis.from_url(server.url) as client,
    ):
        url = f"{fleet.start(writers=1, workers=1).urls[0]}/p/full"
        async with connect(url) as pad:
            await pad.append("before\n")
        client.config_set("maxmemory", 1)
        with pytest.raises(ConnectionLost, match="Redis accepts no writes at present"):
            async with asyncio.timeout(60), connect(url) as pad:
                await pad.append("after\n")
        client.config_set("maxmemory", 0)
        async with asyncio.timeout(60), connect(url) as pad:
            await pad.append("later\n")
            assert "before\n" in pad.text
