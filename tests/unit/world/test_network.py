"""Connections of simulations: order, back-pressure, and every way in which they end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, cast

import pytest

from tests.world.host import Host
from tests.world.network import WorldTransport
from tests.world.world import World

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Pair:
    """Two hosts. One listens at port 80 and keeps its connections."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(str(seed))
        self.near = self.world.network.add("near")
        self.far = self.world.network.add("far")
        self.came: list[Streams] = []

        async def serve() -> None:
            async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                self.came.append((reader, writer))

            await asyncio.start_server(take, "0.0.0.0", 80)

        self.on(self.far, serve())

    def on(self, host: Host, work: Coroutine[Any, Any, Any]) -> Any:
        """Runs the work on this host until it is done, and returns its result."""
        loop = self.world.loop
        return loop.run_until_complete(loop.create_task(work, context=host.context.copy()))

    def connect(self) -> tuple[Streams, Streams]:
        """Connects the hosts and returns the streams of either side."""

        async def dial() -> Streams:
            streams = await asyncio.open_connection("far", 80)
            await asyncio.sleep(0.01)
            return streams

        return self.on(self.near, dial()), self.came[-1]

    def wait(self, seconds: float) -> None:
        self.world.loop.run_until_complete(asyncio.sleep(seconds))


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    for host in (pair.near, pair.far):
        if host.alive:
            pair.world.network.kill(host)
    pair.world.loop.close()


@pytest.mark.parametrize("seed", range(5))
def test_all_bytes_arrive_in_their_order(seed: int) -> None:
    pair = Pair(seed)
    sent = b"".join(b"%d " % number for number in range(200_000))
    (_, writer), (reader, _) = pair.connect()

    async def send() -> None:
        for start in range(0, len(sent), 10_000):
            writer.write(sent[start : start + 10_000])
            await writer.drain()
        writer.close()

    async def receive() -> bytes:
        return await reader.read()

    sending = pair.world.loop.create_task(send(), context=pair.near.context.copy())
    assert pair.on(pair.far, receive()) == sent
    assert sending.done()
    for host in (pair.near, pair.far):
        pair.world.network.kill(host)
    pair.world.loop.close()


def test_connections_overtake_each_other() -> None:
    def order(seed: int) -> tuple[int, ...]:
        pair = Pair(seed)
        writers = [pair.connect()[0][1] for _ in range(4)]
        heard: list[int] = []

        async def listen(number: int, reader: asyncio.StreamReader) -> None:
            await reader.read(1)
            heard.append(number)

        async def all_of_them() -> None:
            await asyncio.gather(*(listen(n, came[0]) for n, came in enumerate(pair.came)))

        for writer in writers:
            writer.write(b"x")
        pair.on(pair.far, all_of_them())
        for host in (pair.near, pair.far):
            pair.world.network.kill(host)
        pair.world.loop.close()
        return tuple(heard)

    assert len({order(seed) for seed in range(6)}) > 1


def test_a_peer_that_does_not_read_stops_the_writer(pair: Pair) -> None:
    (_, writer), (reader, _) = pair.connect()
    transport = cast(WorldTransport, writer.transport)

    async def send() -> None:
        for _ in range(200):
            writer.write(bytes(100_000))
            await writer.drain()

    sending = pair.world.loop.create_task(send(), context=pair.near.context.copy())
    pair.wait(5)
    assert not sending.done()
    assert 0 < transport.get_write_buffer_size() < 1_000_000

    async def receive() -> int:
        got = 0
        while got < 20_000_000:
            got += len(await reader.read(65536))
        return got

    assert pair.on(pair.far, receive()) == 20_000_000
    assert sending.done()


def test_what_is_written_to_the_descriptor_arrives_in_order_too(pair: Pair) -> None:
    (_, writer), (reader, _) = pair.connect()
    fd = writer.get_extra_info("socket").fileno()
    writer.write(b"one ")
    assert pair.world.write(fd, b"two ") == 4
    writer.write(b"three")
    assert pair.on(pair.far, reader.readexactly(13)) == b"one two three"

    def fill() -> None:
        for _ in range(100):
            _ = pair.world.write(fd, bytes(100_000))

    with pytest.raises(BlockingIOError):
        fill()


