"""Tests that revisions stored as columns come back byte for byte, whatever they contain."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.shared.archive.taking import authors_in
from padfleet.shared.cold.layout import columns as layout
from padfleet.shared.cold.layout.blocks import Block, cut, from_block, joined, last_of, to_blocks
from padfleet.shared.cold.layout.columns import (
    Columns,
    from_columns,
    put_together,
    to_columns,
)
from padfleet.shared.cold.rows import Diverged, LaterRecords, authors_of, followed, rows_of
from padfleet.shared.easysync import AttributePool
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.form import encode_wire
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS
from padfleet.shared.log.records import chain_of, pack, unpack
from tests.cold_parts import Written
from tests.examples import examples
from tests.histories import lived_in

REAL = [revision.to_record() for revision in lived_in(300)]

TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=6)
NUMBERS = st.one_of(st.integers(-3, 3), st.integers(-(2**53), 2**53))

CHANGESETS = ["Z:1>0$", "Z:1>1*0+1$\n", 'Z:1>1+1$"', "Z:1>2+2$\U0001f600"]


@st.composite
def odd_records(draw: st.DrawFn) -> list[bytes]:
    """Records that some release of ours, or an import, may have written: nearly in our form."""
    chain, found = b"", []
    for rev in range(draw(st.integers(1, 8))):
        author, time = draw(TEXTS), draw(NUMBERS)
        pool = AttributePool()
        pool.put("author", author)
        changeset = draw(
            st.sampled_from(["Z:1>0$", "Z:1>1*0+1$\n", 'Z:1>1+1$"', "Z:1>2+2$\U0001f600"])
        )
        wire = encode_wire(
            draw(st.sampled_from([rev, rev, rev, rev + 1])),
            changeset,
            pool,
            draw(st.sampled_from([author, author, "a.other"])),
            draw(st.sampled_from([time, time, time + 1])),
            draw(NUMBERS),
            birth=draw(st.none() | st.integers(0, 9)),
        )
        wire = draw(
            st.sampled_from([wire, wire, wire + b" ", b"", b"\n" + wire, draw(st.binary())])
        )
        chain = chain_of(chain, wire)
        fields = (author, time, draw(TEXTS), draw(NUMBERS), chain, wire)
        record = pack(fields)
        if draw(st.booleans()) and record[:1] == b"\x96":
            record = b"\xdc\x00\x06" + record[1:]  # the same, longer than it need be
        found.append(record)
    return found


@given(odd_records())
def test_whatever_record_comes_out_as_it_went_in(records: list[bytes]) -> None:
    made, leads_to = to_columns(0, records, b"")
    assert from_columns(0, len(records), made, b"") == (records, leads_to)
    (block,) = to_blocks(0, records, b"")
    assert from_block(block, b"") == records


@given(odd_records(), st.lists(st.integers(1, 5), max_size=8))
def test_columns_are_put_together_as_if_they_had_been_made_at_once(
    records: list[bytes], sizes: list[int]
) -> None:
    whole, _ = to_columns(0, records, b"")
    pieces, at, chain = [], 0, b""
    for size in [*sizes, len(records)]:
        some = records[at : at + size]
        made, chain = to_columns(at, some, chain)
        pieces.append((len(some), made))
        at += len(some)
    assert put_together(pieces) == whole


def test_what_is_put_together_of_a_real_history_comes_out_as_it_went_in() -> None:
    pieces, chain = [], b""
    for at in range(0, len(REAL), 7):
        made, chain = to_columns(at, REAL[at : at + 7], chain)
        pieces.append((len(REAL[at : at + 7]), made))
    assert put_together(pieces) == to_columns(0, REAL, b"")[0]


def test_rows_that_are_unpacked_already_make_the_same_columns() -> None:
    rows = rows_of(REAL)
    leads_to = followed(0, rows, b"")
    assert to_columns(0, REAL, b"", rows) == to_columns(0, REAL, b"")
    assert leads_to == to_columns(0, REAL, b"")[1]
    with pytest.raises(Diverged, match="revision 1 "):
        followed(1, rows[1:], b"x")


@pytest.mark.parametrize("most", [1 << 20, 30_000])
def test_rows_of_the_writer_become_the_same_blocks_without_being_packed(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("padfleet.shared.cold.layout.blocks.BLOCK_BYTES", most)
    rows = rows_of(REAL)
    monkeypatch.setattr("padfleet.shared.cold.rows.records_of", None)
    blocks = to_blocks(0, LaterRecords(rows), b"", rows, exact=True)
    monkeypatch.undo()
    assert (len(blocks) > -(-len(REAL) // CHUNK_REVISIONS)) == (most < 1 << 20)
    read, chain = list[bytes](), b""
    for block in blocks:
        read += from_block(block, chain)
        chain = block.chain
    assert read == REAL == list(LaterRecords(rows))
    assert list(LaterRecords(rows)[10:20]) == REAL[10:20]


def test_authors_are_found_as_they_are_in_single_revisions() -> None:
    revisions = lived_in(300)
    for at in range(0, 300, 50):
        some = revisions[at : at + 50]
        found = authors_of(rows_of([revision.to_record() for revision in some]))
        assert found == set[str]().union(*map(authors_in, some))


def test_blocks_that_would_be_too_large_together_stay_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("padfleet.shared.cold.layout.blocks.BLOCK_BYTES", 30_000)
    parted, chain = [], b""
    for at in range(0, len(REAL), 10):
        parted += to_blocks(at, REAL[at : at + 10], chain)
        chain = parted[-1].chain
    together = joined(parted, 1)
    assert 1 < len(together) < len(parted) / 2
    read, follows = [], b""
    for block in together:
        read += from_block(block, follows)
        follows = block.chain
    assert read == REAL


def test_a_real_history_takes_a_tenth_of_what_it_does_in_redis() -> None:
    blocks = to_blocks(0, REAL, b"")
    assert from_block(blocks[0], b"") == REAL
    made, _ = to_columns(0, REAL, b"")
    assert not made.whole
    assert sum(len(block.payload) for block in blocks) < sum(map(len, REAL)) / 10


def test_typing_takes_few_bytes_for_a_revision() -> None:
    written = Written()
    written.type(1000)
    (block,) = to_blocks(0, written.records(0, 999), b"")
    assert len(block.payload) / 1000 < 12


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 2500), st.lists(st.integers(1, 700), max_size=8), st.integers(0, 2700))
def test_blocks_are_cut_and_joined_anywhere(start: int, sizes: list[int], before: int) -> None:
    written = _typed()
    chain = written.revisions[start - 1].chain if start else b""
    blocks: list[Block] = []
    at = start
    for size in sizes:
        end = min(at + size, len(written.revisions))
        records = written.records(at, end - 1)
        blocks += to_blocks(at, records, blocks[-1].chain if blocks else chain)
        at = end
    for found, last in [
        (joined(blocks), at),
        (joined(blocks, 1), at),
        (cut(blocks, before, chain), min(at, max(before, start))),
    ]:
        read, follows = [], chain
        for block in found:
            assert block.first // CHUNK_REVISIONS == block.last // CHUNK_REVISIONS
            read += from_block(block, follows)
            follows = block.chain
        assert read == written.records(start, last - 1)
    whole = joined(blocks, 1)
    assert len(whole) == len({block.chunk for block in blocks})


_TYPED = Written()


def _typed() -> Written:
    if not _TYPED.revisions:
        _TYPED.type(3000)
    return _TYPED


@given(st.integers(0, 299))
def test_a_block_is_read_from_any_record(first: int) -> None:
    (block,) = to_blocks(0, REAL, b"")
    chain = unpack(REAL[first - 1])[4] if first else b""
    assert from_block(block, chain, first) == REAL[first:]
    assert last_of(block) == REAL[-1]
    with pytest.raises(CorruptPad, match="another history"):
        from_block(block, b"x", first)


@given(odd_records(), st.integers(0, 7))
def test_a_block_of_odd_records_is_read_from_any_record(records: list[bytes], first: int) -> None:
    (block,) = to_blocks(0, records, b"")
    first = min(first, len(records) - 1)
    chain = unpack(records[first - 1])[4] if first else b""
    assert from_block(block, chain, first) == records[first:]


def test_what_does_not_follow_is_refused() -> None:
    with pytest.raises(CorruptPad, match="another history"):
        to_blocks(0, REAL[1:], b"")
    with pytest.raises(CorruptPad, match="not readable"):
        to_blocks(0, [b"\xc1"], b"")
    (block,) = to_blocks(0, REAL, b"")
    with pytest.raises(CorruptPad, match="another history"):
        from_block(block, b"x")
    with pytest.raises(CorruptPad, match="is another's"):
        from_block(block._replace(first=1), b"")
    with pytest.raises(CorruptPad, match="another history"):
        from_block(block._replace(chain=b"x"), b"")
    with pytest.raises(CorruptPad, match="cannot be read"):
        from_block(block._replace(payload=b"x"), b"")


@pytest.mark.parametrize(
    "change",
    [
        {"author": [0]},
        {"author": [-1, 0]},
        {"author": [9, 0]},
        {"session": [0]},
        {"time": ["x", 1]},
        {"pool": [1, 0]},
        {"changesets": b"one"},
        {"changesets": "text\nx"},
        {"authors": []},
        {"whole": [(0, b"")]},
        {"whole": 3},
    ],
)
def test_columns_that_do_not_fit_together_are_damage(change: dict[str, object]) -> None:
    written = Written()
    written.type(2)
    made, _ = to_columns(0, written.records(0, 1), b"")
    with pytest.raises(CorruptPad):
        from_columns(0, 2, made._replace(**change), b"")  # type: ignore[arg-type]
    for count in (1, 3):
        with pytest.raises(CorruptPad):
            from_columns(0, count, made, b"")


def test_data_that_inflates_too_much_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MOST_BYTES", 1_000_000)
    many = 500
    bomb = Columns(
        ["a.x"], ["s"], [b"{" + b" " * 10_000 + b"}"], [0] * many, [0] * many, [1] * many,
        [1] * many, [0] * many, [0] * many, b"\n".join([b"Z:1>0$"] * many), [],
    )  # fmt: skip
    with pytest.raises(CorruptPad, match="too large"):
        from_columns(0, many, bomb, b"")
