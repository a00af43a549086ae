"""Callers who do not read what they are answered cost a worker no more than it sets aside for that,
and keep nobody else from being answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator

import aiohttp
import psutil
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from tests.eventually import eventually
from tests.fleet import Fleet, Member
from tests.integration.api.caller import KEY, ApiFailed, Caller

OUTGOING = 12_000_000
CALLERS = 40
LINES = 30_000
"""How many lines a pad of 3 MB has."""

MESSAGES = 300
GROWTH_MB = 70
"""The number of megabytes by which the worker may grow: answers of 12 MB, and the ones that are
being made. A copy for each caller would be 120 MB, and as much again while it is made."""


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    folder = tmp_path_factory.mktemp("unread-answers")
    settings = {"PADFLEET_API_KEY": KEY, "PADFLEET_OUTGOING_BYTES": str(OUTGOING)}
    with (
        EmbeddedServer(folder / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, folder, settings) as fleet,
    ):
        yield fleet.start(workers=1).workers[0]


@pytest.fixture
async def api(worker: Member) -> AsyncIterator[Caller]:
    """Yields a caller at another address than the clients that do not read."""
    async with Caller(worker.url) as caller:
        await caller.http.close()
        caller.http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(local_addr=("127.0.0.3", 0))
        )
        yield caller


async def patiently(api: Caller, name: str, **fields: str) -> None:
    """Repeats a call until the worker has time for it, however busy the machine is."""
    while True:
        try:
            await api.call(name, **fields)
        except ApiFailed as error:
            if error.code != 2:
                raise
        else:
            return


async def large_pad(api: Caller, pad: str) -> str:
    text = "".join(f"{number} {'x' * 90}\n" for number in range(LINES))
    with contextlib.suppress(ApiFailed):  # it is there
        await api.createPad(padID=pad, text="\n")
    await patiently(api, "setText", padID=pad, text=text)
    return text


async def talk(api: Caller, pad: str) -> list[str]:
    texts = [f"{number} {'y' * 9000}" for number in range(MESSAGES)]
    await api.createPad(padID=pad, text="\n")
    for text in texts:
        await patiently(api, "appendChatMessage", padID=pad, text=text, authorID="a.0123456789")
    return texts


def resident_mb(worker: Member) -> float:
    return float(psutil.Process(worker.process.pid).memory_info().rss) / 1e6


def outgoing(worker: Member) -> float:
    return worker.metric("padfleet_fanout_outgoing_bytes")


class Sleeper:
    """Calls, and reads the status of the answer at most."""

    def __init__(self, worker: Member) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.bind(("127.0.0.2", 0))
        self._socket.setblocking(False)
        self._place = worker.host, worker.port
        self.status: int | None = None
        self.head = b""
        self.body = b""

    async def call(self, line: str) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, self._place)
        request = f"GET {line}&apikey={KEY.replace(' ', '+')} HTTP/1.1\r\nHost: x\r\n\r\n"
        await loop.sock_sendall(self._socket, request.encode())
        found = b""
        while b"\r\n\r\n" not in found:
            part = await loop.sock_recv(self._socket, 512)
            if not part:
                return
            found += part
        self.head, _, self.body = found.partition(b"\r\n\r\n")
        self.status = int(found.split()[1])

    def close(self) -> None:
        self._socket.close()


@contextlib.asynccontextmanager
async def sleepers(worker: Member, line: str) -> AsyncIterator[list[Sleeper]]:
    made = [Sleeper(worker) for _ in range(CALLERS)]
    tasks = [asyncio.create_task(one.call(line)) for one in made]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in made:
            one.close()


@pytest.mark.parametrize(
    "name",
    [
        "getText",
        # They are made in other ways, and set aside and given to callers in the same one.
        *(pytest.param(more, marks=pytest.mark.thorough) for more in ("getHTML", "getText&rev=1")),
    ],
)
async def test_large_answers_that_nobody_reads(worker: Member, api: Caller, name: str) -> None:
    text = await large_pad(api, "unread")
    assert (await api.getText(padID="unread"))["text"] == text  # what that takes is there now
    function, _, more = name.partition("&")
    before = resident_mb(worker)
    peak = before
    async with sleepers(worker, f"/api/1.3.0/{function}?padID=unread&{more}") as callers:

        def answered() -> bool:
            nonlocal peak
            peak = max(peak, resident_mb(worker))
            assert outgoing(worker) <= OUTGOING
            return all(one.status is not None for one in callers)

        await eventually(answered, "each of them is answered or refused", timeout=90)
        answers = {one.status for one in callers}
        assert answers == {200, 503}
        for one in callers:
            if one.status == 503:
                assert b"Retry-After: 1" in one.head
                assert json.loads(one.body) == {
                    "code": 2,
                    "message": "not now, come again: too much is under way; try again in a moment",
                    "data": None,
                }
        # From another address all is served meanwhile; a small answer from the same one, too.
        assert (await api.getText(padID="unread"))["text"] == text
        async with Caller(worker.url) as same:
            await same.http.close()
            same.http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
            )
            assert (await same.getRevisionsCount(padID="unread"))["revisions"] >= 1
        peak = max(peak, resident_mb(worker))
    assert peak - before < GROWTH_MB
    await eventually(lambda: outgoing(worker) == 0, "nothing is kept of it", timeout=60)


async def test_a_chat_is_answered_as_it_is_taken(worker: Member, api: Caller) -> None:
    texts = await talk(api, "chatty")
    before = resident_mb(worker)
    async with sleepers(worker, "/api/1.3.0/getChatHistory?padID=chatty") as callers:
        await eventually(
            lambda: all(one.status is not None for one in callers),
            "each of them is answered or refused",
            timeout=90,
        )
        assert 200 in {one.status for one in callers}
        said = await api.getChatHistory(padID="chatty")
        assert [one["text"] for one in said["messages"]] == texts
        some = await api.getChatHistory(padID="chatty", start="49", end="151")
        assert [one["text"] for one in some["messages"]] == texts[49:152]
        assert resident_mb(worker) - before < GROWTH_MB
    await eventually(lambda: outgoing(worker) == 0, "nothing is kept of it", timeout=60)


async def test_what_waits_for_room_is_served_when_there_is_some(
    worker: Member, api: Caller
) -> None:
    """Ten who read, from one address: each gets all of it, one after the other."""
    text = await large_pad(api, "read")

    async def read() -> bool:
        while True:
            try:
                found = await api.getText(padID="read")
            except ApiFailed as error:
                if error.code != 2:
                    raise
            else:
                return bool(found["text"] == text)

    assert all(await asyncio.gather(*(read() for _ in range(10))))