def test_a_link_that_is_cut_holds_what_is_sent(pair: Pair) -> None:
    (_, writer), (reader, _) = pair.connect()
    network = pair.world.network
    network.cut.add(("near", "far"))
    writer.write(b"hello")
    pair.wait(10)

    async def look() -> bytes:
        try:
            async with asyncio.timeout(1):
                return await reader.read(10)
        except TimeoutError:
            return b""

    assert pair.on(pair.far, look()) == b""
    network.cut.clear()
    network.release()
    assert pair.on(pair.far, look()) == b"hello"


def test_nobody_answers_behind_a_link_that_is_cut(pair: Pair) -> None:
    pair.world.network.cut.add(("far", "near"))

    async def dial() -> None:
        async with asyncio.timeout(5):
            await asyncio.open_connection("far", 80)

    with pytest.raises(TimeoutError):
        pair.on(pair.near, dial())


def test_a_port_that_nobody_listens_at_refuses(pair: Pair) -> None:
    with pytest.raises(ConnectionRefusedError):
        pair.on(pair.near, asyncio.open_connection("far", 81))


def test_the_kernel_of_a_frozen_process_still_takes_connections_and_bytes(pair: Pair) -> None:
    pair.far.frozen = True

    async def dial() -> Streams:
        async with asyncio.timeout(1):
            return await asyncio.open_connection("far", 80)

    _, writer = pair.on(pair.near, dial())
    writer.write(b"hello")
    pair.wait(5)
    assert pair.came == []
    pair.far.frozen = False
    pair.wait(0.1)
    assert pair.on(pair.far, pair.came[0][0].read(5)) == b"hello"


def test_the_end_of_a_process_is_told(pair: Pair) -> None:
    (reader, _), _ = pair.connect()
    pair.world.network.kill(pair.far)
    assert pair.on(pair.near, reader.read()) == b""


def test_the_end_of_a_machine_is_not_told(pair: Pair) -> None:
    (reader, writer), _ = pair.connect()
    pair.world.network.kill(pair.far, silently=True)
    writer.write(b"is anybody there?")

    async def look() -> bytes:
        async with asyncio.timeout(60):
            return await reader.read()

    with pytest.raises(TimeoutError):
        pair.on(pair.near, look())
    assert not writer.is_closing()


def test_a_reset_strikes_at_any_byte() -> None:
    received = set()
    for seed in range(12):
        pair = Pair(seed)
        (_, writer), (reader, _) = pair.connect()

        async def receive(reader: asyncio.StreamReader = reader) -> int:
            got = 0
            try:
                while data := await reader.read(1000):
                    got += len(data)
            except ConnectionResetError:
                return got
            raise AssertionError("it ended as if nothing had happened")

        network = pair.world.network
        for _ in range(40):
            writer.write(bytes(997))
        (end,) = network.ends_between(pair.near, pair.far)
        pair.world.loop.call_later(0.0004, end.reset, context=network.kernel)
        received.add(pair.on(pair.far, receive()))
        # Which of the two is told first is chance.
        with pytest.raises(ConnectionResetError):
            pair.on(pair.near, writer.wait_closed())
        assert writer.is_closing()
        for host in (pair.near, pair.far):
            pair.world.network.kill(host)
        pair.world.loop.close()
    assert len(received) > 1
    assert max(received) < 40 * 997


def test_a_program_that_starts_again_has_the_address_and_none_of_the_connections(
    pair: Pair,
) -> None:
    (reader, _), _ = pair.connect()
    pair.world.network.kill(pair.far)
    again = pair.world.network.add("far")
    assert again.address == pair.far.address
    assert pair.on(pair.near, reader.read()) == b""
    with pytest.raises(ConnectionRefusedError):
        pair.on(pair.near, asyncio.open_connection("far", 80))
