"""JSON in which a lone surrogate survives, and every result is valid UTF-8."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.wire.jsontext import BadJson, dumps, loads

CODE_UNITS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=()))


@given(CODE_UNITS)
def test_I9_any_code_units_go_through_the_wire(text: str) -> None:
    encoded = dumps({text: [text]}).encode()
    assert loads(encoded) == {text: [text]}


def test_pairs_become_characters_and_lone_halves_escapes() -> None:
    assert dumps("a\ud83d\ude00\ud83d") == '"a😀\\ud83d"'
    assert dumps("\ude00\ud83d") == '"\\ude00\\ud83d"'


@pytest.mark.parametrize("source", ['"😀"', '"\\ud83d\\ude00"', '"\\uD83D\\uDE00"'])
def test_a_character_beyond_the_basic_plane_counts_as_two(source: str) -> None:
    assert loads(source) == "\ud83d\ude00"
    assert len(loads(source)) == 2


def test_javascript_reads_the_same() -> None:
    """What we write is read by any JSON parser as the text that it was."""
    assert json.loads(dumps("\ud83d\ude00")) == "😀"


@pytest.mark.parametrize(
    "source", ["", "{", "NaN", "[Infinity]", "[-Infinity]", "[" * 100_000, b"\xff", '"\x00"', "1 2"]
)
def test_what_is_no_json_is_refused(source: str | bytes) -> None:
    with pytest.raises(BadJson):
        loads(source)


def test_nan_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps(float("nan"))
