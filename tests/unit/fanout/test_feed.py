"""The feed: whatever overlaps, repeats or lacks, it has no hole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fanout import feed as feed_module
from services.fanout.feed import KEEP_MS, Feed, Gap
from tests.unit.fanout.revisions import revision, revisions


def test_contiguous_revisions_are_taken() -> None:
    feed = Feed(4, capacity=10)
    assert feed.offer(revisions(5, 6, 7)) is None
    assert (feed.first, feed.head) == (5, 7)
    assert [r.rev for r in feed.since(5)] == [6, 7]


def test_a_repeated_revision_is_passed_over() -> None:
    feed = Feed(4, capacity=10)
    feed.offer(revisions(5, 6))
    assert feed.offer(revisions(5, 6, 7)) is None
    assert [r.rev for r in feed.since(4)] == [5, 6, 7]


def test_behind_a_gap_nothing_is_taken() -> None:
    feed = Feed(4, capacity=10)
    assert feed.offer(revisions(7, 8)) == Gap(5, 8)
    assert feed.head == 4
    assert feed.since(4) == []


def test_it_says_when_it_does_not_reach_back_that_far() -> None:
    feed = Feed(-1, capacity=3)
    feed.offer([each._replace(time=each.rev * KEEP_MS * 2) for each in revisions(*range(10))])
    assert (feed.first, feed.head) == (7, 9)
    assert feed.get(7).rev == 7
    for missing in (6, 10):
        with pytest.raises(IndexError):
            feed.get(missing)
    with pytest.raises(IndexError):
        feed.since(5)


def test_what_came_lately_is_held_whatever_the_capacity(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand sockets that are seconds behind on a busy pad would each read the stream."""
    feed = Feed(-1, capacity=3)
    for rev in range(1000):
        feed.offer(revisions(rev))
    assert feed.first == 0
    monkeypatch.setattr(feed_module, "MOST", 500)
    for rev in range(1000, 3000):
        feed.offer(revisions(rev))
    assert 400 <= len(feed.since(feed.first - 1)) <= 700


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), max_size=40))
def test_I3_any_order_of_arrival_leaves_a_contiguous_feed(parts: list[tuple[int, int]]) -> None:
    """Messages may come late, twice, or not at all; reads of the stream overlap them."""
    feed, told = Feed(-1, capacity=100), -1
    for start, length in parts:
        gap = feed.offer([revision(rev) for rev in range(start, start + length)])
        if gap is not None:
            assert gap.first == feed.head + 1
            assert feed.offer([revision(rev) for rev in range(gap.first, gap.last + 1)]) is None
        told = max(told, start + length - 1)
        assert [r.rev for r in feed.since(-1)] == list(range(told + 1))
