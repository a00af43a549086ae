"""Tests a WebSocket's connection: how much of its input is looked at, and when its output is
written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import cast

import pytest

from padfleet.services.fanout.transport.cost import ONE_MORE, VALUES_ONE_MORE
from padfleet.services.fanout.transport.inflate import STEP
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame, Parcel
from padfleet.services.fanout.transport.websocket import Code, WebSocketError, close, pong
from padfleet.services.fanout.transport.websocket_connection import (
    FRAMES_AT_ONCE,
    PIECES_AT_ONCE,
    TRICKLE,
    UNITS_AT_ONCE,
    Hold,
    WebSocketConnection,
)
from tests.unit.fanout.test_inflate import RSV1, packed
from tests.unit.fanout.test_websocket import CONTINUATION, PING, PONG, TEXT, frame


class Wire:
    """A transport that takes as much as it is let."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.line: WebSocketConnection | None = None
        self.full = False
        self.reading = True
        self.closed = self.aborted = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(bytes(data))
        if self.full and self.line is not None:
            self.line.pause_writing()

    def get_extra_info(self, name: str) -> Wire:
        return self

    def fileno(self) -> int:
        return -1

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Owner:
    def __init__(self, budget: float = 1e9) -> None:
        self.budget = budget
        self.said: list[str] = []
        self.order: list[str] = []
        self.errors: list[Exception] = []

    def charge(self, line: WebSocketConnection, amount: float) -> bool:
        self.order.append("charged")
        self.budget -= amount
        if self.budget < 0:
            line.fail(Code.POLICY)
        return self.budget >= 0

    def received(self, line: WebSocketConnection, text: str) -> None:
        self.order.append(text)
        if text == "fault":
            raise RecursionError
        self.said.append(text)

    def refused(self, line: WebSocketConnection, error: WebSocketError) -> None:
        self.errors.append(error)

    def failed(self, line: WebSocketConnection, error: Exception) -> None:
        self.errors.append(error)
        line.fail(Code.INTERNAL_ERROR)

    def lost(self, line: WebSocketConnection) -> None: ...


def connected(owner: Owner) -> tuple[WebSocketConnection, Wire]:
    wire = Wire()
    wire.line = line = WebSocketConnection(cast(asyncio.Transport, wire), owner, 1_000_000)
    return line, wire


@pytest.mark.parametrize(
    "frames",
    [
        frame(TEXT, b"x"),
        frame(PING, b""),
        frame(PONG, b""),
        frame(TEXT, b"", final=False),
        frame(TEXT, b"x", final=False) + frame(CONTINUATION, b"", final=False),
    ],
    ids=["text", "ping", "pong", "fragment", "continuation"],
)
async def test_each_frame_is_charged_before_anything_else(frames: bytes) -> None:
    owner = Owner(budget=0.5)
    line, wire = connected(owner)
    line.data_received(frames)
    assert owner.order == ["charged"]
    assert wire.written == [close(Code.POLICY)]
    assert wire.closed


async def test_a_part_of_a_frame_is_charged_too() -> None:
    owner = Owner()
    line, _ = connected(owner)
    whole = frame(TEXT, b"x" * 100)
    for at in range(len(whole)):
        line.data_received(whole[at : at + 1])
    assert owner.said == ["x" * 100]
    assert 1e9 - owner.budget >= 1 + TRICKLE * (len(whole) - 1)


async def test_many_frames_of_one_read_take_several_turns_and_hold_the_next_read() -> None:
    owner = Owner()
    line, wire = connected(owner)
    count = 3 * FRAMES_AT_ONCE
    line.data_received(b"".join(frame(TEXT, b"%d" % number) for number in range(count)))
    assert len(owner.said) == FRAMES_AT_ONCE
    assert not wire.reading
    line.data_received(frame(TEXT, b"last"))  # was on its way already
    assert len(owner.said) == FRAMES_AT_ONCE
    for turn in range(2, 5):
        await asyncio.sleep(0)
        assert len(owner.said) <= turn * FRAMES_AT_ONCE
    assert owner.said == [*map(str, range(count)), "last"]
    assert wire.reading


async def test_long_messages_of_one_read_take_a_turn_each() -> None:
    owner = Owner()
    line, wire = connected(owner)
    line.data_received(frame(TEXT, b"x" * (UNITS_AT_ONCE + 1)) * 4)
    for turn in range(1, 5):
        assert len(owner.said) == turn
        await asyncio.sleep(0)
    assert wire.reading


