"""Makes what a hostile client might send: Etherpad messages, Socket.IO and Engine.IO packets,
frames."""

from __future__ import annotations

import json
import zlib
from random import Random
from typing import Any

from padfleet.shared.wire.jsontext import dumps
from tests.fuzz import corpus
from tests.fuzz.mutate import mutated
from tests.fuzz.values import (
    TEXTS,
    deep_value,
    good_changeset,
    likely_changeset,
    some_pool,
    some_value,
    spoilt,
    with_depth,
)

EVENTS = ["message", "message", "message", "connect", "disconnect", "error", "*", "", "__proto__"]


def user_changes(source: Random, text: str, author: str, head: int) -> dict[str, Any]:
    """Returns the data of a USER_CHANGES for a pad with this text at this head, valid or nearly
    so."""
    kind = source.randrange(5)
    if kind < 2:
        changeset, pool = good_changeset(source, text, author)
    elif kind == 2:
        changeset, pool = likely_changeset(source, len(text)), some_pool(source)
    else:
        changeset, pool = good_changeset(source, text, author)
        changeset = mutated(source, changeset, corpus.changesets())
        if source.random() < 0.5:
            pool = some_pool(source)
    base: Any = source.choice([head, head, head, head - 1, 0, -1, head + 1, 2**53])
    data = {"type": "USER_CHANGES", "baseRev": base, "changeset": changeset, "apool": pool}
    return spoilt(source, data) if source.random() < 0.2 else data


def message(source: Random, text: str = corpus.PAD_TEXT, author: str = corpus.AUTHOR) -> Any:
    """Returns the content of an event `message`."""
    kind = source.randrange(10)
    if kind < 3:
        data = user_changes(source, text, author, source.choice([0, 0, 1, 5]))
        return {"type": "COLLABROOM", "component": "pad", "data": data}
    known: Any = source.choice([*corpus.MESSAGES, *_recorded_messages()])
    if kind < 6:
        return spoilt(source, known)
    if kind < 8:
        return spoilt(source, spoilt(source, known))
    if kind == 8:
        return spoilt(source, known, deep_value)
    return source.choice([some_value(source), deep_value(source), known])


def _recorded_messages() -> list[Any]:
    return [arguments[1] for arguments in corpus.recorded() if len(arguments) > 1]


def written(source: Random, value: Any) -> str:
    """Returns the value as JSON, or nearly: with JavaScript's own constants, escapes, doubled keys,
    white space."""
    text = with_depth(json.dumps(value) if source.random() < 0.5 else dumps(value))
    if source.random() < 0.05:
        text = text.replace("0", source.choice(["NaN", "-Infinity", "1e999", "0x1"]), 1)
    if source.random() < 0.05:
        text = text.replace('"type"', '"type":"x","type"', 1)
    return text


def event_packet(source: Random, text: str = corpus.PAD_TEXT, author: str = corpus.AUTHOR) -> str:
    """Returns a Socket.IO event over Engine.IO."""
    digits = source.choice(["", "", "", "", "1", "42", "9" * 16, "9" * 101, "²", "٣", "-1"])
    namespace = source.choice(["", "", "", "", "", "", "/,", "/other,", "/pad?x=1,", "/"])
    name: Any = source.choice(EVENTS)
    if source.random() < 0.05:
        name = some_value(source)
    arguments = [name, message(source, text, author)]
    if source.random() < 0.1:
        arguments = [*arguments, some_value(source)] if source.random() < 0.5 else arguments[:1]
    kind = source.choice(["42"] * 20 + ["43", "45", "451-", "452-", "46", "461-", "40", "44", "4"])
    return f"{kind}{namespace}{digits}{written(source, arguments)}"


def packet(source: Random, text: str = corpus.PAD_TEXT, author: str = corpus.AUTHOR) -> str:
    """Returns an Engine.IO packet."""
    kind = source.randrange(10)
    if kind < 5:
        return event_packet(source, text, author)
    if kind < 8:
        return mutated(source, source.choice(corpus.packet_texts()), corpus.packet_texts())
    if kind == 8:
        return source.choice(corpus.packet_texts())
    return source.choice("0123456789b") + source.choice(TEXTS)


def payload(source: Random, text: str = corpus.PAD_TEXT, author: str = corpus.AUTHOR) -> bytes:
    """Returns the body of a polling POST."""
    packets = [packet(source, text, author) for _ in range(source.choice([1, 1, 1, 2, 5]))]
    body = "\x1e".join(packets)
    if source.random() < 0.05:
        body = f"d={body}"
    data = body.encode("utf-8", "surrogatepass")
    return mutated(source, data, [data]) if source.random() < 0.1 else data


def frame(source: Random, data: bytes, *, opcode: int = 1, final: bool = True) -> bytes:
    """Returns a client's WebSocket frame in valid form."""
    mask = source.randbytes(4)
    length = len(data)
    if length < 126:
        header = bytes((0x80 | length,))
    elif length < 1 << 16:
        header = b"\xfe" + length.to_bytes(2, "big")
    else:
        header = b"\xff" + length.to_bytes(8, "big")
    pattern = (mask * (length // 4 + 1))[:length]
    masked = int.from_bytes(data, "big") ^ int.from_bytes(pattern, "big")
    first = (0x80 if final else 0) | opcode
    return bytes((first,)) + header + mask + masked.to_bytes(length, "big")


def frames(source: Random, texts: list[str]) -> bytes:
    """Returns these texts as a client could send them: in one frame each, or in parts, with pings
    between them, and now and then with something invalid."""
    out = []
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        if source.random() < 0.2:
            cut = source.randrange(len(data) + 1)
            out.append(frame(source, data[:cut], final=False))
            if source.random() < 0.3:
                out.append(frame(source, b"ping", opcode=9))
            out.append(frame(source, data[cut:], opcode=0))
        else:
            out.append(frame(source, data))
    if source.random() < 0.1:
        odd = source.choice([0, 2, 3, 8, 9, 10, 11])
        out.insert(source.randrange(len(out) + 1), frame(source, b"x" * 3, opcode=odd))
    stream = b"".join(out)
    return mutated(source, stream, [stream]) if source.random() < 0.15 else stream


RSV1 = 0x40


def deflated_frames(source: Random, texts: list[str]) -> bytes:
    """Returns these texts like `frames`, most of them deflated, and some of those badly."""
    out = []
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        if source.random() < 0.1:
            out.append(frame(source, data))
            continue
        compressor = zlib.compressobj(source.choice([0, 1, 6, 9]), zlib.DEFLATED, -15)
        end = source.choice([zlib.Z_SYNC_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FINISH])
        packed = (compressor.compress(data) + compressor.flush(end)).removesuffix(
            b"\x00\x00\xff\xff"
        )
        if source.random() < 0.15:
            packed = mutated(source, packed, [packed, b"\x00\x00\xff\xff"])
        if source.random() < 0.2:
            cut = source.randrange(len(packed) + 1)
            out.append(frame(source, packed[:cut], opcode=1 | RSV1, final=False))
            again = RSV1 if source.random() < 0.05 else 0
            out.append(frame(source, packed[cut:], opcode=0 | again))
        else:
            out.append(frame(source, packed, opcode=1 | RSV1))
    stream = b"".join(out)
    return mutated(source, stream, [stream]) if source.random() < 0.1 else stream


def chunks(source: Random, data: bytes) -> list[bytes]:
    """Returns the stream in pieces, as the network might deliver it."""
    count = source.choice([1, 1, 2, 4])
    cuts = sorted(source.randrange(len(data) + 1) for _ in range(count - 1))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
