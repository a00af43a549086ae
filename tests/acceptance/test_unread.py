"""Tests that a client that joins a large pad and reads nothing of it costs no more than its
position (I6)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import psutil
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from padfleet.shared.wire.jsontext import loads
from tests.acceptance.test_floods import TEXT, opened, websocket
from tests.eventually import eventually
from tests.fleet import Fleet, Member

SIZE_MB = 3
SOCKETS = 40
GROWTH_MB = 50
"""How many MB the worker may grow by. A copy for each client would be 120 MB and more. If the pad
is encoded in another thread than before, that thread's part of the allocator keeps 20 MB once."""

log = logging.getLogger(__name__)

SETTINGS = {"PADFLEET_OUTGOING_BYTES": "8000000"}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    folder = tmp_path_factory.mktemp("unread")
    with (
        EmbeddedServer(folder / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, folder, SETTINGS) as fleet,
    ):
        yield fleet.start(workers=1).workers[0]


def masked(text: str) -> bytes:
    data = text.encode()
    assert len(data) < 65536
    length = (
        bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    )
    return bytes((0x80 | TEXT,)) + length + bytes(4) + data


def unread(worker: Member) -> socket.socket:
    """Returns a connection with small buffers on this side, so that the worker notices soon."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect((worker.host, worker.port))
    return made


def ready(pad: str) -> str:
    said = {"component": "pad", "type": "CLIENT_READY", "padId": pad}
    return f"42{json.dumps(['message', {**said, 'token': f't.{secrets.token_hex(10)}'}])}"


async def large_pad(worker: Member, name: str) -> str:
    """Writes a large pad, and returns its text: lines that differ, so that a missing piece
    shows."""
    url = f"{worker.url}/p/{name}"
    lines = (f"{number} {'x' * 90}\n" for number in range(100_000))
    text = ""
    async with connect(url) as pad:
        while len(text) < SIZE_MB * 1_000_000:
            part = "".join(next(lines) for _ in range(5_000))
            await pad.append(part)
            await pad.flush()
            text += part
        return pad.text


def sessions(worker: Member) -> float:
    return worker.metric("padfleet_fanout_sessions")


async def gathered(worker: Member, come: Callable[[], Awaitable[None]]) -> None:
    """Waits until all clients are on the pad. If one was turned away, as may happen on a busy
    worker, another comes in its place, as a client comes again."""
    for _ in range(SOCKETS):
        await come()
    for attempt in range(6):
        with contextlib.suppress(AssertionError):
            await eventually(lambda: sessions(worker) == SOCKETS, timeout=10)
            return
        missing = SOCKETS - int(sessions(worker))
        log.warning("%d are missing at attempt %d", missing, attempt)
        for _ in range(missing):
            await come()
    raise AssertionError(f"{sessions(worker)} are on the pad\n{worker.log.read_text()[-3000:]}")


def resident_mb(worker: Member) -> float:
    return float(psutil.Process(worker.process.pid).memory_info().rss) / 1e6


def outgoing(worker: Member) -> float:
    return worker.metric("padfleet_fanout_outgoing_bytes")


async def test_I6_a_large_pad_that_many_do_not_read_is_kept_once(worker: Member) -> None:
    text = await large_pad(worker, "unread")
    async with contextlib.AsyncExitStack() as stack:
        async with connect(f"{worker.url}/p/unread") as first:
            assert first.text == text  # and the worker has made all that it needs for that
        await eventually(lambda: sessions(worker) == 0, "whoever was there has left")
        before = resident_mb(worker)

        async def come() -> None:
            reader, writer = await stack.enter_async_context(websocket(worker, sock=unread(worker)))
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(masked("40") + masked(ready("unread")))

        await gathered(worker, come)
        assert resident_mb(worker) - before < GROWTH_MB
        assert 0 < outgoing(worker) <= 8_000_000
        # A client that reads gets all of it, and what is typed meanwhile.
        async with (
            connect(f"{worker.url}/p/unread") as bystander,
            connect(f"{worker.url}/p/small") as elsewhere,
        ):
            assert bystander.text == text
            await bystander.append("undisturbed\n")
            await bystander.flush()
            await elsewhere.append("undisturbed\n")
            await elsewhere.flush()
    await eventually(lambda: outgoing(worker) == 0, "nothing is kept of it", timeout=60)


async def test_I6_the_same_holds_on_polling(worker: Member) -> None:
    text = await large_pad(worker, "unpolled")
    async with contextlib.AsyncExitStack() as stack:
        async with connect(f"{worker.url}/p/unpolled") as first:
            assert first.text == text
        await eventually(lambda: sessions(worker) == 0, "whoever was there has left")
        before = resident_mb(worker)
        async with aiohttp.ClientSession() as http:

            async def come() -> None:
                query = await opened(worker)
                url = f"{worker.url}/socket.io/?EIO=4&transport=polling{query}"
                async with http.post(url, data="40\x1e" + ready("unpolled")) as answer:
                    assert answer.status == 200
                reader, writer = await asyncio.open_connection(sock=unread(worker))
                stack.callback(lambda: writer.transport.abort())  # and it is kept until then
                reader._transport.pause_reading()  # type: ignore[attr-defined]
                poll = (
                    f"GET /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: x\r\n"
                    "Accept-Encoding: gzip\r\n\r\n"
                )
                writer.write(2 * poll.encode())

            await gathered(worker, come)
        assert resident_mb(worker) - before < GROWTH_MB
        # One who polls and reads gets all of it.
        query = await opened(worker)
        url = f"{worker.url}/socket.io/?EIO=4&transport=polling{query}"
        async with aiohttp.ClientSession() as http:
            await http.post(url, data="40\x1e" + ready("unpolled"))
            packets: list[str] = []
            while not any("CLIENT_VARS" in packet for packet in packets):
                async with http.get(url) as answer:
                    packets += (await answer.text()).split("\x1e")
        (packet,) = (packet for packet in packets if "CLIENT_VARS" in packet)
        message = loads(packet[2:])[1]["data"]["collab_client_vars"]
        assert message["initialAttributedText"]["text"] == text


async def test_large_pads_wait_for_their_turn_and_small_ones_do_not(worker: Member) -> None:
    """Three of them are more than may be on their way; the third comes when one has been taken."""
    names = [f"large-{number}" for number in range(3)]
    for name in names:
        await large_pad(worker, name)
    await eventually(lambda: outgoing(worker) == 0, "nothing is on its way", timeout=60)
    before = worker.metric('padfleet_fanout_limited_total{limit="outgoing"}')
    async with contextlib.AsyncExitStack() as stack:
        sleepers = []
        for name in names[:2]:
            reader, writer = await stack.enter_async_context(websocket(worker, sock=unread(worker)))
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(masked("40") + masked(ready(name)))
            sleepers.append(writer)
        await eventually(lambda: outgoing(worker) > 0, "one of them is on its way")
        late = asyncio.create_task(_read(worker, names[2]))
        await eventually(
            lambda: worker.metric('padfleet_fanout_limited_total{limit="outgoing"}') > before,
            "it waits",
        )
        async with connect(f"{worker.url}/p/small") as small:
            await small.append("undisturbed\n")
            await small.flush()
        for writer in sleepers:
            writer.transport.abort()
        assert len(await late) > SIZE_MB * 1_000_000


async def _read(worker: Member, name: str) -> str:
    async with connect(f"{worker.url}/p/{name}") as pad:
        return pad.text
