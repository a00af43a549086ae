"""Tests the WebSocket protocol with a client that builds each frame."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.services.fanout.transport.websocket import (
    BadHandshake,
    Closed,
    Code,
    Ping,
    WebSocketError,
    WebSocketReader,
    accept,
    close,
    pong,
)
from tests.examples import examples

LIMIT = 70_000
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
FIN = 0x80


def frame(opcode: int, payload: bytes, *, final: bool = True, mask: bytes | None = None) -> bytes:
    mask = os.urandom(4) if mask is None else mask
    length = len(payload)
    if length < 126:
        header = bytes((0x80 | length,))
    elif length < 65_536:
        header = b"\xfe" + length.to_bytes(2, "big")
    else:
        header = b"\xff" + length.to_bytes(8, "big")
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes(((FIN if final else 0) | opcode,)) + header + mask + masked


def refused(data: bytes) -> Code:
    with pytest.raises(WebSocketError) as caught:
        WebSocketReader(LIMIT).feed(data)
    return caught.value.code


def test_the_handshake_of_the_rfc_is_answered_as_it_says() -> None:
    """The example is from RFC 6455, 1.3."""
    headers = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in accept(headers)


@pytest.mark.parametrize("key", ["", "short", "ä", "dGhlIHNhbXBsZSBub25jZQ", "x" * 200])
def test_a_bad_key_is_refused(key: str) -> None:
    with pytest.raises(BadHandshake, match="Sec-WebSocket-Key"):
        accept({"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key})


def test_another_version_is_refused() -> None:
    with pytest.raises(BadHandshake, match="Version"):
        accept({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})


@pytest.mark.parametrize("length", [0, 1, 3, 4, 125, 126, 65_535, 65_536])
def test_a_text_of_each_length_is_read(length: int) -> None:
    text = "ä"[: length % 2] + "x" * (length - 2 * (length % 2))
    assert WebSocketReader(LIMIT).feed(frame(TEXT, text.encode())) == [text]


messages = st.lists(st.text(max_size=300), min_size=1, max_size=5)


@given(messages, st.data())
@settings(max_examples=examples(200))
def test_bytes_may_come_in_any_pieces(texts: list[str], data: st.DataObject) -> None:
    """These are fragmented messages with pings between the fragments, and they are cut anywhere."""
    wire = b""
    expected: list[str | Ping] = []
    for text in texts:
        raw = text.encode()
        cut = data.draw(st.integers(0, len(raw)))
        if data.draw(st.booleans()):
            wire += frame(TEXT, raw)
        else:
            wire += frame(TEXT, raw[:cut], final=False) + frame(PING, b"?")
            wire += frame(CONTINUATION, raw[cut:])
            expected.append(Ping(b"?"))
        expected.append(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    reader = WebSocketReader(LIMIT)
    found: list[object] = []
    for start, stop in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        found += reader.feed(wire[start:stop])
    assert found == expected


def test_what_comes_byte_by_byte_is_read() -> None:
    wire = frame(TEXT, b"first") + frame(TEXT, b"x" * 70_000) + frame(CLOSE, b"\x03\xe8")
    reader = WebSocketReader(LIMIT)
    found = [event for byte in wire for event in reader.feed(bytes((byte,)))]
    assert found == ["first", "x" * 70_000, Closed()]


def test_a_pong_is_no_event() -> None:
    assert WebSocketReader(LIMIT).feed(frame(PONG, b"?") + frame(TEXT, b"2")) == ["2"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x02hi", Code.PROTOCOL_ERROR),  # not masked
        (frame(TEXT | 0x40, b"x"), Code.PROTOCOL_ERROR),  # compressed
        (frame(BINARY, b"x"), Code.UNSUPPORTED),
        (frame(3, b"x"), Code.PROTOCOL_ERROR),
        (frame(11, b"x"), Code.PROTOCOL_ERROR),
        (frame(CONTINUATION, b"x"), Code.PROTOCOL_ERROR),
        (frame(PING, b"x" * 126), Code.PROTOCOL_ERROR),
        (frame(PING, b"x", final=False), Code.PROTOCOL_ERROR),
        (frame(TEXT, b"x", final=False) + frame(TEXT, b"x"), Code.PROTOCOL_ERROR),
        (frame(TEXT, b"\xff"), Code.INVALID_TEXT),
        (frame(TEXT, b"x" * (LIMIT + 1))[:14], Code.TOO_BIG),  # the header is enough
        (b"\x81\xff" + b"\xff" * 8, Code.TOO_BIG),
    ],
    ids=lambda value: value.name if isinstance(value, Code) else "frame",  # its mask is random
)
def test_what_breaks_the_protocol_has_its_code(data: bytes, code: Code) -> None:
    assert refused(data) is code


def test_fragments_do_not_get_round_the_limit() -> None:
    wire = frame(TEXT, b"x" * 30_000, final=False)
    wire += frame(CONTINUATION, b"x" * 30_000, final=False) * 2
    assert refused(wire) is Code.TOO_BIG


def test_a_character_may_be_cut_by_a_fragment() -> None:
    raw = "ä".encode()
    wire = frame(TEXT, raw[:1], final=False) + frame(CONTINUATION, raw[1:])
    assert WebSocketReader(LIMIT).feed(wire) == ["ä"]


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_end_the_connection(data: bytes) -> None:
    reader = WebSocketReader(LIMIT)
    try:
        reader.feed(data)
    except WebSocketError:
        return


def test_what_we_send() -> None:
    assert pong(b"?") == b"\x8a\x01?"
    assert close(Code.GOING_AWAY) == b"\x88\x02\x03\xe9"


def test_empty_fragments_are_not_collected_without_end() -> None:
    """They never came to the limit, and each cost a pass over all before it: 600 KB of them held
    up the event loop for a minute."""
    many = frame(CONTINUATION, b"", final=False) * (LIMIT // 10)
    assert refused(frame(TEXT, b"", final=False) + many) is Code.TOO_BIG
