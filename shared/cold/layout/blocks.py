"""Blocks: some revisions in a row of one chunk, compressed, with the chain that they lead to."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from padfleet.shared.archive.frames import BadArchive, deflated, inflated
from padfleet.shared.cold.layout.columns import Columns, from_columns, to_columns
from padfleet.shared.log.chunks import CHUNK_REVISIONS
from padfleet.shared.log.damage import CorruptPad, readable

BLOCK_BYTES: Final = 1 << 20
"""Bytes of records after which a block is full, before its chunk is."""

MOST_IN_A_CHUNK: Final = 24
"""Blocks of the chunk that is not full yet; with more, they are made into one. Each costs some 200
bytes more than its revisions, and making them into one, the work that was done for them again."""


class Block(NamedTuple):
    """Some revisions, of which none is of another chunk than the first."""

    first: int
    last: int
    chain: bytes  #: after `last`
    payload: bytes  #: of a frame

    @property
    def chunk(self) -> int:
        return self.first // CHUNK_REVISIONS


def to_blocks(first: int, records: Sequence[bytes], chain: bytes) -> list[Block]:
    """Blocks of these records, which follow the chain. Raises `CorruptPad` if they do not."""
    blocks = []
    for start, end in _ranges(first, records):
        columns, chain = to_columns(first + start, records[start:end], chain)
        place = (first + start, first + end - 1, chain)
        blocks.append(Block(*place, deflated(["revs", *place[:2], *columns])))
    return blocks


def _ranges(first: int, records: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    start = size = 0
    for at, record in enumerate(records):
        if at > start and (size >= BLOCK_BYTES or (first + at) % CHUNK_REVISIONS == 0):
            yield start, at
            start, size = at, 0
        size += len(record)
    if records:
        yield start, len(records)


def from_block(block: Block, chain: bytes) -> list[bytes]:
    """The records as they were put. `chain` is the one before the first. Raises `CorruptPad`."""
    said = f"the block of revisions {block.first} to {block.last}"
    with readable(said):
        try:
            kind, first, last, *columns = inflated(block.payload, len(block.payload))
        except BadArchive as error:
            raise CorruptPad(f"{said} cannot be read") from error
        if (kind, first, last) != ("revs", block.first, block.last):
            raise CorruptPad(f"{said} is another's")
        records, leads_to = from_columns(first, last - first + 1, Columns(*columns), chain)
    if leads_to != block.chain:
        raise CorruptPad(f"{said} belongs to another history")
    return records


def cut(blocks: Sequence[Block], before: int, chain: bytes) -> list[Block]:
    """Without the revisions from `before` on. `chain` is the one before the first block."""
    kept = []
    for block in blocks:
        if block.last < before:
            kept.append(block)
        elif block.first < before:
            kept += to_blocks(block.first, from_block(block, chain)[: before - block.first], chain)
        chain = block.chain
    return kept


def joined(blocks: Sequence[Block], chain: bytes, most: int = MOST_IN_A_CHUNK) -> list[Block]:
    """The same revisions, with one block for each chunk that is full, as far as `BLOCK_BYTES` lets
    it, and no more than `most` for the last one. `chain` is the one before the first block."""
    found: list[Block] = []
    groups = [list(group) for _, group in groupby(blocks, key=lambda block: block.chunk)]
    for number, group in enumerate(groups):
        if len(group) > (most if number == len(groups) - 1 else 1):
            records: list[bytes] = []
            at = chain
            for block in group:
                records += from_block(block, at)
                at = block.chain
            found += to_blocks(group[0].first, records, chain)
        else:
            found += group
        chain = group[-1].chain
    return found
