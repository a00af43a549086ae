"""Tests that a limited number of reads is handled in one turn of the event loop, one address after
the other, and that none is lost."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from padfleet.services.fanout.limits.arrivals import (
    MOST_IN_A_TURN,
    MOST_SECONDS,
    RequestTurns,
)
from padfleet.services.fanout.limits.connections import Connections
from padfleet.services.fanout.limits.descriptors import Descriptors
from padfleet.services.fanout.limits.open_connection import BODY_AHEAD
from padfleet.services.fanout.transport.engine_server import EngineServer
from padfleet.shared.payers import Payer
from padfleet.shared.serving import Runner


class Reader:
    def __init__(self, address: str, log: list[tuple[str, bytes]]) -> None:
        self.payer, self._log = Payer(address), log

    def read(self, data: bytes) -> None:
        self._log.append((self.payer, data))


def still() -> float:
    """A clock on which nothing takes any time."""
    return 0.0


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_some_are_read_in_each_turn() -> None:
    arrivals = RequestTurns(in_a_turn=3, clock=still)
    log: list[tuple[str, bytes]] = []
    reader = Reader("a", log)
    at_once = [arrivals.come(reader, b"%d" % number) for number in range(10)]
    assert at_once == [True] * 3 + [False] * 7
    seen = []
    for _ in range(3):
        await asyncio.sleep(0)
        seen.append(len(log))
    assert not arrivals.late
    assert seen == [3, 6, 7]
    assert log == [("a", b"%d" % number) for number in range(3, 10)], "in their order"


async def test_reads_take_as_long_as_all_else_but_not_for_ever() -> None:
    now = 0.0

    class Slow(Reader):
        def read(self, data: bytes) -> None:
            nonlocal now
            now += 0.001
            super().read(data)

    arrivals = RequestTurns(in_a_turn=3, clock=lambda: now)
    log: list[tuple[str, bytes]] = []
    for number in range(100):
        arrivals.come(Slow("a", log), b"%d" % number)
    seen = []
    for rest in (0.0, 0.002, 0.010, 0.5):
        now += rest
        before = len(log)
        await asyncio.sleep(0)
        seen.append(len(log) - before)
    assert seen == [3, 3, 10, 20]


async def test_reads_that_take_long_are_not_for_one_turn() -> None:
    now, log = 0.0, list[tuple[str, bytes]]()

    class Slow(Reader):
        def read(self, data: bytes) -> None:
            nonlocal now
            now += MOST_SECONDS / 2
            super().read(data)

    arrivals = RequestTurns(in_a_turn=10, clock=lambda: now)
    for number in range(6):
        arrivals.later(Slow("a", log), b"%d" % number)
    seen = []
    for _ in range(3):
        await asyncio.sleep(0)
        seen.append(len(log))
    assert seen == [2, 4, 6]


async def test_no_turn_is_for_all_however_quick_a_read_is() -> None:
    """The work that a read begins takes longer than the read."""
    now, log = 0.0, list[tuple[str, bytes]]()
    arrivals = RequestTurns(in_a_turn=3, clock=lambda: now)
    for number in range(1000):
        arrivals.come(Reader("a", log), b"%d" % number)
    seen = []
    for took in (0.02, 0.02, 0.2):
        before = len(log)
        now += took
        await asyncio.sleep(0)
        seen.append(len(log) - before)
    assert seen == [MOST_IN_A_TURN, MOST_IN_A_TURN, 2 * MOST_IN_A_TURN]


async def test_later_data_does_not_overtake_earlier_data() -> None:
    arrivals = RequestTurns(in_a_turn=2, clock=still)
    log: list[tuple[str, bytes]] = []
    reader = Reader("a", log)
    for number in range(4):
        arrivals.come(reader, b"%d" % number)
    await asyncio.sleep(0)
    for number in range(4, 6):
        assert not arrivals.come(reader, b"%d" % number)
    await settle()
    assert [data for _, data in log] == [b"2", b"3", b"4", b"5"]


async def test_a_connection_with_one_read_does_not_wait_for_one_with_a_hundred() -> None:
    arrivals = RequestTurns(in_a_turn=2, clock=still)
    log: list[tuple[str, bytes]] = []
    greedy, modest = Reader("greedy", log), Reader("modest", log)
    for number in range(100):
        arrivals.come(greedy, b"%d" % number)
    arrivals.come(modest, b"x")
    await asyncio.sleep(0)
    assert log == [("greedy", b"2"), ("modest", b"x")]


async def test_a_worker_that_is_quiet_again_reads_immediately() -> None:
    arrivals = RequestTurns(in_a_turn=1)
    reader = Reader("a", [])
    for _ in range(5):
        assert arrivals.come(reader, b"x")
        assert not arrivals.come(reader, b"y")
        await settle()


async def digest(request: web.Request) -> web.StreamResponse:
    return web.Response(text=hashlib.sha256(await request.read()).hexdigest())


@asynccontextmanager
async def served(
    in_a_turn: int, handler: Handler = digest
) -> AsyncIterator[tuple[str, Connections]]:
    connections = Connections(
        Descriptors(10_000),
        timeout=60,
        total=0,
        per_address=0,
        is_proxy=lambda _: False,
        served=EngineServer(),
        end_a_socket=lambda: False,
    )
    connections.arrivals = RequestTurns(in_a_turn, clock=still)
    app = web.Application(middlewares=[connections.middleware], client_max_size=1 << 24)
    app.router.add_post("/", handler)
    runner = Runner(app, handler=connections.connection, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/", connections
    finally:
        await runner.cleanup()


async def test_nothing_that_waits_for_its_turn_is_lost() -> None:
    """Bodies of many pieces on many connections, several requests on each."""
    late = 0

    async with (
        served(in_a_turn=1) as (url, connections),
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):

        async def send(number: int) -> None:
            nonlocal late
            for size in (0, 10, 400_000):
                body = bytes([number]) * size
                async with http.post(url, data=body) as answer:
                    assert await answer.text() == hashlib.sha256(body).hexdigest()
                late = max(late, connections.arrivals.late)

        await asyncio.gather(*(send(number) for number in range(40)))
        assert late > 0, "some had to wait"
        assert connections.arrivals.late == 0


async def test_a_client_that_leaves_while_it_waits_holds_nobody_up() -> None:
    async with served(in_a_turn=1) as (url, connections):
        address = url.split("/")[2].split(":")
        for _ in range(30):
            _, writer = await asyncio.open_connection(*address)
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
            writer.transport.abort()
        async with aiohttp.ClientSession() as http, http.post(url, data=b"x") as answer:
            assert answer.status == 200
        assert connections.arrivals.late == 0


async def test_a_body_of_tiny_chunks_takes_many_turns() -> None:
    """However much has arrived in one read, a handler that takes it gets no more than a part of it
    in one turn."""
    parts: list[list[int]] = [[]]

    async def take(request: web.Request) -> web.Response:
        while piece := await request.content.readany():
            parts[-1].append(len(piece))
        return web.Response(text=str(sum(map(sum, parts))))

    async def mark(until: asyncio.Event) -> None:
        while not until.is_set():
            parts.append([])
            await asyncio.sleep(0)

    async with served(in_a_turn=16, handler=take) as (url, _):
        done = asyncio.Event()
        marking = asyncio.create_task(mark(done))
        reader, writer = await asyncio.open_connection(*url.split("/")[2].split(":"))
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"1\r\na\r\n" * 20_000 + b"0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.splitlines()[0]
        assert await reader.readexactly(5) == b"20000"
        done.set()
        await marking
        writer.close()
    chunks = BODY_AHEAD // 16
    assert max(map(sum, parts)) <= chunks + 16, "aiohttp stops after one more chunk or two"
