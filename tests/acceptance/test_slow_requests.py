"""Tests slow requests on every path: they end, and while they last they keep nobody out."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import sys
from collections.abc import Iterator

import aiohttp
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from tests.acceptance.test_limits import closed_by_the_worker, limited
from tests.eventually import eventually
from tests.fleet import Fleet, Member

DESCRIPTORS = 300

SLOW = {
    "nothing": b"",
    "half of a line": b"GET /p/x HT",
    "half of the headers": b"GET /api HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "a header without end": b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 5000,
    "idle after a request": b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "API without key": b"POST /api/1.3.0/createPad HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    "a form without key": b"POST /api/1.3.0/createPad HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ntext=x",
    "an upload": b"POST /p/x/import HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; "
    b'name="file"; filename="x.txt"\r\n\r\nx',
    "a chunk": b"POST /p/x/import HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n5\r\n--b\r\n",
    "polling without session": b"POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\n"
    b"Host: x\r\nContent-Length: 100\r\n\r\n4",
    "no such path": b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
    "a method that is not allowed": b"PUT /p/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
}


def limited_launcher(descriptors: int) -> tuple[str, ...]:
    """Returns the command of a padfleet that may open only so many files."""
    code = (
        "import resource, runpy, sys;"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({descriptors}, {descriptors}));"
        "sys.argv[0] = 'padfleet';"
        "runpy.run_module('padfleet', run_name='__main__', alter_sys=False)"
    )
    return (sys.executable, "-c", code)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    folder = tmp_path_factory.mktemp("redis")
    with EmbeddedServer(folder, extra_args=("--appendfsync", "no")) as running:
        yield running


@pytest.fixture(scope="module")
def worker(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    settings = {"PADFLEET_REQUEST_TIMEOUT_MS": "1000", "PADFLEET_API_KEY": "a-long-api-key"}
    with Fleet(server.url, tmp_path_factory.mktemp("slow"), settings) as fleet:
        yield fleet.start(workers=1).workers[0]


@pytest.fixture(scope="module")
def narrow(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    """A worker with few descriptors, and the default time for requests."""
    settings = {"PADFLEET_API_KEY": "a-long-api-key"}
    with Fleet(server.url, tmp_path_factory.mktemp("narrow"), settings) as fleet:
        fleet.start(writers=1, workers=0)
        yield fleet.start(writers=0, workers=1, launcher=limited_launcher(DESCRIPTORS)).workers[0]


@pytest.mark.parametrize("said", SLOW)
async def test_a_slow_request_is_ended_on_every_path(worker: Member, said: str) -> None:
    with socket.create_connection((worker.host, worker.port)) as connection:
        connection.sendall(SLOW[said])
        assert await closed_by_the_worker(connection)


@pytest.mark.parametrize("said", ["half of the headers", "an upload", "a form without key"])
async def test_a_client_that_drips_is_disconnected_too(worker: Member, said: str) -> None:
    before = limited(worker, "request_time")
    _, writer = await asyncio.open_connection(worker.host, worker.port)
    writer.write(SLOW[said])

    async def dripped() -> bool:
        with contextlib.suppress(ConnectionError):
            writer.write(b"x")
        return limited(worker, "request_time") > before

    await eventually(dripped, "it is ended", timeout=30)
    writer.transport.abort()


async def test_an_answer_that_is_not_taken_is_ended(worker: Member) -> None:
    """The client sends request after request, and reads none of the answers."""
    before = limited(worker, "request_time")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((worker.host, worker.port))
    reader, writer = await asyncio.open_connection(sock=connection)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(2000):
        writer.write(b"GET /p/x HTTP/1.1\r\nHost: x\r\n\r\n")
    await eventually(lambda: limited(worker, "request_time") > before, "it is ended", timeout=30)
    writer.transport.abort()


async def test_an_answer_is_given_to_who_is_only_late(worker: Member) -> None:
    """A long poll takes longer than a request may, and is our time and not the client's."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{worker.url}/socket.io/?EIO=4&transport=polling") as answer,
    ):
        sid = (await answer.text()).split('"sid":"')[1].split('"')[0]
        before = limited(worker, "request_time")
        url = f"{worker.url}/socket.io/?EIO=4&transport=polling&sid={sid}"
        poll = asyncio.create_task(http.get(url))
        # Another one that came after it has been ended meanwhile.
        await asyncio.sleep(0)
        with socket.create_connection((worker.host, worker.port)) as idle:
            assert await closed_by_the_worker(idle)
        assert limited(worker, "request_time") > before
        assert not poll.done()
        async with http.post(url, data="40") as said:
            assert said.status == 200
        assert "40{" in await (await poll).text()


@pytest.mark.parametrize("said", SLOW)
async def test_slow_requests_keep_nobody_out(narrow: Member, said: str) -> None:
    """There are more of them than descriptors. People who are on a pad go on, and newcomers come
    in."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4 * DESCRIPTORS:
        pytest.skip("this machine lets a test open too few files")
    pad = f"{narrow.url}/p/crowd"
    async with contextlib.AsyncExitStack() as stack:
        here = await stack.enter_async_context(connect(pad))
        for _ in range(DESCRIPTORS + 50):
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(narrow.host, narrow.port)
                stack.callback(writer.transport.abort)
                with contextlib.suppress(OSError):
                    writer.write(SLOW[said])
                assert reader is not None
        await here.append("still here\n")
        await here.flush()
        async with connect(pad) as newcomer:
            await newcomer.append("here too\n")
            await newcomer.flush()
        assert narrow.ready()


async def test_sockets_that_ask_for_no_pad_keep_nobody_out(narrow: Member) -> None:
    url = f"{narrow.url}/socket.io/?EIO=4&transport=websocket"
    pad = f"{narrow.url}/p/crowd"
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        contextlib.AsyncExitStack() as stack,
    ):
        here = await stack.enter_async_context(connect(pad))
        for _ in range(DESCRIPTORS + 50):
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await stack.enter_async_context(http.ws_connect(url))
        await here.append("still here\n")
        await here.flush()
        async with connect(pad) as newcomer:
            await newcomer.append("here too\n")
            await newcomer.flush()
