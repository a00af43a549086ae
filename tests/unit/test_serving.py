"""Addresses and headers that are too long to be looked at, requests that come together, and what is
kept of those that are refused."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from padfleet.shared.serving import (
    MOST_HEADERS,
    MOST_PARAMETERS,
    MOST_PATH,
    MOST_QUERY,
    Runner,
    ServerConnection,
    _bounded,
    add_safe_headers,
)
from tests.eventually import eventually

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


@pytest.mark.parametrize(("size", "status"), [(MOST_HEADERS // 2, 200), (MOST_HEADERS, 431)])
async def test_headers_are_only_looked_at_if_they_are_not_too_long(
    base: str, size: int, status: int
) -> None:
    """Each was short enough, and a hundred of them held a worker for 400 ms: one header is a list
    of addresses, another one of a WebSocket's extensions."""
    many = [("X-Forwarded-For", "127.0.0.1," * 800)] * (size // 8000)
    async with aiohttp.ClientSession() as http, http.get(f"{base}/p/x", headers=many) as answer:
        assert answer.status == status
        assert ("X-Content-Type-Options" in answer.headers) == (status == 431)


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
        raw_headers = ()

        def __init__(self, waiting: int) -> None:
            self.protocol = Connection(waiting)

    answer = _bounded(note, lambda _: False)
    asyncio.get_running_loop().call_soon(order.append, "a turn")
    await answer(cast(web.BaseRequest, Request(waiting=0)))
    await answer(cast(web.BaseRequest, Request(waiting=1)))
    assert order == ["answered", "a turn", "answered"]


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /gone HTTP/1.1", b"404 Not Found"),
        (b"GET /nowhere HTTP/1.1", b"404 Not Found"),
        (b"POST /gone HTTP/1.1", b"405 Method Not Allowed"),
        (b"N\0NSENSE / HTTP/1.1", b"400 Bad Request"),
    ],
)
async def test_nothing_is_kept_of_a_connection_whose_request_is_refused(
    request_line: bytes, status: bytes
) -> None:
    """The error and the frames that it had come through kept each other, and the request with its
    body, until the garbage collector ran: a flood of such requests made it pause for 50 ms."""
    connections = list[weakref.ref[ServerConnection]]()

    class Connection(ServerConnection):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            connections.append(weakref.ref(self))

    async def gone(_request: web.Request) -> web.Response:
        raise web.HTTPNotFound(text="not here\n", headers={"X-Why": "it left"})

    app = web.Application()
    app.router.add_get("/gone", gone)
    add_safe_headers(app)
    runner = Runner(app, handler=Connection, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gc.collect()
    gc.disable()
    try:
        answer = await _answer_to(runner.addresses[0][1], request_line)
        await eventually(lambda: connections[0]() is None, "the connection is freed")
    finally:
        gc.enable()
        await runner.cleanup()
    assert answer.partition(b" ")[2].startswith(status)
    assert b"X-Content-Type-Options: nosniff" in answer
    if b"/gone" in request_line and b"404" in status:
        assert b"X-Why: it left" in answer
        assert answer.endswith(b"\r\n\r\nnot here\n")
    if b"405" in status:
        assert b"Allow: GET" in answer


async def _answer_to(port: int, request_line: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    return answer
