"""Addresses that are too long to be looked at, and requests that come together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from padfleet.shared.serving import MOST_PARAMETERS, MOST_PATH, MOST_QUERY, Runner, _bounded

LONG = 1_000_000


@pytest.fixture
async def base() -> AsyncIterator[str]:
    """A server whose calls may have long queries."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=str(len(request.query_string)))

    app = web.Application()
    app.router.add_get("/api/{call}", echo)
    app.router.add_get("/p/{pad}", echo)
    runner = Runner(
        app,
        access_log=None,
        max_line_size=2 * LONG,
        takes_long=lambda path: path.startswith("/api/"),
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/p/x?a=1", 200),
        (f"/p/{'x' * (MOST_PATH - 3)}", 200),
        (f"/p/{'x' * (MOST_PATH - 2)}", 414),
        ("/" * LONG, 414),
        (f"/p/{'/' * LONG}", 414),
        ("/a" * (LONG // 2), 414),
        (f"/p/{'%41' * MOST_PATH}", 414),
        (f"/p/x?{'a' * MOST_QUERY}", 200),
        (f"/p/x?{'a' * (MOST_QUERY + 1)}", 414),
        (f"/api/x?{'a' * LONG}", 200),
        (f"/api/x?{'a&' * (MOST_PARAMETERS - 1)}", 200),
        (f"/api/x?{'a&' * MOST_PARAMETERS}", 414),
        (f"/p/x?{'a=1&' * 4000}", 414),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_an_address_is_only_looked_at_if_it_is_not_too_long(
    base: str, path: str, status: int
) -> None:
    """A megabyte of slashes, by anybody, held a worker for minutes: aiohttp looks a path up once
    for each of them."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(URL(base + path, encoded=True)) as answer,
    ):
        assert answer.status == status
        assert ("X-Content-Type-Options" in answer.headers) == (status == 414)


async def test_requests_that_come_together_have_a_turn_each() -> None:
    """On Python 3.12 and later, a connection answered thousands of them without a pause."""
    order = list[str]()

    async def note(_request: web.BaseRequest) -> web.StreamResponse:
        order.append("answered")
        return web.Response()

    class Connection:
        def __init__(self, waiting: int) -> None:
            self._messages = [None] * waiting

    class Request:
        rel_url = URL("/p/x")

        def __init__(self, waiting: int) -> None:
            self.protocol = Connection(waiting)

    answer = _bounded(note, lambda _: False)
    asyncio.get_running_loop().call_soon(order.append, "a turn")
    await answer(cast(web.BaseRequest, Request(waiting=0)))
    await answer(cast(web.BaseRequest, Request(waiting=1)))
    assert order == ["answered", "a turn", "answered"]
