"""Tests floods of frames of any kind, before any login: they only cost their sender."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import psutil
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from tests.acceptance.test_limits import CLOSED_BY_POLICY, limited
from tests.eventually import eventually
from tests.fleet import Fleet, Member

GROWTH_MB = 24
"""How many MB a worker may grow by in a flood. The floods are far larger than this."""


def frame(opcode: int, payload: bytes = b"", *, final: bool = True) -> bytes:
    """Returns a short frame, with a mask of zeros."""
    return bytes((opcode | (0x80 if final else 0), 0x80 | len(payload))) + bytes(4) + payload


TEXT, CONTINUATION, CLOSE, PING, PONG = 1, 0, 8, 9, 10

FLOODS = {
    "empty pings": frame(PING),
    "empty pongs": frame(PONG),
    "long pings": frame(PING, b"x" * 125),
    "pongs of Engine.IO": frame(TEXT, b"3"),
    "acknowledgements": frame(TEXT, b"430[]"),
    "fragments": frame(TEXT, b"3", final=False) + frame(PONG) + frame(CONTINUATION),
    "empty fragments": frame(TEXT, b"", final=False)
    + frame(CONTINUATION, final=False) * 50
    + frame(CONTINUATION, b"3"),
}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    folder = tmp_path_factory.mktemp("floods")
    with (
        EmbeddedServer(folder / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, folder) as fleet,
    ):
        yield fleet.start(workers=1).workers[0]


@contextlib.asynccontextmanager
async def websocket(
    worker: Member, query: str = "", *, sock: socket.socket | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    where: dict[str, Any] = {"sock": sock} if sock else {"host": worker.host, "port": worker.port}
    reader, writer = await asyncio.open_connection(**where, limit=1 << 24)
    try:
        writer.write(
            b"GET /socket.io/?EIO=4&transport=websocket%b HTTP/1.1\r\nHost: x\r\n"
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % query.encode()
        )
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        yield reader, writer
    finally:
        writer.transport.abort()


async def opened(worker: Member) -> str:
    """Opens a session on polling, and returns its query."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{worker.url}/socket.io/?EIO=4&transport=polling") as answer,
    ):
        return f"&sid={json.loads((await answer.text())[1:])['sid']}"


def resident_mb(worker: Member) -> float:
    return float(psutil.Process(worker.process.pid).memory_info().rss) / 1e6


@pytest.mark.parametrize(
    ("flood", "probing"),
    [(kind, False) for kind in FLOODS]
    + [(kind, True) for kind in ("empty pings", "empty pongs", "long pings")],
)
async def test_frames_of_every_kind_are_counted(worker: Member, flood: str, probing: bool) -> None:
    """They are counted even on a second transport, which only probes whether it could be the
    first."""
    before = limited(worker, "messages")
    query = await opened(worker) if probing else ""
    async with (
        websocket(worker, query) as (reader, writer),
        connect(f"{worker.url}/p/floods") as bystander,
    ):
        if probing:
            writer.write(frame(TEXT, b"2probe"))
        one = FLOODS[flood]
        writer.write(one * 5000)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.readuntil(CLOSED_BY_POLICY), 30)
        await bystander.append("undisturbed\n")
    assert limited(worker, "messages") > before


async def test_I6_pings_whose_pongs_are_not_read_are_not_kept(worker: Member) -> None:
    """The pings come at the allowed pace, for as long as the worker goes on taking them; of their
    answers, at most the last one waits."""
    ping = frame(PING, b"x" * 125)
    async with contextlib.AsyncExitStack() as stack:
        flooders = []
        for _ in range(20):
            reader, writer = await stack.enter_async_context(websocket(worker))
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            flooders.append(writer)
        before = resident_mb(worker)
        for writer in flooders:
            writer.write(ping * 20_000)
        async with connect(f"{worker.url}/p/pings") as bystander:
            for number in range(20):
                await bystander.append(f"{number}\n")
                await bystander.flush()
        assert resident_mb(worker) - before < GROWTH_MB


async def test_bytes_that_come_one_by_one_are_counted(worker: Member) -> None:
    """A frame that never is whole: each of its bytes is read by itself, if the worker does."""
    before = limited(worker, "messages")
    async with websocket(worker) as (_, writer):
        writer.write(b"\x81\xff" + (900_000).to_bytes(8, "big") + bytes(4))

        async def more() -> bool:
            for _ in range(2000):
                writer.write(b"x")
                await asyncio.sleep(0)
            return limited(worker, "messages") > before

        await eventually(more, "it is read more slowly", timeout=60)


@pytest.mark.parametrize("count", [1001, 30_000])
async def test_too_many_packets_in_one_request_end_the_session(worker: Member, count: int) -> None:
    """It was told OK, and nothing of it was read."""
    query = await opened(worker)
    url = f"{worker.url}/socket.io/?EIO=4&transport=polling{query}"
    async with aiohttp.ClientSession() as http:
        async with http.post(url, data="\x1e".join(["3"] * count)) as answer:
            assert answer.status == 400
        async with http.get(url) as answer:
            assert answer.status == 400, "the session goes on"


@pytest.mark.parametrize("body", ["d=4" + "&a" * 400_000, "9", ""])
async def test_what_is_no_packet_ends_the_session_on_polling_too(worker: Member, body: str) -> None:
    """The session ends as it does on a WebSocket. The first body is JSONP's, a form of so many
    fields."""
    query = await opened(worker)
    url = f"{worker.url}/socket.io/?EIO=4&transport=polling{query}"
    async with aiohttp.ClientSession() as http, http.post(url, data=body) as answer:
        assert answer.status == (400 if body else 200)


@pytest.mark.parametrize("index", ["0", "x", ""])
async def test_JSONP_is_refused(worker: Member, index: str) -> None:
    """A script tag of any page would be answered."""
    url = f"{worker.url}/socket.io/?EIO=4&transport=polling&j={index}"
    before = worker.metric("padfleet_fanout_sockets")
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert answer.status == 400
        assert "sid" not in await answer.text()
    assert worker.metric("padfleet_fanout_sockets") <= before
