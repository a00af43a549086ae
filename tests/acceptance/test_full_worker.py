"""Tests that a worker that is full of sessions which were only opened lets people in all the
same."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import aiohttp
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from tests.eventually import eventually
from tests.fleet import Fleet, Member

POLLING = "/socket.io/?EIO=4&transport=polling"
SETTINGS = {"PADFLEET_MAX_SOCKETS": "8"}


@pytest.fixture
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    folder = tmp_path_factory.mktemp("full")
    with (
        EmbeddedServer(folder / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, folder, SETTINGS) as fleet,
    ):
        yield fleet.start(workers=1).workers[0]


async def test_sessions_that_are_only_opened_shut_nobody_out(worker: Member) -> None:
    """They fill it, on both transports. Who is on a pad stays."""
    async with contextlib.AsyncExitStack() as stack:
        there = await stack.enter_async_context(connect(f"{worker.url}/p/there"))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        url = f"{worker.url}/socket.io/?EIO=4&transport=websocket"
        for _ in range(3):
            socket = await stack.enter_async_context(http.ws_connect(url))
            await socket.receive_str()

        async def opened() -> bool:
            async with http.get(worker.url + POLLING) as answer:
                return answer.status == 200

        while await opened():
            pass

        await eventually(opened, "somebody has given a place up", timeout=20)
        await there.append("still here\n")
        await there.flush()
        assert there.resumes == 0
        assert worker.metric('padfleet_fanout_limited_total{limit="idle"}') > 0


async def test_one_client_that_takes_all_places_at_once_shuts_nobody_out(worker: Member) -> None:
    """A fast one needs less time for that than a page may take to ask for its pad."""
    async with contextlib.AsyncExitStack() as stack:
        there = await stack.enter_async_context(connect(f"{worker.url}/p/there"))
        mine = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
        one = await stack.enter_async_context(aiohttp.ClientSession(connector=mine))
        for _ in range(7):
            async with one.get(worker.url + POLLING) as answer:
                assert answer.status == 200
        async with one.get(worker.url + POLLING) as answer:
            assert answer.status == 503, "it would take its own places in turn"
        other = await stack.enter_async_context(connect(f"{worker.url}/p/other"))
        await other.append("let in\n")
        await there.append("still here\n")
        await there.flush()
        assert there.resumes == 0
