"""This module works out a pad's head after an append: which parts are written, merged and
dropped."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from padfleet.shared.batches import fitting
from padfleet.shared.cold.layout.blocks import MOST_IN_A_CHUNK, Block, cut, joined, sized, to_blocks
from padfleet.shared.cold.layout.heads import Beside, HeadObject
from padfleet.shared.cold.layout.pad_parts import PadParts
from padfleet.shared.cold.layout.parts import (
    FULL,
    PartContent,
    PartRef,
    merged_with,
    payload_of,
    value_of,
)
from padfleet.shared.cold.pads import ColdAppend, with_authors
from padfleet.shared.cold.rows import Row
from padfleet.shared.cold.turns import AS_RECORDS, in_turn
from padfleet.shared.log.damage import CorruptPad, readable
from padfleet.shared.log.records import Snapshot

HISTORY_BYTES: Final = 1 << 14
CHAT_BYTES: Final = 1 << 13
BESIDE_BYTES: Final = 1 << 12
"""The maximum number of bytes, compressed, that the head itself holds of the newest revisions, of
the newest messages, and of anything else, since the head is written with each change; anything
larger becomes a part."""

AT_ONCE: Final = 250
"""How many revisions are made into a block in one turn of the event loop, which takes a millisecond
or two."""

EACH_BYTES: Final = 100
"""The approximate number of bytes in the record of an author or a saved revision."""

Message = tuple[str, list[bytes]]
"""A chat message: its ID in the stream, and its fields and values in turn."""


@dataclass
class Contents:
    """What a head names, while it is being changed into the next head."""

    parts: list[PartRef] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    chat_parts: list[PartRef] = field(default_factory=list)
    chat: bytes = b""
    beside: dict[Beside, bytes | PartRef] = field(default_factory=dict)
    snapshot_rev: int = -1
    head: int = -1
    chat_head: int = -1
    new_authors: list[str] = field(default_factory=list)  #: authors who were not in the pad before

    @classmethod
    def of(cls, head: HeadObject | None) -> "Contents":
        if head is None:
            return cls()
        return cls(
            list(head.parts),
            list(head.blocks),
            list(head.chat_parts),
            head.chat,
            dict(head.beside),
            head.snapshot_rev,
            head.state.pad.head,
            head.state.pad.chat,
        )

    @property
    def chain_before_blocks(self) -> bytes:
        return self.parts[-1].chain if self.parts else b""

    @property
    def chain(self) -> bytes:
        """The chain after the last revision."""
        return self.blocks[-1].chain if self.blocks else self.chain_before_blocks


async def append(parts: PadParts, contents: Contents, part: ColdAppend) -> None:
    """Brings the contents up to date, and writes what becomes parts. Raises `CorruptPad` for what
    does not follow, or is damaged in the store; also `PartGone`, `StoreAway` and `StoreFull`."""
    await _history(parts, contents, part)
    pad = part.state.pad
    if (contents.head, contents.chain) != (pad.head, pad.chain):
        raise CorruptPad(f"what was to be appended does not lead to revision {pad.head}")
    await _chat(parts, contents, part.chat, pad.chat)
    if part.saved is not None:
        await _put_beside(parts, contents, "saved", list(part.saved))
    if part.authors:
        await _authors(parts, contents, part.authors)
    if part.snapshot is not None:
        with readable("the snapshot"):
            contents.snapshot_rev = Snapshot.from_bytes(part.snapshot).rev
        await _put_beside(parts, contents, "snapshot", part.snapshot)
    if contents.snapshot_rev > pad.head:
        raise CorruptPad(f"the snapshot is of revision {contents.snapshot_rev}, after the head")


# --- The history ---------------------------------------------------------------------------------


async def _history(parts: PadParts, contents: Contents, part: ColdAppend) -> None:
    first, records = part.revisions
    if not 0 <= first <= contents.head + 1:
        raise CorruptPad(f"revisions {contents.head + 1} to {first - 1} would be missing")
    if first <= contents.head:
        await _cut(parts, contents, first)
    if not records:
        return
    rows = part.rows if part.follows == contents.chain else None
    added = await _blocks_of_new(first, records, contents.chain, rows, part.exact)
    contents.head = first + len(records) - 1
    contents.blocks = await _joined([*contents.blocks, *added])
    if _size(contents.blocks) > HISTORY_BYTES:
        await _move_into_parts(parts, contents)


async def _blocks_of_new(
    first: int,
    records: Sequence[bytes],
    chain: bytes,
    rows: Sequence[Row] | None,
    exact: bool = False,
) -> list[Block]:
    """Makes the blocks a few at a time, so that other tasks get their turn, and makes large ones
    outside the event loop."""
    added: list[Block] = []
    for start in range(0, len(records), AT_ONCE):
        if added:
            chain = added[-1].chain
            await asyncio.sleep(0)
        some = slice(start, start + AT_ONCE)
        own = rows[some] if rows else None
        size = sum(map(len, sized(records[some], own, exact))) // AS_RECORDS
        added += await in_turn(size, to_blocks, first + start, records[some], chain, own, exact)
    return await _joined(added, 1) if len(records) > AT_ONCE else added


async def _joined(blocks: list[Block], most: int = MOST_IN_A_CHUNK) -> list[Block]:
    return await in_turn(_size(blocks), joined, blocks, most)


def _size(blocks: Sequence[Block]) -> int:
    return sum(len(block.payload) for block in blocks)


async def _cut(parts: PadParts, contents: Contents, first: int) -> None:
    """Removes the revisions from `first` on."""
    while contents.parts and contents.parts[-1].last >= first:
        ref = contents.parts.pop()
        contents.blocks = []
        if ref.first < first:
            contents.blocks = blocks_of(ref, await parts.load("history", ref))
    contents.blocks = await asyncio.to_thread(
        cut, contents.blocks, first, contents.chain_before_blocks
    )
    contents.head = first - 1
    if contents.snapshot_rev >= first:
        contents.snapshot_rev = -1
        _ = contents.beside.pop("snapshot", None)


async def _move_into_parts(parts: PadParts, contents: Contents) -> None:
    size = _size(contents.blocks)
    count = merged_with([ref.size for ref in contents.parts], size)
    kept = len(contents.parts) - count
    taken, contents.parts = contents.parts[kept:], contents.parts[:kept]
    blocks: list[Block] = []
    for ref in taken:
        blocks += blocks_of(ref, await parts.load("history", ref))
    blocks = await asyncio.to_thread(joined, [*blocks, *contents.blocks], 1)
    for group in fitting(blocks, lambda block: len(block.payload), FULL):
        content = PartContent([list(block[:3]) for block in group], [b.payload for b in group])
        contents.parts.append(
            await parts.put("history", content, group[0].first, group[-1].last, group[-1].chain)
        )
    contents.blocks = []


def blocks_of(ref: PartRef, content: PartContent) -> list[Block]:
    """Returns the blocks of a part of the history. Raises `CorruptPad`."""
    with readable(f"history part {ref.name}"):
        blocks = [
            Block(first, last, chain, payload)
            for (first, last, chain), payload in zip(content.places, content.payloads, strict=True)
        ]
        follow = all(one.last + 1 == another.first for one, another in pairwise(blocks))
        ends = (blocks[0].first, blocks[-1].last, blocks[-1].chain)
        if not follow or ends != (ref.first, ref.last, ref.chain):
            raise CorruptPad(f"history part {ref.name} has other revisions than its head says")
    return blocks


# --- What is beside it ---------------------------------------------------------------------------


async def _chat(
    parts: PadParts, contents: Contents, messages: Sequence[Message], newest: int
) -> None:
    if not messages and newest >= contents.chat_head:
        return
    follows = newest >= contents.chat_head and all(
        number_of(message) > contents.chat_head for message in messages
    )
    there: list[Message] = []
    if follows:
        there = messages_in(contents.chat)
    else:
        async for page in chat_pages(parts, contents.chat_parts, contents.chat):
            there += page
        contents.chat_parts = []
    merged: dict[str, Message] = {message[0]: message for message in (*there, *messages)}
    kept = sorted((m for m in merged.values() if number_of(m) <= newest), key=number_of)
    contents.chat_head = newest
    contents.chat = payload_of(kept) if kept else b""
    if len(contents.chat) > CHAT_BYTES:
        count = merged_with([ref.size for ref in contents.chat_parts], len(contents.chat))
        at = len(contents.chat_parts) - count
        taken, contents.chat_parts = contents.chat_parts[at:], contents.chat_parts[:at]
        payloads = [
            payload for ref in taken for payload in (await parts.load("chat", ref)).payloads
        ]
        first = taken[0].first if taken else number_of(kept[0])
        content = PartContent([], [*payloads, contents.chat])
        contents.chat_parts.append(await parts.put("chat", content, first, number_of(kept[-1])))
        contents.chat = b""


def number_of(message: Message) -> int:
    """Returns the number of the message in the chat. Raises ValueError."""
    return int(message[0].partition("-")[0])


def messages_in(payload: bytes) -> list[Message]:
    """Returns the messages in a payload. Raises `CorruptPad`."""
    if not payload:
        return []
    with readable("the chat"):
        return [(name, list(flat)) for name, flat in value_of(payload, "the chat")]


async def chat_pages(
    parts: PadParts, refs: Sequence[PartRef], newest: bytes
) -> AsyncIterator[list[Message]]:
    """Yields all messages, in order. Raises `PartGone`, `CorruptPad`, `StoreAway`."""
    for ref in refs:
        for payload in (await parts.load("chat", ref)).payloads:
            yield messages_in(payload)
    yield messages_in(newest)


async def _authors(parts: PadParts, contents: Contents, brought: Sequence[Message]) -> None:
    found = await read_beside(parts, contents.beside, "authors") or []
    there = {author: list(flat) for author, flat in found}
    contents.new_authors = [author for author, _ in brought if author not in there]
    authors = with_authors(there, brought)
    if authors != there:  # hardly ever: each append brings its authors
        await _put_beside(parts, contents, "authors", list(authors.items()))


async def read_beside(
    parts: PadParts, beside: Mapping[Beside, bytes | PartRef], name: Beside
) -> Any:
    """Returns the content stored under `name`, or None if there is none. Raises `PartGone`,
    `CorruptPad`, `StoreAway`."""
    found = beside.get(name)
    if isinstance(found, PartRef):
        (found,) = (await parts.load(name, found)).payloads
    return None if found is None else await in_turn(len(found), value_of, found, f"the {name}")


async def _put_beside(parts: PadParts, contents: Contents, name: Beside, value: Any) -> None:
    size = len(value) if isinstance(value, bytes) else EACH_BYTES * len(value)
    payload = await in_turn(size, payload_of, value)
    if not value:
        contents.beside.pop(name, None)
    elif len(payload) > BESIDE_BYTES:
        contents.beside[name] = await parts.put(name, PartContent([], [payload]))
    else:
        contents.beside[name] = payload
