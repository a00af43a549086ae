"""Tests that no task of a socket dies unseen, and that no poll is answered with a copy of shared
data."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from padfleet.services.fanout.transport import socketio_server
from padfleet.services.fanout.transport.engine_socket import EngineSocket
from padfleet.services.fanout.transport.packets import NOOP, Frame, Parcel
from padfleet.services.fanout.transport.pollbody import WHOLE, PollBody
from padfleet.shared.bucket import RateLimit
from tests.fuzz.worker import Worker


def broken(error: Exception) -> Any:
    async def receive(_self: Any, _packet: Any) -> None:
        raise error

    return receive


@pytest.mark.parametrize("polling", [False, True])
def test_JSON_that_is_too_deep_for_a_library_ends_its_connection(
    monkeypatch: pytest.MonkeyPatch, polling: bool
) -> None:
    worker = Worker()
    connection = worker.open(polling=polling)

    def loads(_text: str) -> Any:
        raise RecursionError("deep")

    monkeypatch.setattr(socketio_server._Json, "loads", staticmethod(loads))
    worker.say(connection, "40")
    worker.say(connection, '421["message"]')
    assert connection.transport.closed
    worker.all_gone()
    worker.close()


@pytest.mark.parametrize("error", [RuntimeError("ours"), KeyError("ours"), AssertionError("ours")])
def test_a_fault_in_a_sockets_task_is_reported_and_ends_the_socket(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    worker = Worker()
    connection = worker.open(polling=False)
    monkeypatch.setattr(EngineSocket, "receive", broken(error))
    with pytest.raises(AssertionError, match="a socket has failed") as told:
        worker.say(connection, "40{}")
    assert str(told.value).count("a socket has failed") == 1
    assert connection.transport.closed
    worker.close()


def test_a_fault_is_that_of_its_own_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The targets keep a worker, which was to blame for what the tests here do to others."""
    kept, other = Worker(), Worker()
    connection = other.open(polling=False)
    with monkeypatch.context() as patch:
        patch.setattr(EngineSocket, "receive", broken(RuntimeError("ours")))
        with pytest.raises(AssertionError, match="a socket has failed"):
            other.say(connection, "40{}")
    kept.say(kept.open(polling=False), "40")
    kept.all_gone()
    for worker in (kept, other):
        worker.close()


def test_a_fault_of_a_message_callback_is_reported_too() -> None:
    worker = Worker()
    connection = worker.open(polling=False)

    def acknowledged(_packet: str) -> bool:
        raise RuntimeError("ours")

    connection.socket.on_ack = acknowledged
    with pytest.raises(AssertionError, match="a socket has failed"):
        worker.say(connection, "430[]")
    assert connection.transport.closed
    worker.close()


def test_a_poll_is_answered_as_Engine_IO_wants_it() -> None:
    short, long = Frame(b"4a"), Parcel([b"4[", b"x" * WHOLE, b"]"])
    assert PollBody.of([short, NOOP]) == b"4a\x1e6"
    assert PollBody.of([]) == b""
    body = PollBody.of([short, long, short])
    assert isinstance(body, PollBody)
    whole = b"4a\x1e" + long.payload + b"\x1e4a"
    assert b"".join(body.pieces()) == whole
    assert body.size == len(whole)


def test_others_have_their_turn_between_two_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    """One read may bring hundreds of packets, of kinds that are read without waiting for
    anything."""
    worker = Worker()
    connection = worker.open(polling=False)
    turns: list[int] = []
    passed = 0

    def another() -> None:
        nonlocal passed
        passed += 1

    async def receive(_self: Any, _packet: Any) -> None:
        turns.append(passed)
        asyncio.get_running_loop().call_soon(another)

    monkeypatch.setattr(EngineSocket, "receive", receive)
    worker.write(connection, worker.frame('42["nothing"]') * 100)
    assert turns == list(range(100))
    worker.all_gone()
    worker.close()


def test_nothing_more_is_read_from_a_client_that_was_cut_off_for_flooding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = Worker()
    connection = worker.open(polling=False)
    read: list[Any] = []

    async def receive(_self: Any, packet: Any) -> None:
        read.append(packet)

    monkeypatch.setattr(EngineSocket, "receive", receive)
    connection.socket.server.pace = RateLimit(rate=1, burst=20, patience=1)
    worker.write(connection, worker.frame('42["nothing"]') * 100)
    assert connection.transport.closed
    assert not read
    worker.all_gone()
    worker.close()
