"""Tests the limit on the values in one message, which are counted without parsing it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.wire.jsontext import FEW_VALUES, BadJson, dumps, loads, values_in

MOST = 100


@pytest.mark.parametrize(
    "text",
    [
        "[" + "{}," * 200 + "0]",
        "[" + '"a",' * 200 + "0]",
        "[" * 50 + "]" * 50 + "," * 60,
        '{"k":[' + "0," * 150 + "0]}",
        '["\\\\",' + "0," * 150 + "0]",
        '["' + ',\\"' * 5_000,
        '["' + "\\" * 5_001,
        '"' * 5_001,
    ],
)
def test_too_many_are_refused(text: str) -> None:
    with pytest.raises(BadJson):
        loads(text, most=MOST)


@pytest.mark.parametrize(
    "value",
    [
        ["," * 5000],
        ['"' * 5000, "[" * 5000, "\\" * 4999],
        {"text": '{"a":[1,2,3],"b":\n' * 1000},
        list(range(MOST - 2)),
        ["\\", ",,,", '\\"', "[" * 200],
        {str(number): str(number) for number in range(MOST // 2)},
    ],
)
def test_texts_may_have_what_they_like(value: object) -> None:
    assert loads(dumps(value), most=MOST) == value


def test_there_is_no_limit_unless_it_is_asked_for() -> None:
    assert len(loads("[" + "0," * 50_000 + "0]")) == 50_001


@given(
    st.recursive(
        st.none() | st.integers() | st.text(',[{"\\:x', max_size=8),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(',[{"\\', max_size=4), inner),
    ),
    st.integers(0, 3),
)
def test_the_values_of_a_text_are_counted_whatever_is_in_its_strings(
    value: Any, spaces: int
) -> None:
    """What is counted before anything is read may not be less than what is read."""
    text = json.dumps([value, ["x"] * FEW_VALUES], indent=spaces)
    assert values_in(text, 10**6) >= _values(value) + FEW_VALUES + 2
    empty = text.count("[]") + text.count("{}")
    assert values_in(text, 10**6) <= _values(value) + FEW_VALUES + 2 + empty


def _values(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_values, inner))
