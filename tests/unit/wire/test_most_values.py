"""Tests the limit on the values in one message, which are counted without parsing it."""

from __future__ import annotations

import pytest

from padfleet.shared.wire.jsontext import BadJson, dumps, loads

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
