"""Tests that a connection delivers all messages of its channels in their order until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import MovedError

from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.log.connection.listening import ListeningConnection, listen
from tests.eventually import eventually
from tests.integration.log.scripted import Command, Served, ServedNode

Open = Callable[..., Awaitable[ListeningConnection]]
LONG = 60.0


def says_nothing(_command: Command) -> bytes | None:
    return None


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    served = await Served(says_nothing).start()
    yield served
    await served.stop()


@pytest.fixture
def taken() -> list[Any]:
    return []


@pytest.fixture
async def opens(server: Served, taken: list[Any]) -> AsyncIterator[Open]:
    opened: list[ListeningConnection] = []

    async def opens(
        take: Callable[[Any], None] = taken.append, silence: float = LONG
    ) -> ListeningConnection:
        connection = ServedNode(server.port).connection()
        opened.append(await listen(connection, take, silence=silence, patience=LONG))
        return opened[-1]

    yield opens
    for each in opened:
        each.close()


def message(number: int) -> bytes:
    return b"*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$%d\r\n%d\r\n" % (len(str(number)), number)


def heard(number: int) -> list[bytes]:
    return [b"smessage", b"c", str(number).encode()]


async def test_I3_messages_come_in_order_however_they_are_cut(
    server: Served, opens: Open, taken: list[Any]
) -> None:
    await opens()
    whole = b"".join(map(message, range(200)))
    for at in range(0, len(whole), 17):
        server.say(whole[at : at + 17])
        await asyncio.sleep(0)
    await eventually(lambda: len(taken) == 200, "all have come")
    assert taken == [heard(number) for number in range(200)]


async def test_what_one_read_brings_is_taken_in_one_pass(
    server: Served, opens: Open, taken: list[Any]
) -> None:
    connection = await opens()
    connection.data_received(b"".join(map(message, range(50))))
    assert taken == [heard(number) for number in range(50)]


async def test_commands_go_out_together(server: Served, opens: Open) -> None:
    connection = await opens()
    connection.send(("SSUBSCRIBE", "a"), ("SSUBSCRIBE", "b"))
    connection.send()
    await eventually(lambda: server.words() == ["SSUBSCRIBE a", "SSUBSCRIBE b"])


async def test_a_refusal_ends_the_connection(server: Served, opens: Open, taken: list[Any]) -> None:
    connection = await opens()
    server.say(message(1) + b"-MOVED 1 127.0.0.1:1\r\n" + message(2))
    reason = await asyncio.wait_for(connection.ended, 10)
    assert isinstance(reason, MovedError)
    assert taken == [heard(1)], "what comes behind it is not taken"


async def test_what_the_taker_raises_ends_it_and_nothing_else(server: Served, opens: Open) -> None:
    def fails(_reply: Any) -> None:
        raise LookupError("nobody has thought of this")

    connection = await opens(fails)
    server.say(message(1))
    assert isinstance(await asyncio.wait_for(connection.ended, 10), LookupError)


@pytest.mark.parametrize("how", ["garbage", "hung up", "closed", "a server that stops"])
async def test_a_broken_connection_ends_as_one_that_cannot_be_reached(
    how: str, server: Served, opens: Open
) -> None:
    connection = await opens()
    match how:
        case "garbage":
            server.say(b"?what\r\n")
        case "hung up":
            server.hang_up()
        case "closed":
            connection.close()
        case _:
            await server.stop()
    assert isinstance(await asyncio.wait_for(connection.ended, 10), UNREACHABLE)
    connection.send(("PING",))
    connection.data_received(message(1))
    connection.close(LookupError("too late"))
    assert isinstance(connection.ended.result(), UNREACHABLE)


async def test_I10_a_silent_server_is_pinged_once_and_then_given_up(
    server: Served, opens: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await opens(silence=2.0)
    now = asyncio.get_running_loop().time()

    def looks_after(seconds: float) -> float:
        class Later:
            @staticmethod
            def time() -> float:
                return now + seconds

        monkeypatch.setattr(connection, "_loop", Later)
        return connection.look()

    connection._heard = now
    assert looks_after(0.5) == pytest.approx(1.5)
    assert looks_after(2.0) == 2.0
    await eventually(lambda: server.words() == ["PING"], "it is asked")
    assert looks_after(3.0) == pytest.approx(1.0)
    server.say(b"*2\r\n$4\r\npong\r\n$0\r\n\r\n")
    await eventually(lambda: not connection._asked, "it is still there")
    assert looks_after(5.5) == 2.0
    await eventually(lambda: server.words() == ["PING", "PING"], "it is asked again")
    looks_after(7.5)
    assert isinstance(connection.ended.result(), Unconnected)
