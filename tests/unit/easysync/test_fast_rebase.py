"""Tests that rebasing over many revisions at once gives exactly what following each in turn
gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    apply_to_atext,
    fast_rebase,
    make_atext,
    make_splice,
    unpack,
)
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.edit_script import patches_of
from padfleet.shared.easysync.fast_rebase import rebase_over
from padfleet.shared.easysync.reference import rebase
from padfleet.shared.easysync.steps import EditStep, step_of
from tests.unit.easysync.strategies import PROPERTY
from tests.unit.easysync.wild import some_attributes, some_changeset, some_text, spoilt


@dataclass
class History:
    """A document, and the revisions that led to it."""

    pool: AttributePool = field(default_factory=AttributePool)
    body: Body = field(default_factory=lambda: Body(make_atext("\n")))
    atexts: list[AText] = field(default_factory=lambda: [make_atext("\n")])
    steps: list[EditStep] = field(default_factory=list)

    def commit(self, changeset: str) -> None:
        patches = patches_of(unpack(changeset), self.body, self.pool)
        self.steps.append(step_of(changeset, patches))
        patches.apply()
        self.atexts.append(apply_to_atext(changeset, self.atexts[-1], self.pool))

    def splice(
        self, start: int, removed: int, inserted: str, attribs: tuple[tuple[str, str], ...] = ()
    ) -> None:
        text = self.atexts[-1].text
        self.commit(make_splice(text, start, removed, inserted, attribs, self.pool))

    def check(self, changeset: str, base: int) -> str | None:
        """Asserts that both ways agree, and returns their result. None means that both refuse the
        changeset."""
        steps = self.steps[base:]
        numbers = self.pool.to_jsonable()
        plain = outcome(lambda: rebase(changeset, [s.changeset for s in steps], self.pool))
        fast = outcome(lambda: rebase_over(changeset, steps, self.body, self.pool))
        assert fast == plain
        assert self.pool.to_jsonable() == numbers
        return fast

    def check_fast(self, changeset: str, base: int) -> str:
        """Checks a changeset that fits, and asserts that the fast way does not fall back on the
        plain one."""
        with patch.object(fast_rebase, "follow_at", side_effect=AssertionError("the plain way")):
            fast = rebase_over(changeset, self.steps[base:], self.body, self.pool)
        assert self.check(changeset, base) == fast
        return fast


def outcome(run: Callable[[], str]) -> str | None:
    try:
        return run()
    except EasysyncError:
        return None


def some_history(source: Random, revisions: int) -> History:
    history = History()
    text = "".join([some_text(source) for _ in range(source.randint(0, 8))])
    history.splice(0, 0, text, tuple(some_attributes(source)))
    for _ in range(revisions):
        history.commit(some_changeset(source, history.atexts[-1].text, history.pool))
    return history


@PROPERTY
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_it_is_what_following_each_revision_gives(source: Random, revisions: int) -> None:
    history = some_history(source, revisions)
    base = source.randint(0, revisions)
    changeset = some_changeset(source, history.atexts[base].text, history.pool)
    rebased = history.check_fast(changeset, base)
    apply_to_atext(rebased, history.atexts[-1], history.pool)


@PROPERTY
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_so_it_is_for_what_does_not_fit_its_text(source: Random, revisions: int) -> None:
    """Following carries wrong line counts along, refuses them, or sets them right."""
    history = some_history(source, revisions)
    base = source.randint(0, revisions)
    changeset = some_changeset(source, history.atexts[base].text, history.pool)
    history.check(spoilt(source, changeset), base)


def test_rebasing_over_a_long_random_history_equals_following_it() -> None:
    source = Random(5)
    history = some_history(source, 0)
    for _ in range(300):
        text = history.atexts[-1].text
        history.commit(some_changeset(source, text, history.pool, steps=1))
    for _ in range(100):
        base = source.randint(0, 300)
        changeset = some_changeset(source, history.atexts[base].text, history.pool)
        history.check_fast(changeset, base)


FIRST = (("insertorder", "first"),)
BOLD = (("bold", "true"),)

# Each on "one\ntwo\nthree\n", later revisions beside the submission: (start, removed, inserted).
SPLICES = {
    "at one place": [(4, 0, "x")],
    "several at one place": [(4, 0, "x"), (5, 0, "y"), (4, 0, "z")],
    "a newline at one place": [(4, 0, "\n")],
    "text with a newline at one place": [(4, 0, "\nx")],
    "text that ends with a newline": [(4, 0, "x\n")],
    "the line before is taken away": [(0, 4, "")],
    "the newline before is taken away": [(3, 1, "")],
    "the newline before is replaced": [(3, 1, "x")],
    "the newline before, by two": [(3, 1, "\n\n")],
    "the newline before, and it comes back": [(3, 1, ""), (3, 0, "\n")],
    "the newline behind is taken away": [(7, 1, "")],
    "all around is taken away": [(0, 13, "")],
    "all around is replaced": [(1, 11, "new\ntext")],
    "what is before it, up to it": [(2, 2, "")],
    "what is behind it, from it on": [(4, 2, "")],
    "replaced up to it": [(2, 2, "x")],
    "replaced from it on": [(4, 2, "x")],
    "inserted in it": [(5, 0, "x\ny")],
    "inserted on the same line": [(4, 0, "x"), (5, 0, "yy"), (4, 1, "")],
    "a line inserted just before its line": [(3, 0, "\nmiddle")],
    "much before it": [(0, 0, "a\nb\nc"), (0, 3, ""), (2, 0, "\n")],
    "behind it": [(9, 0, "x\n"), (10, 1, "")],
}

MINE = {
    "insert": (4, 0, "me", ()),
    "insert a newline": (4, 0, "\n", ()),
    "insert lines": (4, 0, "me\nand you", ()),
    "insert first": (4, 0, "me", FIRST),
    "insert within the line": (6, 0, "me", ()),
    "insert at the start": (0, 0, "me", ()),
    "insert before the final newline": (13, 0, "me", ()),
    "remove": (4, 3, "", ()),
    "remove a line": (4, 4, "", ()),
    "remove a newline": (3, 1, "", ()),
    "remove lines": (1, 10, "", ()),
    "replace": (4, 3, "me", BOLD),
    "replace a line": (4, 4, "me\n", ()),
}


@pytest.mark.parametrize("splices", SPLICES.values(), ids=SPLICES.keys())
@pytest.mark.parametrize("theirs", [(), FIRST], ids=["", "theirs first"])
def test_edits_that_meet_are_rebased_as_by_etherpad(
    splices: list[tuple[int, int, str]], theirs: tuple[tuple[str, str], ...]
) -> None:
    for mine in MINE.values():
        history = History()
        history.splice(0, 0, "one\ntwo\nthree")
        text = history.atexts[-1].text
        for splice in splices:
            history.splice(*splice, theirs)
        history.check_fast(make_splice(text, *mine, history.pool), 1)


THEIR_MARKS = [
    "Z:9>0*0=2$",
    "Z:9>0*1=7$",
    "Z:9>0=1*0=4*1=2$",
    "Z:9>0-1*0=2+1$x",
    "Z:9>1=1*0-1=1*1|2+2$\n\n",
]

MY_MARKS = [
    "Z:9>0*0=2$",
    "Z:9>0*1=3$",
    "Z:9>0=2*0=2$",
    "Z:9>1=1*0+1=2*1=1$x",
    "Z:9>0*1-1*0=1+1$y",
    "Z:9>0=6*0|1=3$",
]


@pytest.mark.parametrize("theirs", THEIR_MARKS)
@pytest.mark.parametrize("mine", MY_MARKS)
def test_attributes_that_meet_are_rebased_as_by_etherpad(mine: str, theirs: str) -> None:
    history = History()
    for value in ("1", "2"):
        history.pool.put("size", value)
    history.splice(0, 0, "abcdefgh")
    history.commit(theirs)
    history.splice(1, 0, "\n")
    history.check_fast(mine, 1)


def test_inserts_that_rank_differently_stand_on_either_side() -> None:
    """Their text is of two parts, and mine belongs between them."""
    history = History()
    history.splice(0, 0, "ab")
    history.pool.put("bold", "true")
    history.commit("Z:3>2=1+1*0|1+1$x\n")
    assert history.check("Z:3>1=1+1$m", 1) == "Z:5>1=2+1$m"


def test_so_do_lines_that_were_not_joined() -> None:
    history = History()
    history.splice(0, 0, "ab")
    history.commit("Z:3>3=2|1+2|1+1$x\n\n")
    assert history.check("Z:3>1=2+1$m", 1) == "Z:6>1|1=4+1$m"


def test_a_revision_whose_lines_end_elsewhere_is_followed_plainly() -> None:
    """It keeps "a\nb" as if it were a line, which Etherpad lets pass, and cuts others there."""
    history = History()
    history.splice(0, 0, "\nbba\n")
    history.commit("Z:6>1|1=2=1+1$a")
    assert history.check("Z:6<4|2-5+1$b", 1) == "Z:7<4|1-2-1=1|1-2+1$b"


def test_a_submission_whose_lines_end_elsewhere_is_followed_plainly() -> None:
    history = History()
    history.splice(0, 0, "a\nbc")
    history.splice(0, 0, "y")
    assert history.check("Z:5>1|1=3+1$x", 1) == "Z:6>1|1=4+1$x"


def test_ops_that_have_turned_out_alike_are_not_taken_for_one() -> None:
    history = History()
    history.splice(0, 0, "ab")
    history.splice(1, 0, "\n")
    # As it can be after renumbering: Etherpad's own follow separates the two.
    assert history.check("Z:3>2=1+1|1+1$x\n", 1) == "Z:4>2=1+1|1=1|1+1$x\n"


def test_a_long_removal_forgets_what_it_removed() -> None:
    history = History()
    history.splice(0, 0, "line\n" * 500)
    text = history.atexts[-1].text
    history.splice(0, 2400, "")
    assert history.check(make_splice(text, 1203, 0, "x"), 1) == "Z:2t>1+1$x"
    assert history.check(make_splice(text, 2403, 0, "x"), 1) == "Z:2t>1=3+1$x"


def test_the_wrong_length_is_refused() -> None:
    history = History()
    history.splice(0, 0, "abc")
    history.splice(0, 0, "x")
    assert history.check("Z:9>1+1$x", 1) is None
    assert history.check("Z:9>1+1$x", 2) == "Z:9>1+1$x"  # nothing to follow; it does not apply
