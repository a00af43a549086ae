"""Tests JSON in which a lone surrogate survives and every result is valid UTF-8."""

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.wire import jsontext
from padfleet.shared.wire.jsontext import (
    MOST_DEEP,
    UNITS_AT_ONCE,
    BadJson,
    dumps,
    dumps_in_pieces,
    is_long,
    loads,
)

CODE_UNITS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=()))

MEMBERS = st.recursive(
    CODE_UNITS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(CODE_UNITS, inner, max_size=4),
    max_leaves=12,
)


@given(CODE_UNITS)
def test_I9_any_code_units_go_through_the_wire(text: str) -> None:
    encoded = dumps({text: [text]}).encode()
    assert loads(encoded) == {text: [text]}


@given(
    st.text(st.sampled_from("ax\ud83d\ude00\ud83d\ude00\u00e4"), max_size=40),
    st.dictionaries(CODE_UNITS, MEMBERS, max_size=9),
)
def test_I9_what_is_written_in_pieces_is_the_same(text: str, members: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsontext, "UNITS_AT_ONCE", 3)
        patch.setattr(jsontext, "MEMBERS_AT_ONCE", 2)
        assert dumps_in_pieces(text) == dumps(text)
        assert dumps_in_pieces(members) == dumps(members)
        assert dumps_in_pieces(list(members.values())) == dumps(list(members.values()))


def test_no_piece_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def noted(value: Any) -> str:
        text = dumps(value)
        written.append(len(text))
        return text

    value = {"a": {"b": {str(n): ["author", f"a.{n}"] for n in range(5000)}, "c": "x" * 300_000}}
    monkeypatch.setattr(jsontext, "dumps", noted)
    assert loads(dumps_in_pieces(value)) == value
    assert max(written) <= UNITS_AT_ONCE + 2


@pytest.mark.parametrize(
    "value",
    ["x" * 200_000, [1] * 1000, {"a": ["b"] * 1000}, {"a": "x" * 200_000}, ["x" * 40_000] * 4],
)
def test_what_is_long_is_known_for_it(value: Any) -> None:
    assert is_long(value)
    assert not is_long(value[:2] if isinstance(value, str | list) else None)


def test_pairs_become_characters_and_lone_halves_escapes() -> None:
    assert dumps("a\ud83d\ude00\ud83d") == '"a😀\\ud83d"'
    assert dumps("\ude00\ud83d") == '"\\ude00\\ud83d"'


@given(CODE_UNITS, st.sampled_from(("\ud83d", "\ude00x", "\ud83d\ude00\ud83d", "\ude00\ud83d")))
def test_I9_text_of_a_thousand_halves_goes_through_the_wire(text: str, halves: str) -> None:
    units = text + 1000 * halves + text
    assert loads(dumps([units]).encode()) == [units]


@pytest.mark.parametrize("units", ["\ud83d" * 50_000, "\ude00\ud83d\ude00" * 50_000])
def test_a_half_is_no_work_of_its_own(units: str) -> None:
    """A megabyte of them held a worker for a fifth of a second."""
    calls = 0

    def called(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(called)
    try:
        encoded = dumps(units)
    finally:
        sys.setprofile(None)
    assert loads(encoded) == units
    assert calls < 50_000


@pytest.mark.parametrize(
    "source", ['"😀"', '"\\ud83d\\ude00"', '"\\uD83D\\uDE00"', '"\ud83d\ude00"']
)
def test_a_character_beyond_the_basic_plane_counts_as_two(source: str) -> None:
    assert loads(source) == "\ud83d\ude00"
    assert len(loads(source)) == 2


def test_javascript_reads_the_same() -> None:
    """Any JSON parser reads what we write as the original text."""
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
        "9" * 400,
        "9" * 5000,
        "-" + "9" * 5000,
        "[" * 100_000,
        b"\xff",
        '"\x00"',
        "1 2",
    ],
)
def test_what_is_no_json_is_refused(source: str | bytes) -> None:
    with pytest.raises(BadJson):
        loads(source)


def _nested(depth: int, inside: str = '"😀"') -> list[str]:
    return [
        "[" * depth + inside + "]" * depth,
        '{"a":' * depth + inside + "}" * depth,
        '[{"a":' * (depth // 2)
        + "[" * (depth % 2)
        + inside
        + "]" * (depth % 2)
        + "}]" * (depth // 2),
    ]


@pytest.mark.parametrize("source", _nested(MOST_DEEP))
def test_the_deepest_allowed_nesting_is_read_split_and_written(source: str) -> None:
    value = loads(source)
    assert loads(dumps(value)) == value
    while not isinstance(value, str):
        (value,) = value if isinstance(value, list) else value.values()
    assert value == "\ud83d\ude00"


@pytest.mark.parametrize("depth", [MOST_DEEP + 1, 100, 400, 600, 900, 990, 5000, 100_000])
def test_what_is_deeper_is_refused_whoever_reads(depth: int) -> None:
    """The limit is not the end of Python's stack, which depends on the caller. A value that could
    just be read would break the next function that walks it."""
    for source in (*_nested(depth), *_nested(depth, "1"), "[" * depth):
        with pytest.raises(BadJson):
            loads(source)


def test_brackets_in_texts_are_no_depth() -> None:
    assert loads('["' + "[{" * 1000 + '"]') == ["[{" * 1000]
    assert loads("[" + "[],{}," * 1000 + "1]")[-1] == 1


def test_a_reader_of_a_wrapped_part_may_ask_for_more() -> None:
    wrapped = "[" + _nested(MOST_DEEP)[0] + "]"
    with pytest.raises(BadJson):
        loads(wrapped)
    assert loads(wrapped, deepest=MOST_DEEP + 1)


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740993", "9" * 300])
def test_numbers_beyond_those_of_javascript_are_what_they_are_there(number: str) -> None:
    """If they were integers, they would be taken for revisions and times, and could not be
    stored."""
    value = loads(number)
    assert type(value) is float
    assert value == float(number)
    dumps(value)


@pytest.mark.parametrize("number", ["0", "-1", "9007199254740991", "-9007199254740991"])
def test_whole_numbers_stay_whole(number: str) -> None:
    value = loads(number)
    assert type(value) is int
    assert value == int(number)


@pytest.mark.parametrize("number", ["0.5", "-1.25e3", "1e308", "-0.0", "12"])
def test_numbers_are_read_as_they_are(number: str) -> None:
    assert loads(f"[{number}]") == [json.loads(number)]


def test_nan_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps(float("nan"))
