"""Tests the differences between two revisions, as Etherpad 3.3 shows them.

`diffs.json` has pads whose revisions were made at random over an Etherpad's sockets (texts,
formats, removals, removed authors), and what its `createDiffHTML` answered about them.
"""

from __future__ import annotations

import json
import re
from functools import reduce
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    Builder,
    EasysyncError,
    apply_to_atext,
    compose,
    make_atext,
    pack,
    to_units,
)
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.palette import PALETTE
from padfleet.shared.rendering.diff import (
    AuthoredChange,
    _composed,
    author_class,
    difference,
    style,
)
from padfleet.shared.rendering.html import to_html

PADS = json.loads((Path(__file__).parent / "diffs.json").read_text())

ADA, BOB = "a.0000000000000001", "a.0000000000000002"


def body_of(atext: AText, pool: AttributePool) -> str:
    return to_html(atext, pool, signed=True)


def alike(html: str) -> str:
    """Addresses are escaped in two ways."""
    return re.sub(r'(?<=href=")[^"]*', lambda found: unescape(found[0]), html)


@pytest.mark.parametrize("pad", PADS, ids=range(len(PADS)))
def test_as_etherpad_shows_it(pad: dict[str, Any]) -> None:
    numbered = AttributePool.from_jsonable(pad["pool"])
    changesets = [to_units(changeset) for changeset in pad["changesets"]]
    documents = [make_atext("\n")]
    for changeset in changesets:
        documents.append(apply_to_atext(changeset, documents[-1], numbered))
    for case in pad["differences"]:
        first, last = case["from"], case["to"]
        pool = numbered.clone()
        changes = [
            AuthoredChange(pad["authors"][n], changesets[n]) for n in range(first + 1, last + 1)
        ]
        shown, authors = difference(documents[first + 1], changes, pool)
        assert authors == case["authors"]
        assert style(pool, pad["colors"], PALETTE) == case["style"]
        assert alike(body_of(shown, pool)) == alike(case["body"])


# --- By hand -------------------------------------------------------------------------------------


def written(text: str, pool: AttributePool, author: str = ADA) -> AText:
    builder = Builder(1).insert(text, [("author", author)], pool)
    return apply_to_atext(builder.to_changeset(), make_atext("\n"), pool)


def test_added_text_is_its_authors_and_removed_text_is_struck() -> None:
    pool = AttributePool()
    old = written("one two", pool)
    added = Builder(8).keep(7).insert(" three", [("author", BOB)], pool).to_changeset()
    removed = Builder(14).keep(4).remove(4).to_changeset()
    shown, authors = difference(
        old, [AuthoredChange(BOB, added), AuthoredChange(ADA, removed)], pool
    )
    assert authors == [BOB, ADA]
    assert body_of(shown, pool) == (
        f'one <span class="{author_class(ADA)}"><span class="removed">two</span></span>'
        f'<span class="{author_class(BOB)}">three</span><br>'
    )


def test_whole_lines_and_lists_that_were_removed_stand_where_they_stood() -> None:
    pool = AttributePool()
    builder = Builder(1).insert("a\n")
    builder.insert("*", [("list", "bullet1"), ("lmkr", "1")], pool).insert("b\nc")
    old = apply_to_atext(builder.to_changeset(), make_atext("\n"), pool)
    removed = Builder(7).keep(2, 1).remove(3, 1).to_changeset()
    shown, _ = difference(old, [AuthoredChange("", removed)], pool)
    gone = '<span class="removed">b</span>'
    assert body_of(shown, pool) == f'a<br><ul class="bullet"><li>{gone}</li></ul>c<br>'


def test_nothing_has_changed() -> None:
    pool = AttributePool()
    shown, authors = difference(written("text", pool), [], pool)
    assert (body_of(shown, pool), authors) == ("text<br>", [])
    cleared = Builder(5).keep_text("text\n", [("author", "")], pool).to_changeset()
    shown, authors = difference(written("text", pool), [AuthoredChange(BOB, cleared)], pool)
    assert (body_of(shown, pool), authors) == ("text<br>", [])


def test_what_does_not_fit_is_refused() -> None:
    pool = AttributePool()
    with pytest.raises(EasysyncError):
        difference(
            make_atext("text\n"), [AuthoredChange(ADA, Builder(3).insert("x").to_changeset())], pool
        )


def test_an_authors_id_and_colour_are_never_more_than_a_name() -> None:
    pool = AttributePool()
    evil = '"></span><script>alert(1)</script>{}'
    shown, _ = difference(make_atext("\n"), [], pool)
    added = Builder(1).insert("x", [("author", evil), ("removed", evil)], pool).to_changeset()
    shown, _ = difference(make_atext("\n"), [AuthoredChange(evil, added)], pool)
    made = style(pool, {evil: "red}</style><script>"}, PALETTE) + body_of(shown, pool)
    assert "script>" not in made
    assert made.count("<span") == made.count("</span>") == 2


# --- One after the other, or by halves -----------------------------------------------------------


@st.composite
def signed_changes(draw: st.DrawFn) -> tuple[list[str], AttributePool]:
    """Changesets in a row, in which removals have attributes, as in a difference."""
    pool = AttributePool()
    removal = "*" + str(pool.put("removed", "true"))
    for author in (ADA, BOB):
        pool.put("author", author)
    length = draw(st.integers(1, 8))
    found = []
    for _ in range(draw(st.integers(1, 9))):
        out, bank, left = Assembler(), "", length
        while left:
            kind = draw(st.sampled_from(["keep", "mark", "insert", "remove"]))
            chars = draw(st.integers(1, 3))
            author = f"*{draw(st.integers(1, 2))}"
            if kind == "insert":
                out.add("+", chars, 0, author)
                bank += "xyz"[:chars]
                chars = 1
                out.add("=", chars, 0, "")
            else:
                chars = min(chars, left)
                # Something is left, as in every pad.
                kind = "keep" if kind == "remove" and chars == left else kind
                opcode = "-" if kind == "remove" else "="
                out.add(opcode, chars, 0, {"keep": "", "mark": author}.get(kind, removal + author))
            left -= chars
        found.append(pack(length, length + out.length_change, out.finish(), bank))
        length += out.length_change
    return found, pool


@given(signed_changes())
def test_splitting_in_halves_equals_one_after_the_other(
    made: tuple[list[str], AttributePool],
) -> None:
    changesets, pool = made
    in_a_row = reduce(lambda a, b: compose(a, b, pool), changesets)
    assert _composed(changesets, pool) == in_a_row
