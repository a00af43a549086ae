"""Tests that inflating once for many sockets gives what each socket's own inflater would give."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.tools.loadtest.inflate import (
    MOST_KEPT,
    InflateError,
    Inflating,
    SharedInflater,
)
from padfleet.services.tools.loadtest.websocket import FrameReader, LoadSocketError, Upgrade
from tests.unit.loadtest.test_websocket import frame

TAIL = b"\x00\x00\xff\xff"
ANSWER = "permessage-deflate; client_no_context_takeover; server_max_window_bits=12"


class Sender:
    """Deflates for one socket, with a context that it takes over."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(6, zlib.DEFLATED, -12)

    def send(self, text: bytes) -> bytes:
        made = self._compressor.compress(text) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return made.removesuffix(TAIL)


_words = st.sampled_from([b"one ", b"another ", b"a third, longer than these " * 40])
_texts = st.lists(_words, min_size=1, max_size=40).map(b"".join)


@given(st.lists(st.tuples(st.integers(0, 3), _texts), max_size=30))
def test_each_socket_is_told_what_was_sent_to_it(sent: list[tuple[int, bytes]]) -> None:
    shared = SharedInflater()
    sockets = [(Sender(), Inflating(shared, ANSWER)) for _ in range(4)]
    for number, text in sent:
        sender, receiver = sockets[number]
        assert receiver.message(sender.send(text)) == text


def test_sockets_that_are_sent_the_same_are_inflated_for_once() -> None:
    shared, sender = SharedInflater(), Sender()
    receivers = [Inflating(shared, ANSWER) for _ in range(50)]
    for number in range(10):
        text = b"the same for all, %d" % number
        payload = sender.send(text)
        assert {receiver.message(payload) for receiver in receivers} == {text}
    assert len(shared._known) == 10


def test_what_is_remembered_is_bounded() -> None:
    shared, sender = SharedInflater(), Sender()
    receiver = Inflating(shared, ANSWER)
    for number in range(MOST_KEPT + 10):
        receiver.message(sender.send(b"%d" % number))
    assert len(shared._known) <= MOST_KEPT


def test_a_server_may_keep_no_context() -> None:
    receiver = Inflating(SharedInflater(), "permessage-deflate; server_no_context_takeover")
    for text in (b"one", b"two"):
        assert receiver.message(Sender().send(text)) == text


@pytest.mark.parametrize(
    "answer", ["gzip", "permessage-deflate; server_max_window_bits=16", "permessage-deflate2"]
)
def test_an_answer_to_something_else_is_an_error(answer: str) -> None:
    with pytest.raises(InflateError, match="not offered"):
        Inflating(SharedInflater(), answer)


def test_frames_are_inflated_in_one_piece_or_several() -> None:
    reader, sender = FrameReader(), Sender()
    reader.inflating = Inflating(SharedInflater(), ANSWER)
    first, second, third = (sender.send(text) for text in (b"first", b"second", b"third"))
    data = frame(first, 0xC1) + frame(b"plain") + frame(second[:3], 0x41) + frame(second[3:], 0x80)
    assert reader.feed(data + frame(b"pl", 0x01) + frame(b"ain", 0x80) + frame(third, 0xC1)) == [
        b"first",
        b"plain",
        b"second",
        b"plain",
        b"third",
    ]


def test_a_deflated_frame_that_was_not_agreed_on_is_an_error() -> None:
    with pytest.raises(LoadSocketError, match="not agreed"):
        FrameReader().feed(frame(Sender().send(b"x"), 0xC1))
    reader = FrameReader()
    reader.inflating = Inflating(SharedInflater(), ANSWER)
    with pytest.raises(LoadSocketError, match="not deflated"):
        reader.feed(frame(b"\xff" * 10, 0xC1))


def test_an_extension_has_to_be_offered() -> None:
    assert "Sec-WebSocket-Extensions" not in Upgrade().request("here", "/").decode()
    assert "Sec-WebSocket-Extensions: x; y\r\n" in Upgrade("x; y").request("here", "/").decode()
