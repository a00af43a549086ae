"""This module encodes a pad's head: the object that is replaced with each change of the pad."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final, Literal, cast, get_args

from padfleet.shared.archive.entries import PadHead
from padfleet.shared.archive.frames import (
    BadArchive,
    FrameWriter,
    deflated,
    inflated,
    read_payloads,
)
from padfleet.shared.cold.layout.blocks import Block
from padfleet.shared.cold.layout.parts import PartRef
from padfleet.shared.cold.pads import ColdHead, ColdState, Mark
from padfleet.shared.easysync.errors import shown
from padfleet.shared.log.damage import CorruptPad, readable

MAGIC: Final = b"padfleet pad 1\n"

_END: Final = deflated(["end"])

Beside = Literal["saved", "authors", "snapshot"]
BESIDE: Final[tuple[Beside, ...]] = get_args(Beside)


@dataclass(frozen=True, slots=True)
class HeadObject:
    """Everything that a head says."""

    nonce: bytes  #: unique to each head, so that no two heads are the same bytes
    mark: Mark
    edition: int
    written: int
    state: ColdState
    parts: tuple[PartRef, ...] = ()  #: of the history, in order
    blocks: tuple[Block, ...] = ()  #: the blocks that follow the parts
    chat_parts: tuple[PartRef, ...] = ()
    chat: bytes = b""  #: payload of the messages after the parts; empty if there are none
    beside: dict[Beside, bytes | PartRef] = field(default_factory=dict)
    """The content under each name: a payload, or a reference to the part that holds it."""
    snapshot_rev: int = -1  #: the revision of the snapshot; -1 if there is none

    def cold_head(self, version: str) -> ColdHead:
        pad = self.state.pad
        return ColdHead(
            pad.epoch, pad.head, pad.chain, self.mark, self.edition, self.written, version
        )

    @property
    def size(self) -> int:
        """The number of bytes of all parts that the head names, and of what is large in the head
        itself."""
        return sum(ref.size for ref in self.refs()) + self.inline_size

    @property
    def inline_size(self) -> int:
        """The number of bytes of what is large in the head itself."""
        inline = [self.chat, *(block.payload for block in self.blocks)]
        inline += [payload for payload in self.beside.values() if isinstance(payload, bytes)]
        return sum(map(len, inline))

    def refs(self) -> list[PartRef]:
        """Returns all parts that the head names."""
        beside = [ref for ref in self.beside.values() if isinstance(ref, PartRef)]
        return [*self.parts, *self.chat_parts, *beside]


def encode_head(head: HeadObject) -> bytes:
    """Returns the object that stands for a pad in the store: sealed frames, the first of which says
    what the pad is and the others hold what has no part of its own."""
    file = BytesIO()
    writer = FrameWriter(file, MAGIC)
    pad, sessions, reigns, *mappings = head.state
    state = [list(pad), sessions, reigns, *map(dict, mappings)]
    writer.write(["head", head.nonce, head.mark, head.edition, head.written, state])
    beside = {n: list(ref) for n, ref in head.beside.items() if isinstance(ref, PartRef)}
    inline = [name for name in BESIDE if isinstance(head.beside.get(name), bytes)]
    placed = [list(block[:3]) for block in head.blocks]
    parts = [[list(ref) for ref in parts] for parts in (head.parts, head.chat_parts)]
    writer.write(["where", *parts, beside, inline, placed, bool(head.chat), head.snapshot_rev])
    for name in inline:
        writer.write_payload(cast("bytes", head.beside[name]))
    for payload in (*([head.chat] if head.chat else []), *(b.payload for b in head.blocks)):
        writer.write_payload(payload)
    # Without this, an object that is cut off between two frames would look complete.
    writer.write_payload(_END)
    return file.getvalue()


def decode_head(data: bytes, pad: str | None = None) -> HeadObject:
    """Decodes a head. Raises `CorruptPad` if it is incomplete, inconsistent, or belongs to a pad
    other than `pad`; with None, any pad's head is accepted."""
    said = f"the head of pad {shown(pad)}" if pad is not None else "a pad's head"
    try:
        frames = list(read_payloads(BytesIO(data), MAGIC))
        with readable(said):
            if inflated(frames[-1].payload, len(data)) != ["end"]:
                raise CorruptPad(f"{said} has no end")
            first, where, *payloads = (frame.payload for frame in frames[:-1])
            head = _head(inflated(first, len(data)), inflated(where, len(data)), payloads)
    except BadArchive as error:
        raise CorruptPad(f"{said}: {error}") from error
    except CorruptPad as error:
        raise CorruptPad(str(error) if said in str(error) else f"{said}: {error}") from error
    if pad is not None and head.state.pad.pad != pad:
        raise CorruptPad(f"{said} is that of pad {shown(head.state.pad.pad)}")
    return head


def _head(begins: list[Any], where: list[Any], payloads: list[bytes]) -> HeadObject:
    kind, nonce, mark, edition, written, (pad, *state) = begins
    placed_kind, parts, chat_parts, refs, inline, placed, has_chat, snapshot_rev = where
    if (kind, placed_kind) != ("head", "where") or mark not in get_args(Mark):
        raise CorruptPad("it is none")
    if len(payloads) != len(inline) + len(placed) + bool(has_chat):
        raise CorruptPad("something is missing in it")
    beside: dict[Beside, bytes | PartRef] = {name: PartRef(*ref) for name, ref in refs.items()}
    beside.update(zip(inline, payloads, strict=False))
    rest = payloads[len(inline) :]
    chat = rest.pop(0) if has_chat else b""
    blocks = [
        Block(first, last, chain, payload)
        for (first, last, chain), payload in zip(placed, rest, strict=True)
    ]
    head = HeadObject(
        nonce,
        mark,
        edition,
        written,
        ColdState(PadHead(*pad), *state),
        tuple(PartRef(*ref) for ref in parts),
        tuple(blocks),
        tuple(PartRef(*ref) for ref in chat_parts),
        chat,
        beside,
        snapshot_rev,
    )
    _check_history(head)
    return head


def _check_history(head: HeadObject) -> None:
    expected, chain = 0, b""
    pieces: list[PartRef | Block] = [*head.parts, *head.blocks]
    for piece in pieces:
        if piece.first != expected or piece.last < piece.first:
            raise CorruptPad(f"revision {expected} is missing")
        expected, chain = piece.last + 1, piece.chain
    pad = head.state.pad
    if (expected - 1, chain) != (pad.head, pad.chain):
        raise CorruptPad(f"what it names does not lead to revision {pad.head}")
