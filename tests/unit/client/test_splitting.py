"""Tests that a change that is too large for one submission is sent in parts with the same
result."""

from __future__ import annotations

import random
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.shared.client.errors import TooLarge
from padfleet.shared.client.splitting import split
from padfleet.shared.client.submission_size import FIXED, SplitLimits, text_size
from padfleet.shared.easysync import (
    AttributePool,
    Builder,
    apply_to_text,
    attribs_of,
    check_rep,
    compose,
    iter_ops,
    make_splice,
    prepare_for_wire,
    to_units,
    unpack,
)
from padfleet.shared.wire.jsontext import dumps
from padfleet.shared.wire.socketio import encode_event

LARGEST = (1 << 53) - 1


def sent_size(changeset: str, pool: AttributePool) -> int:
    """Bytes of the packet that carries it, with the longest numbers that there may be."""
    translated, wire = prepare_for_wire(changeset, pool)
    data = {
        "type": "USER_CHANGES",
        "baseRev": LARGEST,
        "changeset": translated,
        "apool": wire.to_jsonable(),
    }
    message = {"type": "COLLABROOM", "component": "pad", "data": data}
    return len(encode_event("message", message, ack_id=LARGEST).encode())


def check(changeset: str, pool: AttributePool, room: SplitLimits) -> list[str]:
    pieces = split(changeset, pool, room)
    assert reduce(lambda a, b: compose(a, b, pool), pieces) == changeset
    for piece in pieces:
        assert sent_size(piece, pool) <= room.bytes
        check_rep(piece)
        change = unpack(piece)
        assert len(iter_ops(change.ops)) <= room.ops + 2
        for op in iter_ops(change.ops):
            if op.opcode == "+":
                assert "author" in attribs_of(op.attribs, pool)
        assert len(prepare_for_wire(piece, pool)[1]) <= room.attributes
    return pieces


TEXTS = [
    "a",
    "word ",
    "\n",
    "two\nlines\n",
    '"\\',
    "\x01\x02",
    "漢字",
    to_units("😀"),
    "\ud83d",
    "\udc00",
]


def a_change(seed: int, most: int) -> tuple[str, AttributePool]:
    """Returns random edits of all parts of a random document, with attributes of many sizes."""
    dice = random.Random(seed)
    pool = AttributePool()
    text = "".join(dice.choice(TEXTS) for _ in range(dice.randrange(60))) + "\n"

    def attributes(*, of_text: bool) -> list[tuple[str, str]]:
        chosen = [("author", "a.me")] if of_text else []
        for _ in range(dice.choice([0, 0, 1, 2, 6])):
            key = f"k{dice.randrange(30)}"
            chosen.append((key, dice.choice(["true", "x" * dice.randrange(1, most), "é" * 9])))
        return list(dict(chosen).items())

    builder = Builder(len(text))
    position = 0
    while position < len(text):
        step = text[position : position + dice.randrange(1, 12)]
        match dice.randrange(5):
            case 0 | 1:
                builder.keep_text(step)
            case 2:
                builder.keep_text(step, attributes(of_text=False), pool)
            case 3 if position + len(step) < len(text):
                builder.remove_text(step)
            case _:
                many = dice.choice([1, 3, 30, 120])
                inserted = "".join(dice.choice(TEXTS) for _ in range(many))
                builder.insert(inserted, attributes(of_text=True), pool)
                builder.keep_text(step)
        position += len(step)
    return builder.to_changeset(), pool


