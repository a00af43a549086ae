"""Frames, cut at every place, and what no server sends."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.tools.loadtest.websocket import (
    MAX_HEAD,
    FrameReader,
    LoadSocketError,
    Upgrade,
    check_upgrade,
    close_frame,
    pong,
    text_frame,
    upgrade_request,
)

KEY = bytes(range(16))


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """Returns a frame such as a server sends."""
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload


def unmasked(data: bytes) -> tuple[int, bytes]:
    """Returns the first byte and the payload of a client's frame, read as RFC 6455 says."""
    assert data[1] & 0x80, "a client has to mask"
    length, at = data[1] & 0x7F, 2
    if length == 126:
        length, at = int.from_bytes(data[2:4], "big"), 4
    elif length == 127:
        length, at = int.from_bytes(data[2:10], "big"), 10
    key, payload = data[at : at + 4], data[at + 4 :]
    assert len(payload) == length
    return data[0], bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


PAYLOADS = [b"", b"2", b"x" * 125, b"y" * 126, b"z" * 300, b"w" * 65535, b"v" * 65536]


def test_frames_are_the_same_wherever_they_are_cut() -> None:
    short = [payload for payload in PAYLOADS if len(payload) < 1000]
    data = b"".join(map(frame, short))
    for cut in range(len(data) + 1):
        reader = FrameReader()
        assert reader.feed(data[:cut]) + reader.feed(data[cut:]) == short


@given(st.lists(st.integers(1, 70_000), max_size=12))
def test_any_pieces_give_the_same(sizes: list[int]) -> None:
    data, reader, found = b"".join(map(frame, PAYLOADS)), FrameReader(), []
    for size in sizes:
        found += reader.feed(data[:size])
        data = data[size:]
    assert found + reader.feed(data) == PAYLOADS


def test_frames_that_come_byte_by_byte_are_read() -> None:
    data, reader, found = b"".join(map(frame, PAYLOADS[:6])), FrameReader(), []
    for byte in data:
        found += reader.feed(bytes((byte,)))
    assert found == PAYLOADS[:6]


def test_a_message_in_several_frames_with_a_ping_between() -> None:
    pieces = [
        frame(b"4", 0x01),
        frame(b"are you there", 0x89),
        frame(b"2[", 0x00),
        frame(b"]", 0x80),
        frame(b"next"),
    ]
    data = b"".join(pieces)
    for cut in range(len(data) + 1):
        reader = FrameReader()
        assert reader.feed(data[:cut]) + reader.feed(data[cut:]) == [b"42[]", b"next"]
        assert reader.pings == [b"are you there"]


def test_a_close_frame_and_its_code() -> None:
    for payload, code in ((b"\x03\xe9bye", 1001), (b"", 1005)):
        reader = FrameReader()
        assert reader.feed(frame(b"last") + frame(payload, 0x88)) == [b"last"]
        assert reader.closed == code


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x81\x80\0\0\0\0", "masked"),
        (frame(b"x", 0x82), "0x82"),  # binary
        (frame(b"x", 0xC1), "deflated"),  # which was not asked for
        (frame(b"x", 0x80), "0x80"),  # goes on with nothing
        (frame(b"x", 0x01) + frame(b"y", 0x81), "0x81"),  # a new one in the middle of another
        (frame(b"x", 0x09), "in pieces"),
        (b"\x81\x7f" + (1 << 40).to_bytes(8, "big"), "1099511627776 bytes"),
    ],
)
def test_what_no_server_sends_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(LoadSocketError, match=why):
        FrameReader().feed(data)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_sent_can_be_read(payload: bytes) -> None:
    assert unmasked(text_frame(payload)) == (0x81, payload)


def test_control_frames_are_masked() -> None:
    assert unmasked(pong(b"here")) == (0x8A, b"here")
    assert unmasked(close_frame(1000)) == (0x88, b"\x03\xe8")


def accept(key: bytes) -> str:
    salt = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    digest = hashlib.sha1(base64.b64encode(key) + salt, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def test_the_upgrade_is_asked_for_and_its_answer_checked() -> None:
    request = upgrade_request("here:9001", "/socket.io/?x=1", KEY).decode()
    assert request.startswith("GET /socket.io/?x=1 HTTP/1.1\r\nHost: here:9001\r\n")
    assert "extensions" not in request.lower()
    head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nSEC-WebSocket-Accept:  {}"
    check_upgrade(head.format(accept(KEY)).encode(), KEY)
    with pytest.raises(LoadSocketError, match="somebody else"):
        check_upgrade(head.format(accept(b"x" * 16)).encode(), KEY)
    with pytest.raises(LoadSocketError, match="404 Not Found"):
        check_upgrade(b"HTTP/1.1 404 Not Found\r\nServer: x", KEY)
    with pytest.raises(LoadSocketError, match="not HTTP"):
        check_upgrade(b"-ERR unknown command", KEY)


def test_the_answer_to_the_upgrade_may_come_in_pieces() -> None:
    upgrade = Upgrade()
    request = upgrade.request("here:9001", "/").decode()
    key = base64.b64decode(request.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0])
    head = f"HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: {accept(key)}\r\n\r\n".encode()
    for piece in (head[:7], head[7:-2]):
        assert upgrade.feed(piece) == b""
        assert not upgrade.done
    assert upgrade.feed(head[-2:] + b"frames") == b"frames"
    assert upgrade.done
    with pytest.raises(LoadSocketError, match="not HTTP"):
        Upgrade().feed(b"x" * (MAX_HEAD + 1))
