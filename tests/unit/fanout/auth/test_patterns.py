"""Tests which pads a pattern matches."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.auth.patterns import covers, is_slippery, matches

READ_ONLY = "r.0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", ""),
        ("*", ""),
        ("*", "any/thing at.all"),
        ("notes", "notes"),
        ("team-*", "team-"),
        ("team-*", "team-a-b"),
        ("*-notes", "a-notes-notes"),
        ("a*b*c", "a-b-b-c"),
        ("?", "é"),
        ("pad-??", "pad-12"),
        ("**", "x"),
        ("*?", "x"),
        (r"\*", "*"),
        (r"a\?b", "a?b"),
        ("\\", "\\"),
        (r"\\", "\\"),
        ("[draft] plan", "[draft] plan"),
        ("a.b", "a.b"),
        ("(x|y)+$", "(x|y)+$"),
    ],
)
def test_a_pattern_matches_the_whole_name(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", "a"),
        ("notes", "Notes"),
        ("notes", "notes2"),
        ("notes", "my-notes"),
        ("team-*", "team"),
        ("team-*", "my-team-a"),
        ("?", ""),
        ("?", "ab"),
        ("a*b", "ab\n"),
        (r"\*", "a"),
        (r"a\?b", "axb"),
        ("[draft] plan", "d plan"),
        ("a.b", "axb"),
        ("a*b*c", "a-c-b"),
        ("é", "e\u0301"),
    ],
)
def test_a_pattern_matches_nothing_else(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


@given(st.text("ab*?", max_size=12), st.text("abc", max_size=10))
def test_a_pattern_means_what_a_regular_expression_says(pattern: str, text: str) -> None:
    meaning = "".join({"*": ".*", "?": "."}.get(letter, letter) for letter in pattern)
    assert matches(pattern, text) == (re.fullmatch(meaning, text) is not None)


def test_no_pattern_takes_long() -> None:
    """A run of stars makes a regular expression, and most globs, take exponential time."""
    assert not matches("*a" * 2000 + "b", "a" * 50)


def test_a_token_with_hundreds_of_patterns_takes_few_steps() -> None:
    """Each pattern was compared letter by letter, from each place: 300 of them, which fit into one
    token, held the event loop of a worker for 44 ms at each join."""
    patterns = ["*aaaaaaaaaaaab"] * 300
    steps = 0

    def count(_frame: object, event: str, _argument: object) -> Any:
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        covered = covers(patterns, "a" * 50, "a" * 50)
    finally:
        sys.settrace(before)
    assert not covered
    assert steps < 300 * 200


def test_no_pattern_covers_nothing() -> None:
    assert not covers((), "notes", "notes")


def test_one_of_several_is_enough() -> None:
    assert covers(("x", "team-*"), "team-a", "team-a")
    assert not covers(("x", "team-*"), "teams", "teams")


def test_a_pad_may_be_read_by_its_read_only_id_if_the_token_is_for_the_pad() -> None:
    assert covers(("notes",), "notes", READ_ONLY)
    assert covers(("*",), "notes", READ_ONLY)
    assert not covers(("other",), "notes", READ_ONLY)


def test_a_read_only_id_may_be_named_itself() -> None:
    """This way its holder need not be told which pad it leads to."""
    assert covers((READ_ONLY,), "notes", READ_ONLY)
    assert not covers((READ_ONLY,), "notes", "notes"), "it does not open the pad itself"
    assert not covers((READ_ONLY,), "other", "r.fedcba98765432100123456789abcdef")


def test_names_that_begin_with_r_are_not_all_read_only_ids() -> None:
    assert covers(("r*",), "reports", "reports")
    assert not covers(("r*", "?.*", "r?*"), "notes", READ_ONLY)


@pytest.mark.parametrize(
    "pad", ["team/../secret", "..", "team/..", "./x", "team\\..\\secret", "a/./b"]
)
def test_no_wildcard_stands_for_what_could_be_taken_for_a_path_elsewhere(pad: str) -> None:
    assert is_slippery(pad)
    assert not covers(("*", "team/*", "team*", "?*"), pad, pad)
    assert not covers(("*",), pad, READ_ONLY)
    assert covers((pad.replace("\\", "\\\\"),), pad, pad), "somebody may mean just this one"


@pytest.mark.parametrize("pad", ["...", "a..b", "team/x..", "v1.2/notes"])
def test_dots_as_such_are_harmless(pad: str) -> None:
    assert covers(("*",), pad, pad)