@given(st.lists(st.sampled_from([*TEXTS, "\x7f", "\b\f\r\t", "\u2028", "é"]), max_size=30))
def test_the_size_of_a_text_is_that_of_its_json(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert text_size(text) == len(dumps(text).encode()) - 2


@settings(max_examples=60)
@given(st.integers(0, 1 << 30), st.integers(0, 3000), st.sampled_from([(9_999, 999), (12, 8)]))
def test_the_pieces_come_to_the_change_and_each_fits(
    seed: int, more: int, counts: tuple[int, int]
) -> None:
    ops, attributes = counts
    changeset, pool = a_change(seed, 150)
    check(changeset, pool, SplitLimits(FIXED + 330 + more, ops, attributes))


PIECES = {
    "three bytes": "漢",
    "escaped": '"',
    "newlines": "\n",
    "controls": "\x01",
    "pairs": to_units("😀"),
    "halves": "\ud83d",
    "lines": "a\n",
}


@pytest.mark.parametrize(
    ("piece", "limit"),
    [
        pytest.param("plain text with spaces ", 1_000_000, id="a megabyte"),
        *(pytest.param(piece, 200_000, id=name) for name, piece in PIECES.items()),
    ],
)
def test_a_paste_of_more_than_is_taken_goes_out_in_few_pieces(piece: str, limit: int) -> None:
    pool = AttributePool()
    inserted = piece * (limit * 6 // 5 // len(piece))
    changeset = make_splice("before\nafter\n", 7, 3, inserted, [("author", "a.me")], pool)
    pieces = check(changeset, pool, SplitLimits(limit))
    # Each is well filled: there are not many more than the bytes take.
    assert len(pieces) <= sent_size(changeset, pool) // (limit * 9 // 10) + 2


def test_what_fits_is_left_as_it_is() -> None:
    pool = AttributePool()
    changeset = make_splice("hello\n", 2, 1, "some text\n", [("author", "a.me")], pool)
    assert split(changeset, pool, SplitLimits(10_000)) == [changeset]
    assert split("Z:6>0$", pool, SplitLimits(10_000)) == ["Z:6>0$"]


def test_many_formats_are_split_by_their_number() -> None:
    pool = AttributePool()
    text = "ab" * 3000 + "\n"
    builder = Builder(len(text))
    for number in range(3000):
        builder.keep_text("a", [("n", str(number))], pool).keep_text("b")
    pieces = check(builder.to_changeset(), pool, SplitLimits(1_000_000))
    assert len(pieces) >= 3


def test_attributes_that_are_too_large_together_are_set_one_after_the_other() -> None:
    pool = AttributePool()
    large = [("author", "a.me"), *((f"picture{n}", "x" * 400_000) for n in range(5))]
    check(make_splice("a\n", 1, 0, "* text", large, pool), pool, SplitLimits(1_000_000))
    builder = Builder(3).keep_text("a").keep_text("\n", large[1:], pool)
    check(builder.to_changeset(), pool, SplitLimits(1_000_000))


def test_one_attribute_that_is_too_large_is_named() -> None:
    pool = AttributePool()
    large = [("author", "a.me"), ("picture", "x" * 1_000_000)]
    for changeset in (
        make_splice("a\n", 1, 0, "*", large, pool),
        Builder(2).keep_text("a", large[1:], pool).to_changeset(),
    ):
        with pytest.raises(TooLarge, match="'picture' takes more than the 1000000 bytes"):
            split(changeset, pool, SplitLimits(1_000_000))


@pytest.mark.parametrize("removed", [0, 4, 8])
@pytest.mark.parametrize("before", ["", "half"])
def test_a_lists_marker_never_stands_in_the_middle_of_a_line(before: str, removed: int) -> None:
    """A server removes markers that are not at the start of a line. If an intermediate state had
    one elsewhere, the list would be lost permanently."""
    pool = AttributePool()
    marker = [("author", "a.me"), ("insertorder", "first"), ("list", "bullet1"), ("lmkr", "1")]
    by_me = [("author", "a.me")]
    line = f"{before}old old\n"
    done = (
        Builder(1)
        .insert(line, by_me, pool)
        .insert("*", marker, pool)
        .insert("item\n", by_me, pool)
        .to_changeset()
    )
    text = apply_to_text(done, "\n")
    at = len(line) - removed
    builder = Builder(len(text)).keep_text(text[:at]).remove_text(text[at : len(line)])
    builder.insert("long " * 300 + "\n", by_me, pool)
    for _ in range(50):
        builder.insert("*", marker, pool).insert("an item of a list\n", by_me, pool)
    builder.insert("more " * 300 + "\n", by_me, pool)
    pieces = check(builder.to_changeset(), pool, SplitLimits(900))
    assert len(pieces) > 5
    for piece in pieces:
        done = compose(done, piece, pool)
        text, position = apply_to_text(done, "\n"), 0
        for op in iter_ops(unpack(done).ops):
            if "lmkr" in attribs_of(op.attribs, pool):
                assert position == 0 or text[position - 1] == "\n", text[:position]
            position += op.chars
