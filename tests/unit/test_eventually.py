"""Tests the helper that the other tests wait with."""

from __future__ import annotations

import pytest

from tests.eventually import eventually, eventually_sync


async def test_it_returns_what_the_condition_gives() -> None:
    answers = iter([None, 0, "there"])
    assert await eventually(lambda: next(answers)) == "there"

    async def later() -> int:
        return 7

    assert await eventually(later) == 7


def test_assertions_are_tried_again_and_told_at_the_end() -> None:
    def condition() -> None:
        raise AssertionError("two of three")

    with pytest.raises(AssertionError, match=r"not within 0.01 s: all came; last error: two of th"):
        eventually_sync(condition, "all came", timeout=0.01)


def test_other_errors_are_not_waited_out() -> None:
    with pytest.raises(ZeroDivisionError):
        eventually_sync(lambda: 1 // 0)
