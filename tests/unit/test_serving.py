"""Addresses that are too long to be looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from padfleet.shared.serving import MOST_PARAMETERS, MOST_PATH, MOST_QUERY, Runner

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
