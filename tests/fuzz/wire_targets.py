"""Targets that parse bytes, packets and handshakes."""

from __future__ import annotations

from random import Random

from padfleet.services.fanout.transport import websocket
from padfleet.services.fanout.transport.deflate_offer import negotiate
from padfleet.services.fanout.transport.websocket import (
    BadHandshake,
    WebSocketError,
    WebSocketReader,
)
from padfleet.shared.wire import jsontext, socketio
from padfleet.shared.wire.jsontext import BadJson
from padfleet.shared.wire.socketio import BadPacket
from tests.fuzz import corpus, messages
from tests.fuzz.mutate import mutated
from tests.fuzz.target import Target
from tests.fuzz.values import TEXTS


def _json_case(source: Random) -> str | bytes:
    text = messages.written(source, messages.message(source))
    if source.random() < 0.7:
        text = mutated(source, text, corpus.event_texts())
    return text if source.random() < 0.5 else text.encode("utf-8", "surrogatepass")


def _json(case: str | bytes) -> int:
    value = jsontext.loads(case)
    text = jsontext.dumps(value)
    text.encode()  # has to be possible, whatever halves of pairs there are
    assert jsontext.loads(text) == value
    return len(text)


def _packet(case: str) -> int:
    packet = socketio.decode(case)
    match packet:
        case socketio.Event(name, args, ack_id):
            assert socketio.decode(socketio.encode_event(name, *args, ack_id=ack_id)) == packet
        case socketio.Ack(ack_id, args):
            assert socketio.decode(socketio.encode_ack(ack_id, *args)) == packet
    return 0


WEBSOCKET_LIMIT = 5000


def _websocket_case(source: Random) -> list[bytes]:
    texts = [messages.packet(source)[:3000] for _ in range(source.choice([1, 1, 2, 5]))]
    return messages.chunks(source, messages.frames(source, texts))


def _websocket(case: list[bytes]) -> int:
    reader, size = WebSocketReader(WEBSOCKET_LIMIT), 0
    for chunk in case:
        for event in reader.feed(chunk):
            size += len(event) if isinstance(event, str) else sum(map(len, event))
        kept = len(reader._kept or b"")
        assert kept <= WEBSOCKET_LIMIT + 14, f"{kept} bytes are kept"
    # Pieces have to give the same result as the whole.
    assert size == sum(
        len(event) if isinstance(event, str) else sum(map(len, event))
        for event in WebSocketReader(WEBSOCKET_LIMIT).feed(b"".join(case))
    )
    return size


def _deflated_case(source: Random) -> list[bytes]:
    texts = [messages.packet(source)[:3000] for _ in range(source.choice([1, 1, 2, 5]))]
    if source.random() < 0.1:
        texts.append(source.choice("0ab") * source.choice([4_999, 5_001, 100_000]))
    return messages.chunks(source, messages.deflated_frames(source, texts))


def _deflated(case: list[bytes]) -> int:
    """Reads deflated frames: pieces have to give the same result as the whole, and never more than
    is allowed."""
    sizes = []
    for chunks in (case, [b"".join(case)]):
        reader, size = WebSocketReader(WEBSOCKET_LIMIT, inflates=True), 0
        for chunk in chunks:
            for event in reader.feed(chunk):
                assert not isinstance(event, str) or len(event) <= WEBSOCKET_LIMIT
                size += len(event) if isinstance(event, str) else sum(map(len, event))
        sizes.append(size)
    assert sizes[0] == sizes[1]
    return sizes[0]


def _handshake_case(source: Random) -> dict[str, str]:
    headers = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    name = source.choice(list(headers))
    headers[name] = mutated(source, headers[name], TEXTS)
    return headers


OFFERS = [
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
    'permessage-deflate; server_max_window_bits="9", permessage-deflate; x=1, gzip',
]

TARGETS = [
    Target("json", _json_case, _json, (BadJson,), 100_000),
    Target("packet", messages.packet, _packet, (BadPacket,), 150_000),
    Target("websocket", _websocket_case, _websocket, (WebSocketError,), 100_000),
    Target("deflated", _deflated_case, _deflated, (WebSocketError,), 100_000),
    Target(
        "offer",
        lambda source: mutated(source, source.choice(OFFERS), OFFERS),
        lambda case: len(negotiate([case]) or ""),
        (),
        50_000,
    ),
    Target(
        "handshake",
        _handshake_case,
        lambda case: len(websocket.accept(case)),
        (BadHandshake,),
        50_000,
    ),
]