async def test_messages_of_many_values_take_a_turn_each_and_cost_more() -> None:
    owner = Owner()
    line, _ = connected(owner)
    line.data_received(frame(TEXT, b"[" * 7_900) * 5)
    for turn in range(1, 5):
        assert len(owner.said) == turn
        await asyncio.sleep(0)
    assert 1e9 - owner.budget >= 5 * 7_900 / VALUES_ONE_MORE


@pytest.mark.parametrize("deflated", [False, True])
async def test_more_values_than_a_message_may_have_are_not_passed_on(deflated: bool) -> None:
    owner = Owner()
    wire = Wire()
    wire.line = line = WebSocketConnection(
        cast(asyncio.Transport, wire), owner, 1_000_000, deflates=deflated
    )
    text = b"[" * 8_001
    line.data_received(frame(TEXT | RSV1, packed(text)) if deflated else frame(TEXT, text))
    await asyncio.sleep(0)  # inflating takes another turn
    assert owner.said == []
    assert [str(error) for error in owner.errors] == ["more than 8,000 values"]
    assert wire.written == [close(Code.UNSUPPORTED, "more than 8,000 values")]


async def test_reasons_not_to_read_add_up() -> None:
    line, wire = connected(Owner())
    line.hold(Hold.FAST)
    line.hold(Hold.UNREAD)
    line.release(Hold.FAST)
    assert not wire.reading
    line.release(Hold.UNREAD)
    assert wire.reading


async def test_pings_are_answered_as_fast_as_the_answers_are_taken() -> None:
    line, wire = connected(Owner())
    wire.full = True
    for number in range(100):
        line.data_received(frame(PING, b"%d" % number))
    assert wire.written == [pong(b"0")]
    wire.full = False
    line.resume_writing()
    assert wire.written == [pong(b"0"), pong(b"99")], "the last one is enough"


async def test_a_fault_ends_the_connection_and_is_told() -> None:
    owner = Owner()
    line, wire = connected(owner)
    line.data_received(frame(TEXT, b"fault") + frame(TEXT, b"next"))
    assert [type(error) for error in owner.errors] == [RecursionError]
    assert wire.closed
    assert owner.said == []


async def test_a_client_that_does_not_read_the_rest_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "padfleet.services.fanout.transport.websocket_connection.CLOSE_DEADLINE", 0.0
    )
    line, wire = connected(Owner())
    line.fail(Code.NORMAL)
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    assert wire.aborted


@pytest.mark.parametrize("ended_by", ["us", "the client"])
async def test_nothing_is_kept_of_a_connection_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, ended_by: str
) -> None:
    monkeypatch.setattr(
        "padfleet.services.fanout.transport.websocket_connection.CLOSE_DEADLINE", 0.0
    )
    line, wire = connected(Owner())
    line.data_received(frame(TEXT, b"x" * 50, final=False) + frame(CONTINUATION, b"x" * 50)[:-1])
    assert line._reader.kept > 100
    if ended_by == "us":
        line.fail(Code.POLICY)
        assert line._reader.kept == 0, "it is kept while the rest is being written"
    line.connection_lost(None)
    assert line._reader.kept == 0
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    assert not wire.aborted, "its end was waited for still"


# --- Long messages -------------------------------------------------------------------------------

PARTS = (b"[" * 70_000, b"shared " * 200_000, b"]")


def on_the_wire(parcel: Parcel) -> bytes:
    return parcel.websocket


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_long_message_is_whole_and_in_its_place() -> None:
    line, wire = connected(Owner())
    way_out = Outbound()
    way_out.to_websocket(line)
    parcel = Parcel(PARTS)
    for packet in (Frame(b"4before"), parcel, Frame(b"4behind"), parcel, Frame(b"4last")):
        way_out.write(packet)
    await settled()
    expected = [Frame(b"4before").websocket, on_the_wire(parcel), Frame(b"4behind").websocket]
    expected += [on_the_wire(parcel), Frame(b"4last").websocket]
    assert b"".join(wire.written) == b"".join(expected)
    assert way_out.backlog == 0


