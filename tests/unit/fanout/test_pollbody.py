"""Answers to polling, gzipped for who accepts it."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from engineio.async_drivers.aiohttp import make_response

from padfleet.services.fanout.transport.packets import Frame, Parcel
from padfleet.services.fanout.transport.pollbody import (
    GZIPPED_FROM,
    WHOLE,
    PollBody,
    accepts_gzip,
    poll_response,
)

SHORT = Frame(b"42" + b"x" * (GZIPPED_FROM - 3))
LONG = Frame(b"42" + b"over and over, " * 300)
LONGER = Parcel([b"42", b"not the same, " * 10_000])


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("x-gzip", True),
        ("*", True),
        ("deflate, *;q=0.1", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("gzip;q=x", False),
        ("identity", False),
        ("*;q=0", False),
    ],
)
def test_clients_that_accept_gzip(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


async def answered(
    frames: list[Frame | Parcel], accepts: str, *, compression: bool = True
) -> tuple[aiohttp.ClientResponse, bytes]:
    """Returns the response to a poll for which these frames wait, and its undecoded body."""
    respond = poll_response(make_response, lambda: compression)

    async def poll(request: web.Request) -> web.StreamResponse:
        headers = [("Content-Type", "text/plain; charset=UTF-8")]
        environ = {"aiohttp.request": request, "HTTP_ACCEPT_ENCODING": accepts}
        return await respond("200 OK", headers, PollBody.of(frames), environ)

    app: Any = web.Application()
    app.router.add_get("/", poll)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        response = await client.get("/")
        return response, await response.read()


@pytest.mark.parametrize("frames", [[LONG], [LONG, LONGER], [LONGER, SHORT, LONG]])
async def test_long_answers_are_gzipped(frames: list[Frame | Parcel]) -> None:
    response, body = await answered(frames, "gzip, br")
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    plain = b"\x1e".join(frame.payload for frame in frames)
    assert gzip.decompress(body) == plain
    assert len(body) * 5 < len(plain)


@pytest.mark.parametrize(
    ("frames", "accepts", "compression"),
    [
        ([SHORT], "gzip", True),
        ([LONG], "br", True),
        ([LONG, LONGER], "gzip;q=0", True),
        ([LONG, LONGER], "gzip", False),
    ],
)
async def test_others_are_as_they_are(
    frames: list[Frame | Parcel], accepts: str, compression: bool
) -> None:
    response, body = await answered(frames, accepts, compression=compression)
    assert "Content-Encoding" not in response.headers
    assert body == b"\x1e".join(frame.payload for frame in frames)
    assert int(response.headers["Content-Length"]) == len(body)


async def test_what_is_long_is_gzipped_off_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, given = asyncio.get_running_loop(), []
    run = loop.run_in_executor

    def noted(executor: Any, call: Any, *arguments: Any) -> Any:
        given.append(call.__name__)
        return run(executor, call, *arguments)

    monkeypatch.setattr(loop, "run_in_executor", noted)
    assert LONGER.size > WHOLE
    await answered([LONGER], "gzip")
    assert "compress" in given
    given.clear()
    await answered([LONG], "gzip")
    assert "compress" not in given
