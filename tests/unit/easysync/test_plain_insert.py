"""Tests that insertions, which are recognised as they are written, do what the plain way says."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AttributePool,
    Builder,
    EasysyncError,
    check_rep,
    make_atext,
    move_ops_to_new_pool,
    unpack,
)
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.edit_script import patches_of
from padfleet.shared.easysync.plain_insert import plain_insert_of, script_of
from tests.unit.easysync.strategies import PROPERTY
from tests.unit.easysync.wild import some_changeset, some_text, spoilt

AUTHOR = ("author", "a.1")


def long_text(source: Random) -> str:
    """Returns a text that may be longer than a block of a body."""
    some = "".join([some_text(source) for _ in range(source.randint(0, 8))])
    return some * source.choice([1, 1, 300]) + "\n"


def typed(source: Random, text: str) -> str:
    """Returns a changeset that inserts something somewhere before the text's final newline."""
    builder, at = Builder(len(text)), source.randrange(len(text))
    builder.keep_text(text[:at])
    builder.insert(some_text(source), [AUTHOR], AttributePool())
    return builder.to_changeset()


def scratched(source: Random, changeset: str) -> str:
    """Returns the changeset with one character of it replaced, removed or doubled."""
    at = source.randrange(len(changeset))
    other = source.choice(["", changeset[at] * 2, source.choice("0019az*|=+-$<>\n ")])
    return changeset[:at] + other + changeset[at + 1 :]


def some_written(source: Random, text: str) -> str:
    kind = source.choice(["typed", "typed", "any", "spoilt", "scratched"])
    changeset = some_changeset(source, text, AttributePool()) if kind == "any" else ""
    changeset = changeset or typed(source, text)
    if kind == "spoilt":
        return spoilt(source, changeset)
    return scratched(source, changeset) if kind == "scratched" else changeset


@PROPERTY
@given(st.randoms(use_true_random=False), st.integers(0, 60))
def test_an_insertion_is_canonical_and_does_what_its_operations_do(
    source: Random, others: int
) -> None:
    text = long_text(source)
    body, pool, sent = Body(make_atext(text)), AttributePool(), AttributePool()
    for number in range(others):
        pool.put("author", f"a.x{number}")
    if source.random() < 0.3:
        pool.put("insertorder", "first")
    number = pool.put(*AUTHOR)
    sent.put(*AUTHOR)
    for _ in range(10):
        changeset = some_written(source, text)
        found = plain_insert_of(changeset)
        if found is None:
            continue
        assert check_rep(changeset) == changeset
        numbered = found.numbered(number)
        assert numbered == move_ops_to_new_pool(changeset, sent, pool)
        script = script_of(found, number, body, pool)
        if script is not None:
            plain = patches_of(unpack(numbered), body, pool)
            assert script.patches == plain.patches
            assert script.splices == plain.splices
            assert script.even is plain.even is True
            assert script.keep_final_newline()


@PROPERTY
@given(st.randoms(use_true_random=False))
def test_typing_is_recognised(source: Random) -> None:
    """Otherwise none of this would be of any use."""
    text = long_text(source)
    changeset = typed(source, text)
    rest = unpack(changeset).bank.rpartition("\n")[2]
    found = plain_insert_of(changeset)
    takes_two_operations = bool(rest) and "\n" in unpack(changeset).bank
    assert (found is None) is takes_two_operations
    if found is not None:
        assert script_of(found, 0, Body(make_atext(text)), AttributePool()) is not None


@pytest.mark.parametrize(
    ("changeset", "fits"),
    [
        ("Z:6>1*0+1$x", True),
        ("Z:6>1=2*0+1$x", True),
        ("Z:6>1|1=3*0+1$x", True),
        ("Z:6>1|1=3=2*0+1$x", True),
        ("Z:6>1=5*0+1$x", False),  # the end of a line is kept, and not said to be one
        ("Z:6>1|1=2*0+1$x", False),  # there is none
        ("Z:6>1|1=4*0+1$x", False),  # it is not the end of what is kept
        ("Z:6>1|2=6*0+1$x", False),  # behind the last newline
        ("Z:7>1*0+1$x", False),  # of another text
    ],
)
def test_an_insertion_has_to_fit_the_text(changeset: str, fits: bool) -> None:
    body, pool = Body(make_atext("ab\ncd\n")), AttributePool()
    pool.put(*AUTHOR)
    found = plain_insert_of(changeset)
    assert found is not None
    assert (script_of(found, 0, body, pool) is not None) is fits


@pytest.mark.parametrize(
    "changeset",
    [
        "Z:6>1+1$x",
        "Z:6>1*1+1$x",
        "Z:6>1*0*1+1$x",
        "Z:6<1-1$",
        "Z:6>0-1*0+1$x",
        "Z:6>1*0+1=1*0+0$x",
        "Z:6>01*0+1$x",
        "Z:6>1=0*0+1$x",
        "Z:6>1*0+1$",
        "Z:6>1*0+1$xy",
        "Z:6>2*0+1$x",
        "Z:6>1*0+1$\n",
        "Z:6>1*0|1+1$x",
        "Z:6>3*0|1+3$a\nb",
        "Z:6>1*0+1",
        "Z:6>1|2=9*0+1$x",
        "Z:100000000>1*0+1$x",
        "",
    ],
)
def test_everything_else_is_left_to_those_who_can_say_what_is_wrong(changeset: str) -> None:
    assert plain_insert_of(changeset) is None


def test_numbers_are_those_of_changesets() -> None:
    found = plain_insert_of("Z:zz>10*0+10$" + 36 * "x")
    assert found is not None
    assert (found.old_len, len(found.text)) == (36 * 36 - 1, 36)
    with pytest.raises(EasysyncError):
        check_rep("Z:zz>10*0+11$" + 36 * "x")
