"""Tests Socket.IO packets as text against the library that the server uses."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from socketio.packet import ACK, CONNECT, EVENT
from socketio.packet import Packet as ReferencePacket

from padfleet.shared.wire import socketio
from padfleet.shared.wire.socketio import (
    Ack,
    BadPacket,
    ClosePacket,
    ConnectErrorPacket,
    ConnectPacket,
    Event,
    Nothing,
    OpenPacket,
    PingPacket,
    decode,
    encode_ack,
    encode_event,
)

CODE_UNITS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=()), max_size=8)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | CODE_UNITS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CODE_UNITS, inner, max_size=3),
    max_leaves=6,
)
ACK_IDS = st.none() | st.integers(0, 2**40)

PACKETS: dict[str, socketio.Packet] = {
    '0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}': OpenPacket(
        "s", 25000, 20000
    ),
    "1": ClosePacket(),
    "2": PingPacket(),
    "2probe": PingPacket("probe"),
    "3": Nothing(),
    "3probe": Nothing(),
    "6": Nothing(),
    '40{"sid":"abc"}': ConnectPacket("abc"),
    "40": ConnectPacket(""),
    "41": ClosePacket(),
    '42["message",{"a":1},null]': Event("message", [{"a": 1}, None]),
    '42["message"]': Event("message", []),
    '420["message"]': Event("message", [], 0),
    '4212["message",[]]': Event("message", [[]], 12),
    '42["12"]': Event("12", []),
    "430[]": Ack(0, []),
    '4317[null,{"a":"b"}]': Ack(17, [None, {"a": "b"}]),
    '44{"message":"no"}': ConnectErrorPacket("no"),
    "44": ConnectErrorPacket("refused"),
}


@pytest.mark.parametrize(("text", "packet"), PACKETS.items(), ids=PACKETS.keys())
def test_each_kind_is_decoded(text: str, packet: socketio.Packet) -> None:
    """NamedTuples with equal content are equal, so the type is compared as well."""
    found = decode(text)
    assert type(found) is type(packet)
    assert found == packet


def test_events_and_acknowledgements_are_encoded() -> None:
    assert encode_event("message") == '42["message"]'
    assert encode_event("message", {"a": 1}, None) == '42["message",{"a":1},null]'
    assert encode_event("message", ack_id=0) == '420["message"]'
    assert encode_event("message", 5, ack_id=12) == '4212["message",5]'
    assert encode_ack(0) == "430[]"
    assert encode_ack(7, None, "x") == '437[null,"x"]'


def test_an_ack_id_of_zero_is_an_id() -> None:
    """0 is the first that every client uses; taken for "none", its callback never fires."""
    found = decode(encode_event("message", ack_id=0))
    assert isinstance(found, Event)
    assert found.ack_id is not None


@given(CODE_UNITS, st.lists(JSON_VALUES, max_size=3), ACK_IDS)
@example("message", ["\ud83d", "\ude00\ud83d", "\ud83d\ude00"], None)
def test_I9_an_event_comes_back_with_its_lone_surrogates(
    name: str, args: list[Any], ack_id: int | None
) -> None:
    """Half an emoji that UTF-8 refuses would end the connection of everybody on the pad."""
    text = encode_event(name, *args, ack_id=ack_id)
    assert decode(text.encode().decode()) == Event(name, args, ack_id)


@given(st.integers(0, 2**40), st.lists(JSON_VALUES, max_size=3))
def test_an_acknowledgement_comes_back(ack_id: int, args: list[Any]) -> None:
    text = encode_ack(ack_id, *args)
    assert decode(text.encode().decode()) == Ack(ack_id, args)


@given(st.integers(0, 1000) | st.none(), st.text("ab1/[-,", max_size=5))
def test_the_servers_library_reads_and_writes_the_same(ack_id: int | None, word: str) -> None:
    """It is not enough that our own encoder and decoder agree."""
    theirs = ReferencePacket(encoded_packet=encode_event("message", word, ack_id=ack_id)[1:])
    assert (theirs.packet_type, theirs.data, theirs.id) == (EVENT, ["message", word], ack_id)
    event = ReferencePacket(EVENT, data=["message", word], id=ack_id).encode()
    assert decode(f"4{event}") == Event("message", [word], ack_id)
    ack = ReferencePacket(ACK, data=[word], id=ack_id or 0).encode()
    assert decode(f"4{ack}") == Ack(ack_id or 0, [word])


def test_the_connect_packet_is_that_of_the_library() -> None:
    assert f"4{ReferencePacket(CONNECT).encode()}" == socketio.CONNECT
    assert (socketio.PONG, socketio.DISCONNECT) == ("3", "41")


@pytest.mark.parametrize(
    "text",
    [
        '42/admin,["message"]',
        '42/admin,1["message"]',
        '40/admin,{"sid":"x"}',
        "41/admin,",
        "43/admin,1[]",
        '44/admin,{"message":"no"}',
    ],
)
def test_a_packet_of_another_namespace_is_refused(text: str) -> None:
    """If "41/admin," were taken for one of ours, it would end the session."""
    with pytest.raises(BadPacket, match="namespace"):
        decode(text)


@pytest.mark.parametrize(
    "text",
    [
        "bAAEC",
        '451-["message",{"_placeholder":true,"num":0}]',
        '461-1[{"_placeholder":true,"num":0}]',
    ],
)
def test_binary_is_refused(text: str) -> None:
    with pytest.raises(BadPacket, match="unknown"):
        decode(text)


BAD = {
    "nothing": "",
    "no Socket.IO packet in the message": "4",
    "an upgrade, which only clients send": "5",
    "no Engine.IO packet": "7",
    "a letter": "x",
    "no Socket.IO packet": "47",
    "a handshake without anything": "0",
    "a handshake that is no object": "0[]",
    "a handshake without sid": '0{"pingInterval":1,"pingTimeout":1}',
    "a handshake without times": '0{"sid":"s"}',
    "an event without data": "42",
    "an event that is an object": "42{}",
    "an event of nothing": "42[]",
    "an event whose name is a number": "42[1]",
    "an event of NaN": '42["message",NaN]',
    "a broken event": '42["message"',
    "two events": '42["message"]["message"]',
    "an acknowledgement without id": "43[]",
    "an acknowledgement of an object": "431{}",
    "an acknowledgement without data": "431",
    "a negative ack id": "43-1[]",
    "a connect that is no object": "40[]",
    "a refusal that is no object": '44"no"',
    "deep nesting": "42" + "[" * 100_000,
    "an ack id longer than Python reads": "42" + "9" * 5000 + '["message"]',
    "a number longer than Python reads": "42[" + "9" * 5000 + "]",
    "digits that are not ASCII": '42٣["message"]',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_no_packet_is_refused(text: str) -> None:
    """Any other exception would end the reading task without a word to the user."""
    with pytest.raises(BadPacket) as caught:
        decode(text)
    assert str(caught.value)
    assert len(str(caught.value)) < 500


NEARLY = st.builds(
    str.__add__,
    st.sampled_from(["", "0", "4", "40", "41", "42", "43", "44", "421", "431"]),
    st.text('0129[]{}",:/-_ abntrue\\ud83', max_size=20) | JSON_VALUES.map(repr),
)


@given(st.text(max_size=20) | CODE_UNITS | NEARLY)
def test_garbage_is_a_packet_or_a_bad_packet_and_nothing_else(text: str) -> None:
    try:
        packet = decode(text)
    except BadPacket:
        return
    assert isinstance(packet, get_args(socketio.Packet))
