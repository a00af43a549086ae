"""Tests the text of a pad with its lists."""

from __future__ import annotations

import pytest

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    Builder,
    EasysyncError,
    apply_to_atext,
    make_atext,
)
from padfleet.shared.rendering.txt import to_txt


def text_of(*lines: tuple[str, str]) -> str:
    pool = AttributePool()
    builder = Builder(1)
    for kind, text in lines:
        if kind:
            builder.insert("*", [("list", kind), ("lmkr", "1")], pool)
        builder.insert(f"{text}\n", [("author", "a.x")], pool)
    atext = apply_to_atext(builder.to_changeset(), make_atext("\n"), pool)
    return to_txt(atext, pool).removesuffix("\n")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("", "a"), ("", "*b")], "a\n*b\n"),
        ([("bullet1", "a"), ("bullet2", "b")], "\t* a\n\t\t* b\n"),
        ([("number1", "a"), ("number1", "b")], "\t1. a\n\t2. b\n"),
        (
            [
                ("number1", "a"),
                ("number2", "b"),
                ("number2", "c"),
                ("number1", "d"),
                ("number2", "e"),
            ],
            "\t1. a\n\t\t1.1. b\n\t\t1.2. c\n\t2. d\n\t\t2.1. e\n",
        ),
        ([("number2", "a")], "\t\t1. a\n"),
        ([("number1", "a"), ("bullet2", "b"), ("number1", "c")], "\t1. a\n\t\t* b\n\t2. c\n"),
        ([("bullet1", "a"), ("number2", "b")], "\t* a\n\t\t1. b\n"),
        ([("number1", "a"), ("", "b"), ("number1", "c")], "\t1. a\nb\n\t1. c\n"),
        ([("indent1", "a")], "\ta\n"),
        ([("nonsense", "a")], "a\n"),
    ],
)
def test_lists_are_numbered_in_text(lines: list[tuple[str, str]], expected: str) -> None:
    assert text_of(*lines) == expected


def test_a_list_begins_where_its_first_item_says() -> None:
    pool = AttributePool()
    builder = Builder(1)
    for level, start in ((1, "7"), (1, "1"), (2, "3"), (1, "1")):
        marker = [("list", f"number{level}"), ("lmkr", "1"), ("start", start)]
        builder.insert("*", marker, pool)
        builder.insert("x\n", [("author", "a.x")], pool)
    atext = apply_to_atext(builder.to_changeset(), make_atext("\n"), pool)
    assert to_txt(atext, pool) == "\t7. x\n\t8. x\n\t\t8.3. x\n\t9. x\n\n"


def test_attributes_that_are_not_in_the_pool_are_an_error() -> None:
    with pytest.raises(EasysyncError):
        to_txt(AText("a\n", "*5+1|1+1"), AttributePool())
