"""Tests batches of some hundreds: nothing is left out, nothing comes twice, and no batch is
empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from padfleet.shared.batches import batches, filled, fitting, slices

CASES = [
    (0, 3, []),
    (1, 3, [[0]]),
    (3, 3, [[0, 1, 2]]),
    (4, 3, [[0, 1, 2], [3]]),
    (6, 3, [[0, 1, 2], [3, 4, 5]]),
    (2, 1, [[0], [1]]),
]


async def one_by_one(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


@pytest.mark.parametrize(("count", "size", "expected"), CASES)
def test_slices_of_what_is_there(count: int, size: int, expected: list[list[int]]) -> None:
    assert [list(part) for part in slices(range(count), size)] == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], []),
        (["a"], [["a"]]),
        (["abc"], [["abc"]]),
        (["a", "bc", "d"], [["a", "bc"], ["d"]]),
        (["", "abcd", "", "ab", "c", ""], [["", "abcd"], ["", "ab", "c"], [""]]),
    ],
)
def test_what_fills_a_part_is_the_last_in_it(items: list[str], expected: list[list[str]]) -> None:
    assert list(filled(items, len, 3)) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], []),
        (["a"], [["a"]]),
        (["abcd"], [["abcd"]]),
        (["a", "bc", "d"], [["a", "bc"], ["d"]]),
        (["", "abcd", "", "ab", "c", ""], [[""], ["abcd"], ["", "ab", "c", ""]]),
    ],
)
def test_what_would_be_too_much_comes_in_the_next_part(
    items: list[str], expected: list[list[str]]
) -> None:
    assert list(fitting(items, len, 3)) == expected


@pytest.mark.parametrize(("count", "size", "expected"), CASES)
async def test_batches_of_what_comes(count: int, size: int, expected: list[list[int]]) -> None:
    assert [batch async for batch in batches(one_by_one(count), size)] == expected


async def test_a_batch_that_was_handed_over_is_not_changed_any_more() -> None:
    kept = [batch async for batch in batches(one_by_one(4), 2)]
    assert kept == [[0, 1], [2, 3]]


async def test_what_had_come_before_a_fault_is_handed_over_only_in_whole_batches() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 0
        yield 1
        yield 2
        raise ConnectionError

    found = batches(broken(), 2)
    assert await anext(found) == [0, 1]
    with pytest.raises(ConnectionError):
        await anext(found)
