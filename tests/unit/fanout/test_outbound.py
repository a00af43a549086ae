"""Tests that all output leaves in one order, over polling, WebSocket, and the change between the
two."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from padfleet.services.fanout.transport.outbound import Outbound, OutboundClosed
from padfleet.services.fanout.transport.packets import Frame
from padfleet.services.fanout.transport.websocket_connection import HIGH_WATER, WebSocketConnection


class FakeTransport:
    """Keeps what is written; `stuck` bytes stay in its buffer. `fd` is for what goes past it."""

    def __init__(self, fd: int = -1) -> None:
        self.fd = fd
        self.writes: list[bytes] = []
        self.stuck = 0
        self.closed = self.aborted = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.writes.append(data)

    @property
    def written(self) -> bytes:
        return b"".join(self.writes)

    def get_extra_info(self, name: str) -> FakeTransport:
        assert name == "socket"
        return self

    def fileno(self) -> int:
        return self.fd

    def get_write_buffer_size(self) -> int:
        return self.stuck

    def set_write_buffer_limits(self, high: int, low: int) -> None: ...

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True


class FakeLine:
    def __init__(self, *, deflates: bool = False) -> None:
        self.transport = FakeTransport()
        self.deflates = deflates

    def close(self) -> None:
        self.transport.close()


def frame(text: str) -> Frame:
    return Frame(text.encode())


def to_websocket(way_out: Outbound, *, deflates: bool = False) -> FakeTransport:
    line = FakeLine(deflates=deflates)
    way_out.to_websocket(cast(WebSocketConnection, line))
    return line.transport


async def polled(way_out: Outbound) -> list[str]:
    return [each.payload.decode() for each in await way_out.poll(5)]


async def test_a_poll_gets_what_waits_in_order() -> None:
    way_out = Outbound()
    way_out.write(frame("4a"))
    way_out.write(frame("4b"))
    assert await polled(way_out) == ["4a", "4b"]


async def test_an_open_poll_gets_what_comes_first() -> None:
    way_out = Outbound()
    poll = asyncio.create_task(polled(way_out))
    await asyncio.sleep(0)
    way_out.write(frame("4a"))
    assert await poll == ["4a"]


async def test_a_poll_ends_without_anything_after_its_time() -> None:
    with pytest.raises(TimeoutError):
        await Outbound().poll(0.01)


async def test_what_waited_for_a_poll_goes_first_over_the_websocket() -> None:
    way_out = Outbound()
    way_out.write(frame("4a"))
    transport = to_websocket(way_out)
    way_out.write(frame("4b"))
    assert transport.written == frame("4a").websocket + frame("4b").websocket


@pytest.mark.parametrize("polling", [True, False])
async def test_nothing_is_taken_after_the_end(polling: bool) -> None:
    way_out = Outbound()
    transport = None if polling else to_websocket(way_out)
    way_out.end()
    with pytest.raises(OutboundClosed):
        way_out.write(frame("4a"))
    assert not way_out.offer(frame("4a"))
    assert transport is None or b"4a" not in transport.written


def test_the_answer_to_the_handshake_and_what_waited_are_one_write() -> None:
    way_out, line = Outbound(), FakeLine()
    way_out.write(frame("0{}"))
    way_out.to_websocket(cast(WebSocketConnection, line), b"HTTP/1.1 101\r\n\r\n")
    assert line.transport.writes == [b"HTTP/1.1 101\r\n\r\n\x81\x030{}"]
    way_out.write(frame("40"))
    assert line.transport.writes[1:] == [b"\x81\x0240"]


async def test_a_poll_that_is_open_ends_with_the_socket() -> None:
    way_out = Outbound()
    poll = asyncio.create_task(polled(way_out))
    await asyncio.sleep(0)
    way_out.write(frame("4a"))
    way_out.end()
    assert await poll == ["4a", "1"], "the close packet of Engine.IO comes last"


def test_its_owner_is_told_once_of_the_end() -> None:
    told: list[int] = []
    way_out = Outbound(lambda: told.append(1))
    way_out.end()
    way_out.end()
    assert told == [1]


async def test_the_end_tells_a_healthy_websocket_and_cuts_a_stuck_one() -> None:
    healthy, stuck = Outbound(), Outbound()
    one, other = to_websocket(healthy), to_websocket(stuck)
    other.stuck = HIGH_WATER + 1
    healthy.end()
    stuck.end()
    assert (one.closed, one.aborted) == (True, False)
    assert one.written.endswith(b"\x03\xe9")
    assert other.aborted


@pytest.mark.parametrize("polling", [True, False])
async def test_I6_revisions_are_not_offered_to_a_socket_that_does_not_take_them(
    polling: bool,
) -> None:
    way_out = Outbound()
    if polling:
        way_out.write(frame("4" + "x" * HIGH_WATER))
    else:
        to_websocket(way_out).stuck = HIGH_WATER + 1
    assert not way_out.offer(frame("4a"))


async def test_a_polling_client_takes_more_once_it_has_polled() -> None:
    way_out = Outbound()
    way_out.write(frame("4" + "x" * HIGH_WATER))
    drained = asyncio.Event()
    way_out.when_drained(drained.set)
    assert not drained.is_set()
    await way_out.poll(5)
    assert drained.is_set()
    assert way_out.offer(frame("4a"))


async def test_pongs_answer_pings_in_their_order() -> None:
    way_out = Outbound()
    to_websocket(way_out)
    answers: list[str] = []
    way_out.ping(0.0, lambda _: answers.append("first"))
    way_out.ping(0.0)
    way_out.ping(0.0, lambda _: answers.append("third"))
    way_out.ponged(1.0)
    way_out.ponged(1.0)
    assert answers == ["first"]
    way_out.ponged(1.0)
    way_out.ponged(1.0)  # nobody asked
    assert answers == ["first", "third"]


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_frame_has_the_header_of_its_length(length: int) -> None:
    """The header is that of RFC 6455, 5.2."""
    made = Frame(b"x" * length)
    first, second = made.websocket[:2]
    extended = {126: 2, 127: 8}.get(second, 0)
    named = int.from_bytes(made.websocket[2 : 2 + extended], "big") if extended else second
    assert (first, named) == (0x81, length)
    assert made.encode() == "x" * length


def test_several_frames_are_one_write_and_one_polling_payload() -> None:
    both = Frame.joined([frame("4a"), Frame.joined([frame("4b"), frame("2")])])
    assert both.websocket == b"".join(frame(text).websocket for text in ("4a", "4b", "2"))
    assert both.encode() == "4a\x1e4b\x1e2"
