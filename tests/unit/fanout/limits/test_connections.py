"""Tests a worker that has no room for more connections: who is served nevertheless, and what the
others are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from padfleet.services.fanout.limits.connections import SPARE, Connections
from padfleet.services.fanout.limits.descriptors import Descriptors
from padfleet.services.fanout.limits.open_connection import OpenConnection
from padfleet.services.fanout.transport.engine_server import EngineServer
from padfleet.services.fanout.transport.engine_socket import EngineSocket
from padfleet.shared.payers import Payer
from padfleet.shared.serving import Runner

DEADLINE = 30.0


@pytest.fixture
async def full() -> AsyncIterator[str]:
    """Starts a server that is busy with its only connection, and that has a socket `known`."""
    at_work, goes_on = asyncio.Event(), asyncio.Event()

    async def work(_request: web.Request) -> web.Response:
        at_work.set()
        await goes_on.wait()
        return web.Response()

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="served")

    engine = EngineServer()
    engine.sockets["known"] = EngineSocket(engine, "known", Payer("127.0.0.1"))
    connections = Connections(
        Descriptors(10_000),
        timeout=60,
        total=1,
        per_address=0,
        is_proxy=lambda _: False,
        served=engine,
        end_a_socket=lambda: False,
    )
    app = web.Application(middlewares=[connections.middleware])
    app.router.add_get("/work", work)
    app.router.add_get("/health/live", answer)
    app.router.add_get("/", answer)
    runner = Runner(app, handler=connections.connection, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as session:
        first = asyncio.ensure_future(session.get(f"{url}/work"))
        async with asyncio.timeout(DEADLINE):
            await at_work.wait()
        yield url
        goes_on.set()
        async with await first as done:
            assert done.status == 200, "the one that it was at work on is served to its end"
    await runner.cleanup()


async def test_a_client_without_a_session_is_asked_to_retry(full: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{full}/?sid=other") as answer:
        assert answer.status == 503
        assert "no room" in await answer.text()
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("path", ["/?sid=known", "/health/live"])
async def test_who_has_a_socket_and_who_asks_for_its_health_are_served(
    full: str, path: str
) -> None:
    async with aiohttp.ClientSession() as session, session.get(full + path) as answer:
        assert (answer.status, await answer.text()) == (200, "served")


class Peer(asyncio.Transport):
    """A transport from an address, over which nothing has come yet."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 4711, 0, 0)})
        self.ended = False

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.ended

    def close(self) -> None:
        self.ended = True

    abort = close


async def test_a_network_of_ipv6_has_the_connections_of_one_address() -> None:
    connections = Connections(
        Descriptors(10_000),
        timeout=60,
        total=0,
        per_address=1,
        is_proxy=lambda _: False,
        served=EngineServer(),
        end_a_socket=lambda: False,
    )

    async def nothing(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response()

    server = web.Server(nothing)
    came: list[OpenConnection] = []

    def come(address: str) -> Peer:
        peer = Peer(address)
        made = connections.connection(server, loop=asyncio.get_running_loop())
        made.connection_made(peer)
        came.append(made)
        return peer

    most = 2 + SPARE
    inside = [come(f"2001:db8:0:1::{number:x}") for number in range(1, most + 1)]
    outside = [come("2001:db8:0:2::1"), come("198.51.100.1")]
    assert not any(peer.ended for peer in (*inside, *outside))
    come("2001:db8:0:1:ffff::1")
    assert [peer.ended for peer in inside] == [True] + [False] * (most - 1)
    for _ in range(most):
        come("::ffff:198.51.100.1")
    assert [peer.ended for peer in outside] == [False, True]
    for one in came:
        one.connection_lost(None)
