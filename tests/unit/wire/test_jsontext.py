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
    "source",
    [
        "",
        "{",
        "NaN",
        "[Infinity]",
        "[-Infinity]",
        "1e999",
        "[-1e999]",
        "9" * 5000,
        "[" * 100_000,
        b"\xff",
        '"\x00"',
        "1 2",
    ],
)
def test_what_is_no_json_is_refused(source: str | bytes) -> None:
    with pytest.raises(BadJson):
        loads(source)


@pytest.mark.parametrize("depth", [100, 400, 600, 900, 5000])
def test_text_beyond_the_basic_plane_deep_inside_is_read_or_refused(depth: int) -> None:
    """Splitting into code units must not get less deep than reading does, and break on it."""
    source = "[" * depth + '"😀"' + "]" * depth
    try:
        value = loads(source)
    except BadJson:
        return
    while isinstance(value, list):
        (value,) = value
    assert value == "\ud83d\ude00"


@pytest.mark.parametrize("number", ["0.5", "-1.25e3", "1e308", "-0.0", "12"])
def test_numbers_are_read_as_they_are(number: str) -> None:
    assert loads(f"[{number}]") == [json.loads(number)]


def test_nan_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps(float("nan"))
