"""Tests a connection that many callers share. No caller gets another one's reply, whatever the
server does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis import exceptions

from padfleet.shared.log.connection import exchange
from padfleet.shared.log.connection.pipe import Pipe, open_pipe, pack
from tests.eventually import eventually
from tests.integration.log.scripted import Served, ServedNode, numbered, replies

Connect = Callable[..., Awaitable[Pipe]]
LONG = 60.0


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    served = await Served(numbered).start()
    yield served
    await served.stop()


@pytest.fixture
async def connect(server: Served) -> AsyncIterator[Connect]:
    opened: list[Pipe] = []

    async def connect(patience: float = LONG) -> Pipe:
        opened.append(await open_pipe(ServedNode(server.port).connection(), patience=patience))
        return opened[-1]

    yield connect
    for pipe in opened:
        pipe.close()


def get(pipe: Pipe, *numbers: int) -> asyncio.Future[list[Any]]:
    return pipe.send(pack([("GET", number) for number in numbers]), len(numbers))


async def test_what_is_sent_in_one_turn_goes_out_in_one_write(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = await connect()
    written: list[bytes] = []
    transport = pipe._transport

    class Counting:
        def write(self, data: bytes) -> None:
            written.append(data)
            transport.write(data)

    monkeypatch.setattr(pipe, "_transport", Counting())
    found = await asyncio.gather(*(get(pipe, number, number + 1) for number in range(50)))
    assert found == [[number, number + 1] for number in range(50)]
    assert len(written) == 1
    assert await get(pipe, 7) == [7]
    assert len(written) == 2
    monkeypatch.undo()


async def test_a_server_that_says_nothing_is_given_up_with_all_that_it_owes(
    server: Served, connect: Connect
) -> None:
    pipe = await connect(0.05)
    assert await get(pipe, 1) == [1]
    server.answer = replies(b":2\r\n", None)
    first, second = await asyncio.gather(get(pipe, 2, 3), get(pipe, 4))
    assert first[0] == 2
    for reply in (first[1], second[0]):
        assert isinstance(reply, exceptions.TimeoutError)
    assert not pipe.is_open
    await eventually(lambda: not server._writers, "the connection is closed")


async def test_a_server_that_owes_nothing_may_be_silent(connect: Connect) -> None:
    pipe = await connect(0.02)
    assert await get(pipe, 1) == [1]
    await eventually(lambda: pipe._timer is None, "it does not look any more")
    assert pipe.is_open
    assert await get(pipe, 2) == [2]


async def test_a_surplus_reply_closes_the_connection_and_reaches_nobody(
    server: Served, connect: Connect
) -> None:
    pipe = await connect()
    server.answer = replies(b"$6\r\nstray!\r\n:1\r\n")
    (reply,) = await get(pipe, 1)
    assert isinstance(reply, exceptions.ConnectionError)
    assert not pipe.is_open
    (reply,) = await get(pipe, 2)
    assert isinstance(reply, exceptions.ConnectionError)
    assert server.words() == ["GET 1"]


async def test_an_unexpected_reply_closes_the_connection_before_anybody_asks(
    server: Served, connect: Connect
) -> None:
    pipe = await connect()
    server.say(b"+stray\r\n")
    await eventually(lambda: not pipe.is_open, "it is closed")


async def test_what_is_no_reply_closes_it(server: Served, connect: Connect) -> None:
    pipe = await connect()
    server.answer = replies(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    (reply,) = await get(pipe, 1)
    assert isinstance(reply, exceptions.ConnectionError)
    assert not pipe.is_open


async def test_the_reply_to_a_cancelled_caller_reaches_nobody_else(
    server: Served, connect: Connect
) -> None:
    pipe = await connect()
    server.answer = replies(None)
    impatient, patient = get(pipe, 1), get(pipe, 2)
    await eventually(lambda: len(server.asked) == 2, "both have been asked")
    impatient.cancel()
    server.say(b":1\r\n:2\r\n")
    assert await patient == [2]
    assert pipe.is_open


async def test_commands_in_flight_when_the_connection_is_lost_are_told(
    server: Served, connect: Connect
) -> None:
    pipe = await connect()
    server.answer = replies(b":1\r\n", b"$10\r\nhal", None)
    asked = get(pipe, 1, 2, 3)
    await eventually(lambda: len(server.asked) == 3, "all have been asked")
    server.hang_up()
    one, two, three = await asked
    assert one == 1
    for reply in (two, three):
        assert isinstance(reply, exceptions.ConnectionError)


async def test_a_server_that_becomes_a_replica_is_left(server: Served, connect: Connect) -> None:
    """A new connection by Sentinel, or by name, leads to the current primary."""
    pipe = await connect()
    server.answer = replies(b":1\r\n", b"-READONLY You can't write against a replica.\r\n", None)
    written, waiting = get(pipe, 1, 2), get(pipe, 3)
    one, two = await written
    assert one == 1
    assert isinstance(two, exceptions.ReadOnlyError)
    (reply,) = await waiting
    assert isinstance(reply, exceptions.ConnectionError)
    assert not pipe.is_open


async def test_callers_that_find_it_full_wait_and_are_let_in_in_turn(
    server: Served, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "COMMANDS", 2)
    server.answer = replies(None)
    pipe = await connect()
    first = [get(pipe, 1), get(pipe, 2)]
    assert pipe.is_full

    async def waiting(number: int) -> Any:
        await pipe.room()
        return await get(pipe, number)

    tasks = [asyncio.create_task(waiting(number)) for number in range(3, 8)]
    await eventually(lambda: len(pipe._room) == 5, "five wait")
    assert len(server.asked) <= 2
    tasks[0].cancel()
    server.say(b":1\r\n:2\r\n")
    assert [await each for each in first] == [[1], [2]]
    await eventually(lambda: len(server.asked) == 4, "two more are let in")
    server.say(b":4\r\n:5\r\n")
    await eventually(lambda: len(server.asked) == 6, "the last two, too")
    server.say(b":6\r\n:7\r\n")
    assert await asyncio.gather(*tasks[1:]) == [[4], [5], [6], [7]]


async def test_callers_that_wait_for_a_connection_are_told_when_it_is_lost(
    server: Served, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "COMMANDS", 1)
    server.answer = replies(None)
    pipe = await connect()
    first = get(pipe, 1)

    async def waiting(number: int) -> Any:
        await pipe.room()
        return await get(pipe, number)

    tasks = [asyncio.create_task(waiting(number)) for number in range(2, 5)]
    await eventually(lambda: len(pipe._room) == 3, "three wait")
    server.hang_up()
    for (reply,) in [await first, *await asyncio.gather(*tasks)]:
        assert isinstance(reply, exceptions.ConnectionError)


async def test_a_server_that_lets_nobody_in_is_not_waited_for_for_long() -> None:
    """It is connected to, by its kernel, and says nothing."""
    served = Served()
    served._take = lambda *_: None  # type: ignore[method-assign]
    await served.start()
    try:
        with pytest.raises(exceptions.TimeoutError):
            await open_pipe(ServedNode(served.port).connection(), patience=0.05)
        await eventually(lambda: not served._writers, "the connection is closed")
    finally:
        await served.stop()


def test_what_no_command_can_hold_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(exceptions.DataError):
        pack([("SET", "key", "value"), ("SET", "key", None)])
