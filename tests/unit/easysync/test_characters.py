"""Tests which characters enter a pad."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import AText, from_units, to_units
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.characters import (
    controls_in,
    plain,
    plain_in_steps,
    without_controls,
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("one\ntwo\n", "one\ntwo\n"),
        ("one\r\ntwo\rthree\r\r\nfour", "one\ntwo\nthree\n\nfour"),
        ("a\tb", "a        b"),
        ("a\0b\x01\x07\x08c", "abc"),
        ("a\x0bb\x0cc\x1b[31md\x1f", "abc[31md"),
        ("a\x7fb\x80c\x85d\x9fe\xa0f", "abcde\xa0f"),
        ("\ud83d and \ude00", "\ufffd and \ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\u2028\u200d\ufeff\u202e", "\u2028\u200d\ufeff\u202e"),  # none of them is a control
    ],
)
def test_texts_are_made_plain(text: str, wanted: str) -> None:
    assert plain(text) == wanted
    assert plain(wanted) == wanted


def test_pairs_stay_whole_in_code_units_and_in_characters() -> None:
    assert plain("😀\ud83d😀") == "😀\ufffd😀"
    assert from_units(plain(to_units("😀👍🏽"))) == "😀👍🏽"


def test_tabs_stay_in_what_an_editor_inserts() -> None:
    assert without_controls("a\tb\r\n\0") == "a\tb\n"


def test_controls_are_found_where_they_are() -> None:
    text = "a\0b\tc\rd\n"
    body = Body(AText(text, "|1+8"))
    assert list(controls_in(body, 0, len(text))) == [1, 5]
    assert list(controls_in(body, 2, len(text))) == [5]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc\r\ndef\r\r\n\n\r",
        "\ud83d\ude00\ud83d\ude00\ude00\ud83d",
        "a\tb\x00\x7f\r\n" * 3,
        "\r\n" * 5 + "\ud800" * 3 + "\udc00" * 3,
        "x\ud83d\x01\ude00\ud83d\r\ude00" + "\ud83d" + "\x02" * 9 + "\ude00",
    ],
)
def test_a_text_in_steps_becomes_what_it_becomes_whole(text: str, size: int) -> None:
    assert stepped(text, size)[0] == plain(text)


@given(st.text(st.sampled_from("a\t\r\n\x00\x7f\ud83d\ude00")), st.integers(1, 5))
def test_any_text_in_steps_gives_the_same(text: str, size: int) -> None:
    made, steps = stepped(text, size)
    assert made == plain(text)
    assert steps >= len(text) // (size + 1)


def stepped(text: str, size: int) -> tuple[str, int]:
    """Returns the resulting text and the number of steps."""
    going, steps = plain_in_steps(text, size), 0
    while True:
        try:
            next(going)
        except StopIteration as end:
            return end.value, steps
        steps += 1
