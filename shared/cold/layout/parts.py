"""This module encodes parts: separate objects for what has grown too large for a pad's head. A part
never changes."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final, Literal, NamedTuple

from padfleet.shared.archive.frames import (
    BadArchive,
    FrameWriter,
    deflated,
    inflated,
    read_payloads,
)
from padfleet.shared.easysync.errors import shown
from padfleet.shared.log.damage import CorruptPad, readable

MAGIC: Final = b"padfleet part 1\n"

FULL: Final = 1 << 18
"""The number of bytes after which a part is not merged any further: it is what is read for any one
revision in it."""

Kind = Literal["history", "chat", "saved", "authors", "snapshot"]


class PartRef(NamedTuple):
    """What a head says about a part."""

    name: str  #: below the pad's own folder
    first: int  #: the first revision or message; 0 for other content
    last: int
    size: int  #: bytes
    seal: bytes  #: of all its content: no other bytes have the same seal
    chain: bytes  #: after `last`, in a part of the history; empty otherwise


class PartContent(NamedTuple):
    """The content of a part."""

    places: list[Any]  #: in a part of the history: first, last and chain of each payload
    payloads: list[bytes]


def encode_part(pad: str, kind: Kind, content: PartContent) -> tuple[bytes, bytes]:
    """Returns the object and its seal."""
    file = BytesIO()
    writer = FrameWriter(file, MAGIC)
    writer.write([kind, pad, content.places])
    for payload in content.payloads:
        writer.write_payload(payload)
    return file.getvalue(), writer.seal


def decode_part(pad: str, kind: Kind, ref: PartRef, data: bytes) -> PartContent:
    """Decodes a part. Raises `CorruptPad` unless it is, to the last bit, the part that the head
    names."""
    said = f"{kind} part {ref.name} of pad {shown(pad)}"
    try:
        frames = list(read_payloads(BytesIO(data), MAGIC))
        if not frames or frames[-1].seal != ref.seal:
            raise CorruptPad(f"{said} is not the one that the pad's head names")
        with readable(said):
            found, of, places = inflated(frames[0].payload, frames[0].end)
            if (found, of) != (kind, pad):
                raise CorruptPad(f"{said} is another's")
            return PartContent(list(places), [frame.payload for frame in frames[1:]])
    except BadArchive as error:
        raise CorruptPad(f"{said}: {error}") from error


def merged_with(sizes: Sequence[int], new: int) -> int:
    """Returns how many of the last parts are merged with a new one, given their sizes in bytes, so
    that there are few parts and each byte is rewritten only a few times. Of two that are merged,
    neither is much larger than the other; so the number of parts grows with the logarithm of the
    size, and from `FULL` on with the size."""
    count, total = 0, new
    for size in reversed(sizes):
        if size > 2 * total or total + size > FULL:
            break
        count, total = count + 1, total + size
    return count


def value_of(payload: bytes, said: str) -> Any:
    """Returns what is in a payload. Raises `CorruptPad`."""
    try:
        return inflated(payload, len(payload))
    except BadArchive as error:
        raise CorruptPad(f"{said} cannot be read: {error}") from error


def payload_of(value: Any) -> bytes:
    return deflated(value)
