"""This module reads what a pad consists of, from the parts that its head names."""

from collections.abc import AsyncIterator
from typing import Final, TypeVar

from padfleet.shared.archive.entries import Revisions
from padfleet.shared.cold.layout.appending import Message, blocks_of, chat_pages, read_beside
from padfleet.shared.cold.layout.blocks import Block, from_block, last_of
from padfleet.shared.cold.layout.heads import HeadObject
from padfleet.shared.cold.layout.pad_parts import PadParts
from padfleet.shared.cold.pads import ColdPad
from padfleet.shared.cold.store import ColdVersion
from padfleet.shared.cold.turns import in_turn
from padfleet.shared.log.damage import CorruptPad, readable
from padfleet.shared.log.records import Snapshot
from padfleet.shared.tasks import all_of

EACH_BYTES: Final = 100
"""The cost of making the record of a revision, as the number of bytes that are sealed in the same
time."""

T = TypeVar("T")


async def read_pad(parts: PadParts, head: HeadObject, version: ColdVersion) -> ColdPad:
    """Reads all that is needed to go on with a pad. Raises `PartGone`, and `CorruptPad` if the
    parts contradict each other."""
    (snapshot, revisions), chat, saved, authors = await all_of(
        _tail(parts, head),
        _all_of_chat(parts, head),
        read_beside(parts, head.beside, "saved"),
        read_beside(parts, head.beside, "authors"),
    )
    return ColdPad(
        head.cold_head(version),
        head.state,
        snapshot,
        revisions,
        chat,
        list(saved or ()),
        [(author, list(flat)) for author, flat in authors or ()],
    )


async def _tail(parts: PadParts, head: HeadObject) -> tuple[bytes | None, Revisions]:
    """Returns the snapshot, and the revisions that lead from it to the head."""
    newest = head.state.pad.head
    first = min(head.snapshot_rev + 1, newest)
    snapshot, blocks = await all_of(
        read_beside(parts, head.beside, "snapshot"),
        _listed(blocks_between(parts, head, first, newest)),
    )
    chain = b""
    if snapshot is not None:
        with readable("the snapshot"):
            seen = Snapshot.from_bytes(snapshot)
        if seen.rev != head.snapshot_rev:
            raise CorruptPad("the snapshot is of another revision than the head says")
        chain = seen.chain
    records: list[bytes] = []
    if first == head.snapshot_rev:
        # The snapshot is all that is needed, and the newest revision is there for a look at it.
        if chain != head.state.pad.chain:
            raise CorruptPad("the snapshot is of another history")
        return snapshot, Revisions(first, [last_of(blocks[-1][0])])
    for block, _ in blocks:
        try:
            records += await _unpacked(block, chain, first)
        except CorruptPad as error:
            if snapshot is None or records:
                raise
            raise CorruptPad(f"the snapshot is of another history, or {error}") from error
        chain = block.chain
    return snapshot, Revisions(first, records)


async def blocks_between(
    parts: PadParts, head: HeadObject, first: int, last: int
) -> AsyncIterator[tuple[Block, bytes]]:
    """Yields the blocks with the revisions first…last, each with the chain before it."""
    chain = b""
    for ref in head.parts:
        if ref.last >= first and ref.first <= last:
            for block in blocks_of(ref, await parts.load("history", ref)):
                if block.last >= first and block.first <= last:
                    yield block, chain
                chain = block.chain
        chain = ref.chain
    for block in head.blocks:
        if block.last >= first and block.first <= last:
            yield block, chain
        chain = block.chain


async def _unpacked(block: Block, chain: bytes, first: int) -> list[bytes]:
    wanted = block.last - max(block.first, first) + 1
    return await in_turn(EACH_BYTES * wanted, from_block, block, chain, first)


async def _listed(items: AsyncIterator[T]) -> list[T]:
    return [item async for item in items]


async def _all_of_chat(parts: PadParts, head: HeadObject) -> list[Message]:
    return [m async for page in chat_pages(parts, head.chat_parts, head.chat) for m in page]
