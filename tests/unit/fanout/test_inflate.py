"""Tests how deflated messages are read, and what ends the connection."""

from __future__ import annotations

import os
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.transport.inflate import MOST_STREAMS, STEP
from padfleet.services.fanout.transport.websocket import (
    Code,
    Event,
    WebSocketError,
    WebSocketReader,
)
from tests.unit.fanout.test_websocket import BINARY, CONTINUATION, PING, TEXT, frame

LIMIT = 300_000
RSV1, RSV2 = 0x40, 0x20
TAIL = b"\x00\x00\xff\xff"


def packed(text: str | bytes, *, level: int = 6) -> bytes:
    """Deflates one message by itself, as a browser does."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
    data = text.encode() if isinstance(text, str) else text
    made = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return made.removesuffix(TAIL)


def final(data: bytes) -> bytes:
    """Returns a deflate stream that ends, which is allowed but rare (RFC 7692, 7.2.3.4)."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush(zlib.Z_FINISH)


def reader() -> WebSocketReader:
    return WebSocketReader(LIMIT, inflates=True)


def read(data: bytes) -> list[Event]:
    return reader().feed(data)


def refused(data: bytes) -> Code:
    with pytest.raises(WebSocketError) as caught:
        read(data)
    return caught.value.code


@given(st.text(max_size=300), st.integers(0, 9))
def test_a_message_is_read_as_it_was_before(text: str, level: int) -> None:
    assert read(frame(TEXT | RSV1, packed(text, level=level))) == [text]


def test_the_examples_of_the_rfc() -> None:
    """The examples are from RFC 7692, 7.2.3: in one frame, in two, without compression, and with an
    end."""
    hello = bytes.fromhex("f248cdc9c90700")
    assert read(frame(TEXT | RSV1, hello)) == ["Hello"]
    assert read(frame(TEXT | RSV1, hello[:3], final=False) + frame(CONTINUATION, hello[3:])) == [
        "Hello"
    ]
    assert read(frame(TEXT | RSV1, bytes.fromhex("000500faff48656c6c6f00"))) == ["Hello"]
    assert read(frame(TEXT | RSV1, bytes.fromhex("f348cdc9c9070000"))) == ["Hello"]
    two_blocks = bytes.fromhex("f24805000000ffffcac9c90700")
    assert read(frame(TEXT | RSV1, two_blocks)) == ["Hello"]


def test_nothing_is_kept_between_two_messages() -> None:
    """A message that refers to the previous one is invalid, since that was not agreed on."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts = []
    for _ in range(2):
        made = compressor.compress(b"the same once more, " * 5)
        parts.append((made + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL))
    assert len(read(frame(TEXT | RSV1, parts[0]))) == 1
    assert refused(b"".join(frame(TEXT | RSV1, part) for part in parts)) is Code.INVALID_TEXT


def test_deflated_and_other_messages_may_come_in_turn() -> None:
    data = (
        frame(TEXT | RSV1, packed("a"))
        + frame(TEXT, b"b")
        + frame(TEXT | RSV1, packed("c" * 40)[:5], final=False)
        + frame(PING, b"")
        + frame(CONTINUATION, packed("c" * 40)[5:])
    )
    events = read(data)
    assert [event for event in events if isinstance(event, str)] == ["a", "b", "c" * 40]


def test_an_empty_message_is_one() -> None:
    assert read(frame(TEXT | RSV1, b"\x00")) == [""]
    assert read(frame(TEXT | RSV1, packed(""))) == [""]


def test_RSV1_belongs_to_the_first_frame_of_a_message_and_to_no_control_frame() -> None:
    first = frame(TEXT | RSV1, packed("x"), final=False)
    assert refused(first + frame(CONTINUATION | RSV1, b"")) is Code.PROTOCOL_ERROR
    assert refused(frame(PING | RSV1, b"")) is Code.PROTOCOL_ERROR
    assert refused(frame(TEXT | RSV2, b"x")) is Code.PROTOCOL_ERROR
    assert refused(frame(TEXT | RSV1 | RSV2, packed("x"))) is Code.PROTOCOL_ERROR
    assert refused(frame(BINARY | RSV1, packed("x"))) is Code.UNSUPPORTED


def test_RSV1_is_an_error_where_it_is_not_agreed_on() -> None:
    with pytest.raises(WebSocketError) as caught:
        WebSocketReader(LIMIT).feed(frame(TEXT | RSV1, packed("x")))
    assert caught.value.code is Code.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "data",
    [b"\x07", b"\xff" * 20, b"\x00\x05\x00\xfa\xfe12345", packed("x" * 90)[:4] + b"\xff" * 30],
)
def test_what_is_not_deflated_ends_the_connection(data: bytes) -> None:
    assert refused(frame(TEXT | RSV1, data)) is Code.INVALID_TEXT


def test_text_has_to_be_UTF8_also_when_inflated() -> None:
    assert refused(frame(TEXT | RSV1, packed(b"\xff\xfe"))) is Code.INVALID_TEXT


def test_a_bomb_ends_the_connection_before_it_has_gone_off() -> None:
    bomb = packed(b"0" * 50_000_000)
    assert len(bomb) < LIMIT
    one = reader()
    one.add(frame(TEXT | RSV1, bomb))
    assert one.take()
    assert one.inflation is not None
    steps = 0
    with pytest.raises(WebSocketError) as caught:  # noqa: PT012
        while one.inflation is not None:
            one.inflate()
            steps += 1
    assert caught.value.code is Code.TOO_BIG
    assert one.inflation.size <= LIMIT + STEP
    assert steps <= LIMIT // STEP + 1


def test_no_step_brings_more_than_one_is_for() -> None:
    one = reader()
    text = os.urandom(90_000).hex()
    one.add(frame(TEXT | RSV1, packed(text + "0" * 100_000)))
    one.take()
    brought = []
    while one.inflation is not None:
        brought.append(one.inflate())
    assert max(brought) <= STEP
    assert sum(brought) == 280_000
    assert one.event == text + "0" * 100_000


def test_streams_that_end_may_follow_each_other_but_not_many_times() -> None:
    several = b"".join(final(b"abc" * 9) for _ in range(3)) + b"\x00"
    assert read(frame(TEXT | RSV1, several)) == ["abc" * 27]
    many = final(b"") * 2 * MOST_STREAMS
    assert refused(frame(TEXT | RSV1, many)) is Code.INVALID_TEXT


@given(st.binary(max_size=200))
def test_anything_at_all_is_a_message_or_ends_the_connection(data: bytes) -> None:
    one = reader()
    with suppress(WebSocketError):
        assert len(one.feed(frame(TEXT | RSV1, data))) == 1
        return
    assert refused(frame(TEXT | RSV1, data)) is Code.INVALID_TEXT
