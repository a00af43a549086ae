"""This module makes and reads blocks: consecutive revisions of one chunk, compressed, with the
chain at their end."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from padfleet.shared.archive.frames import BadArchive, deflated, inflated
from padfleet.shared.batches import fitting
from padfleet.shared.cold.layout.columns import (
    Columns,
    from_columns,
    put_together,
    size_of,
    to_columns,
)
from padfleet.shared.cold.rows import Row, wires_of
from padfleet.shared.log.damage import CorruptPad, readable
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS
from padfleet.shared.log.records import pack, unpack

BLOCK_BYTES: Final = 1 << 20
"""The number of bytes of records after which a block is full even if its chunk is not."""

MOST_IN_A_CHUNK: Final = 24
"""The maximum number of blocks of the chunk that is not full yet; if there are more, they are
merged into one. Each block costs some 200 bytes more than its revisions."""


class Block(NamedTuple):
    """Consecutive revisions, all of the same chunk."""

    first: int
    last: int
    chain: bytes  #: after `last`
    payload: bytes  #: the payload of a frame

    @property
    def chunk(self) -> int:
        return self.first // CHUNK_REVISIONS


def to_blocks(
    first: int,
    records: Sequence[bytes],
    chain: bytes,
    rows: Sequence[Row] | None = None,
    exact: bool = False,
) -> list[Block]:
    """Makes blocks of these records, which follow the chain. Raises `CorruptPad` if they do not.
    `rows` and `exact` are as in `to_columns`."""
    blocks = []
    for start, end in _ranges(first, sized(records, rows, exact)):
        own = rows[start:end] if rows is not None else None
        columns, chain = to_columns(first + start, records[start:end], chain, own, exact)
        blocks.append(_block(first + start, first + end - 1, chain, columns))
    return blocks


def _block(first: int, last: int, chain: bytes, columns: Columns) -> Block:
    return Block(first, last, chain, deflated(["revs", first, last, *columns]))


def sized(records: Sequence[bytes], rows: Sequence[Row] | None, exact: bool) -> Sequence[bytes]:
    """Returns what has about the size of the records, without packing those that are not yet."""
    return wires_of(rows) if exact and rows is not None else records


def _ranges(first: int, sizes: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Yields where each block begins and ends, among revisions of these sizes."""
    if sum(map(len, sizes)) < BLOCK_BYTES:  # nearly always: then only chunks end blocks
        start, end = 0, CHUNK_REVISIONS - first % CHUNK_REVISIONS
        while start < len(sizes):
            yield start, min(end, len(sizes))
            start, end = end, end + CHUNK_REVISIONS
        return
    start = size = 0
    for at, record in enumerate(sizes):
        if at > start and (size >= BLOCK_BYTES or (first + at) % CHUNK_REVISIONS == 0):
            yield start, at
            start, size = at, 0
        size += len(record)
    yield start, len(sizes)


def from_block(block: Block, chain: bytes, first: int = 0) -> list[bytes]:
    """Returns the records from this revision on, exactly as they were stored. `chain` is the one
    before the first of them. Raises `CorruptPad`."""
    count, skipped = _count(block), max(0, first - block.first)
    with readable(_said(block)):
        records, leads_to = from_columns(block.first, count, _columns(block), chain, skipped)
    if leads_to != block.chain:
        raise CorruptPad(f"{_said(block)} belongs to another history")
    return records


def last_of(block: Block) -> bytes:
    """Returns the last record, trusting the block that its chain is the block's; verifying that
    would take all records before it. Raises `CorruptPad`."""
    count = _count(block)
    with readable(_said(block)):
        (record,), _ = from_columns(block.first, count, _columns(block), b"", count - 1)
        *fields, _, wire = unpack(record)
        return pack((*fields, block.chain, wire))


def _columns(block: Block) -> Columns:
    with readable(_said(block)):
        try:
            kind, first, last, *columns = inflated(block.payload, len(block.payload))
        except BadArchive as error:
            raise CorruptPad(f"{_said(block)} cannot be read") from error
        if (kind, first, last) != ("revs", block.first, block.last):
            raise CorruptPad(f"{_said(block)} is another's")
        return Columns(*columns)


def _count(block: Block) -> int:
    return block.last - block.first + 1


def _said(block: Block) -> str:
    return f"the block of revisions {block.first} to {block.last}"


def cut(blocks: Sequence[Block], before: int, chain: bytes) -> list[Block]:
    """Returns the blocks without the revisions from `before` on. `chain` is the one before the
    first block."""
    kept = []
    for block in blocks:
        if block.last < before:
            kept.append(block)
        elif block.first < before:
            kept += to_blocks(block.first, from_block(block, chain)[: before - block.first], chain)
        chain = block.chain
    return kept


def joined(blocks: Sequence[Block], most: int = MOST_IN_A_CHUNK) -> list[Block]:
    """Returns the same revisions with one block for each chunk that is full, as far as
    `BLOCK_BYTES` allows, and at most `most` blocks for the last chunk. Raises `CorruptPad`. It does
    not check that a block belongs to this history, since that is checked when a block is stored and
    whenever it is read."""
    found: list[Block] = []
    groups = [list(group) for _, group in groupby(blocks, key=lambda block: block.chunk)]
    for number, group in enumerate(groups):
        if len(group) > (most if number == len(groups) - 1 else 1):
            found += _in_one(group)
        else:
            found += group
    return found


def _in_one(blocks: Sequence[Block]) -> list[Block]:
    found: list[Block] = []
    opened = ((block, _columns(block)) for block in blocks)
    for group in fitting(opened, _size_of, BLOCK_BYTES):
        first, last = group[0][0], group[-1][0]
        if len(group) == 1:
            found.append(first)
            continue
        with readable(f"the blocks from revision {first.first} on"):
            columns = put_together([(_count(block), columns) for block, columns in group])
        found.append(_block(first.first, last.last, last.chain, columns))
    return found


def _size_of(opened: tuple[Block, Columns]) -> int:
    block, columns = opened
    with readable(_said(block)):
        return size_of(columns, _count(block))
