"""Tests that a repeated pool is not parsed again, and is never confused with another one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from padfleet.services.fanout.delivery import pools
from padfleet.services.fanout.delivery.pools import MOST_KEPT, SentPools
from padfleet.shared.easysync import AttributePool, EasysyncError

MINE: dict[str, Any] = {
    "numToAttrib": {"0": ["author", "a.me"]},
    "attribToNum": {"author,a.me": 0},
    "nextNum": 1,
}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    seen: list[object] = []

    class Counting(AttributePool):
        @classmethod
        def from_jsonable(cls, obj: object) -> AttributePool:
            seen.append(obj)
            return AttributePool.from_jsonable(obj)

    monkeypatch.setattr(pools, "AttributePool", Counting)
    return seen


def test_the_same_pool_is_read_once(reads: list[object]) -> None:
    sent = SentPools()
    first = sent.read(deepcopy(MINE))
    assert first == {"numToAttrib": {"0": ["author", "a.me"]}, "nextNum": 1}
    assert [sent.read(deepcopy(MINE)) for _ in range(5)] == [first] * 5
    assert len(reads) == 1
    other = {"numToAttrib": {"0": ["author", "a.you"]}, "nextNum": 1}
    assert sent.read(other) == other
    assert len(reads) == 2


@pytest.mark.parametrize("next_num", [True, 1.0, "1", None, -1, 1 << 60])
def test_something_that_only_equals_a_pool_is_still_refused(next_num: object) -> None:
    sent = SentPools()
    sent.read(deepcopy(MINE))
    with pytest.raises(EasysyncError):
        sent.read({**MINE, "nextNum": next_num})


@pytest.mark.parametrize("apool", [None, 7, [], "x", {}, {"numToAttrib": {}}, {"nextNum": 1}])
def test_what_is_no_pool_is_refused_before_and_after_one(apool: object) -> None:
    sent = SentPools()
    for _ in range(2):
        with pytest.raises(EasysyncError):
            sent.read(apool)
        sent.read(deepcopy(MINE))


@pytest.mark.parametrize(
    "large",
    [
        {"numToAttrib": {"0": ["author", "a" * MOST_KEPT]}, "nextNum": 1},
        {"numToAttrib": {str(n): ["bold", str(n)] for n in range(2)}, "nextNum": 2},
        {**MINE, "more": "x" * 100_000},
        {**MINE, "attribToNum": {"x" * 100_000: 0}},
        {**MINE, "attribToNum": {"x": [1, 2]}},
        {**MINE, "attribToNum": ["x"] * 1000},
    ],
)
def test_what_is_large_is_not_kept(large: dict[str, Any], reads: list[object]) -> None:
    """A socket may send megabytes, and there are ten thousand of them."""
    sent = SentPools()
    before = sent.read(deepcopy(MINE))
    for _ in range(2):
        assert sent.read(large) == AttributePool.from_jsonable(large).to_jsonable()
    assert len(reads) == 3
    assert sent.read(deepcopy(MINE)) == before
    assert len(reads) == 3
