"""Tests fetching small answers from few places, of which nothing is taken on trust."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler

from padfleet.services.fanout.auth.web import RECEIVE_BUFFER, Unavailable, fetch, open_http
from tests.service import Answer, Service


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_http(at_once=2) as opened:
        yield opened


def answering(*answers: Answer) -> Service:
    left = list(answers)
    return Service(lambda request: left.pop(0))


async def test_a_body_is_posted_and_none_is_asked_for(http: aiohttp.ClientSession) -> None:
    with answering((200, b"got"), (200, b"posted")) as service:
        assert await fetch(http, service.url, timeout=9, limit=6) == b"got"
        assert await fetch(http, service.url, timeout=9, limit=6, body=b"{}") == b"posted"
        assert [(one.method, one.body) for one in service.requests] == [
            ("GET", b""),
            ("POST", b"{}"),
        ]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((200, b"1234567"), "more than 6 bytes"),
        ((204, b""), "status 204"),
        ((302, b"x"), "status 302"),
        ((401, b"x"), "status 401"),
        ((500, b"x"), "status 500"),
    ],
)
async def test_what_does_not_count(http: aiohttp.ClientSession, answer: Answer, why: str) -> None:
    with answering(answer) as service:
        with pytest.raises(Unavailable, match=why):
            await fetch(http, service.url, timeout=9, limit=6)
        assert len(service.requests) == 1


async def test_a_connection_that_was_closed_meanwhile(http: aiohttp.ClientSession) -> None:
    """Servers close kept connections like this. The next request is answered."""
    with answering(None, (200, b"yes")) as service:
        assert await fetch(http, service.url, timeout=9, limit=6, body=b"{}") == b"yes"
    with (
        answering(None, None, (200, b"yes")) as service,
        pytest.raises(Unavailable, match="ServerDisconnectedError"),
    ):
        await fetch(http, service.url, timeout=9, limit=6, body=b"{}")


async def test_a_worker_that_stops_asks_no_more(http: aiohttp.ClientSession) -> None:
    """Questions that still waited when a worker stopped, or had to be asked once more, were logged
    as faults, with a traceback each."""
    with answering() as service:
        await http.close()
        with pytest.raises(Unavailable, match="not asked any more"):
            await fetch(http, service.url, timeout=60, limit=1000, body=b"{}")
        assert not service.requests


async def test_interim_answers_without_an_end_are_parsed_in_small_parts(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever arrives at once is parsed in one step of the event loop."""
    sizes = []
    take = ResponseHandler.data_received

    def counted(self: ResponseHandler, data: bytes) -> None:
        sizes.append(len(data))
        take(self, data)

    monkeypatch.setattr(ResponseHandler, "data_received", counted)

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            while sum(sizes) < 1_000_000:
                writer.write(b"HTTP/1.1 100 \r\n\r\n" * 5_000)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(flood, "127.0.0.1", 0) as server:
        url = "http://{}:{}/".format(*server.sockets[0].getsockname())
        with pytest.raises(Unavailable):
            await fetch(http, url, timeout=60, limit=6)
    assert sum(sizes) >= 1_000_000
    assert max(sizes) <= 4 * RECEIVE_BUFFER


async def test_nothing_is_unpacked(http: aiohttp.ClientSession) -> None:
    packed = gzip.compress(b"x" * 10_000)
    with answering((200, packed)) as service:
        assert await fetch(http, service.url, timeout=9, limit=1000) == packed
        assert service.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "breaks off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not HTTP"),
        (b"\x16\x03\x01 hunter2\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", "not HTTP, or too much"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "not HTTP, or too much"),
    ],
)
async def test_what_is_wrong_with_an_answer_is_said(
    http: aiohttp.ClientSession, sent: bytes, why: str
) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable, match=why) as caught:
            await fetch(http, f"http://127.0.0.1:{port}/", timeout=9, limit=1000)
    assert "hunter2" not in str(caught.value)


async def test_nobody_is_there_and_the_log_learns_no_secret(http: aiohttp.ClientSession) -> None:
    with Service() as service:
        url = service.url.replace("//", "//us:hunter2@") + "/x?key=hunter2"
    with pytest.raises(Unavailable) as caught:
        await fetch(http, url, timeout=9, limit=1000)
    assert "ClientConnectorError" in str(caught.value)
    assert "hunter2" not in str(caught.value)