async def test_I6_what_is_not_taken_of_a_long_message_is_kept_nowhere() -> None:
    line, wire = connected(Owner())
    way_out = Outbound()
    way_out.to_websocket(line)
    wire.full = True
    parcel = Parcel(PARTS)
    way_out.write(parcel)
    await settled()
    assert sum(map(len, wire.written)) < 100
    assert way_out.kept == 0
    assert way_out.backlog >= parcel.size
    assert not way_out.offer(Frame(b"4behind")), "revisions wait in the feed"
    line.data_received(frame(PING, b"?"))
    drained = []
    way_out.when_drained(lambda: drained.append(True))
    taken = 0
    while wire.written and not drained:
        taken += sum(map(len, wire.written))
        wire.written.clear()
        line.resume_writing()
        await asyncio.sleep(0)
    assert taken == len(on_the_wire(parcel)) + len(pong(b"?"))
    assert way_out.offer(Frame(b"4behind"))


async def test_nothing_is_written_into_the_middle_of_a_frame() -> None:
    line, wire = connected(Owner())
    way_out = Outbound()
    way_out.to_websocket(line)
    wire.full = True
    way_out.write(Parcel(PARTS))
    before = list(wire.written)
    line.data_received(frame(TEXT, b"x") + b"\x81\x02hi")  # not masked
    assert wire.aborted
    assert wire.written == before


async def test_an_end_in_the_middle_of_a_frame_breaks_the_connection() -> None:
    line, wire = connected(Owner())
    way_out = Outbound()
    way_out.to_websocket(line)
    wire.full = True
    way_out.write(Parcel(PARTS))
    way_out.end()
    assert wire.aborted


async def test_a_long_message_is_written_in_several_turns() -> None:
    line, wire = connected(Owner())
    done = []

    def pieces() -> Iterator[bytes]:
        yield from (b"x" for _ in range(3 * PIECES_AT_ONCE))

    line.pour(pieces(), lambda: done.append(True))
    assert len(wire.written) == PIECES_AT_ONCE
    await settled()
    assert len(wire.written) == 3 * PIECES_AT_ONCE
    assert done


async def test_a_long_message_that_waited_for_a_poll_goes_to_the_websocket_instead() -> None:
    way_out = Outbound()
    parcel = Parcel(PARTS)
    for packet in (Frame(b"4before"), parcel, Frame(b"4behind")):
        way_out.write(packet)
    line, wire = connected(Owner())
    way_out.to_websocket(line)
    await settled()
    expected = Frame(b"4before").websocket + on_the_wire(parcel) + Frame(b"4behind").websocket
    assert b"".join(wire.written) == expected


def deflating(owner: Owner, wire: Wire, limit: int = 10_000_000) -> WebSocketConnection:
    line = WebSocketConnection(cast(asyncio.Transport, wire), owner, limit, deflates=True)
    wire.line = line
    return line


async def test_what_is_inflated_is_paid_for_and_cut_off_where_there_is_no_money() -> None:
    bomb = frame(TEXT | RSV1, packed(b"0" * 5_000_000))
    assert len(bomb) < ONE_MORE
    owner, wire = Owner(budget=20.0), Wire()
    deflating(owner, wire).data_received(bomb)
    assert wire.closed
    assert wire.written[-1] == close(Code.POLICY)
    assert owner.said == []


async def test_a_long_message_is_inflated_in_several_turns_of_the_loop() -> None:
    text = "0" * (3 * FRAMES_AT_ONCE * STEP)
    owner, wire = Owner(), Wire()
    deflating(owner, wire).data_received(
        frame(TEXT | RSV1, packed(text)) + frame(TEXT | RSV1, packed("then"))
    )
    assert owner.said == []
    turns = 0
    while len(owner.said) < 2:
        assert not wire.reading
        await asyncio.sleep(0)
        turns += 1
    assert owner.said == [text, "then"]
    assert turns >= 3
    assert 1e9 - owner.budget >= len(text) / ONE_MORE


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(TEXT | RSV1, b"\xff" * 20), Code.INVALID_TEXT),
        (frame(TEXT | RSV1, packed(b"0" * 2_000)), Code.TOO_BIG),
        (frame(PING | RSV1, b""), Code.PROTOCOL_ERROR),
    ],
    ids=["damaged", "too much", "no message"],  # masks are random, and names must not be
)
async def test_a_client_that_sends_what_cannot_be_inflated_is_told_why(
    data: bytes, code: Code
) -> None:
    owner, wire = Owner(), Wire()
    deflating(owner, wire, limit=1_000).data_received(data)
    assert len(owner.errors) == 1
    assert wire.written == [close(code, str(owner.errors[0]))]
    assert wire.closed
