"""Tests that the feed has no hole, whatever overlaps, repeats or is missing in its input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.pads import feed as feed_module
from padfleet.services.fanout.pads.feed import KEEP_MS, Doubt, FeedGap
from padfleet.shared.log.records import Revision
from tests.unit.fanout.revisions import feed_at, revision, revisions


def test_contiguous_revisions_are_taken() -> None:
    feed = feed_at(4, 10)
    assert feed.offer(revisions(5, 6, 7)) is None
    assert (feed.first, feed.head) == (5, 7)
    assert [r.rev for r in feed.since(5)] == [6, 7]


def test_a_repeated_revision_is_passed_over() -> None:
    feed = feed_at(4, 10)
    feed.offer(revisions(5, 6))
    assert feed.offer(revisions(5, 6, 7)) is None
    assert [r.rev for r in feed.since(4)] == [5, 6, 7]


def test_nothing_after_a_gap_is_accepted() -> None:
    feed = feed_at(4, 10)
    assert feed.offer(revisions(7, 8)) == FeedGap(5, 8)
    assert feed.head == 4
    assert feed.since(4) == []


def test_it_says_when_it_does_not_reach_back_that_far() -> None:
    feed = feed_at(-1, 3)
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
    feed = feed_at(-1, 3)
    for rev in range(1000):
        feed.offer(revisions(rev))
    assert feed.first == 0
    monkeypatch.setattr(feed_module, "MOST", 500)
    for rev in range(1000, 3000):
        feed.offer(revisions(rev))
    assert 400 <= len(feed.since(feed.first - 1)) <= 700


def test_I6_what_is_held_is_bounded_in_bytes_whatever_came_lately(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hundred pasted texts would else stay for as long as anybody is on the pad."""
    monkeypatch.setattr(feed_module, "MOST_BYTES", 10_000)
    feed = feed_at(-1, 500, padding=900)
    for rev in range(100):
        feed.offer([revision(rev, padding=900)])
        assert sum(len(each.wire) for each in feed.since(feed.first - 1)) <= 10_000
        assert feed.get(rev).rev == feed.head == rev
    assert len(feed.since(feed.first - 1)) >= 7
    with pytest.raises(IndexError):
        feed.since(50)


def test_the_newest_revision_is_held_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MOST_BYTES", 100)
    feed = feed_at(-1, 500, padding=900)
    for rev in range(5):
        feed.offer([revision(rev, padding=900)])
        assert [each.rev for each in feed.since(feed.first - 1)] == [rev]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), max_size=40))
def test_I3_any_order_of_arrival_leaves_a_contiguous_feed(parts: list[tuple[int, int]]) -> None:
    """Messages may come late, twice, or not at all; reads of the stream overlap them."""
    feed, told = feed_at(-1, 100), -1
    for start, length in parts:
        gap = feed.offer([revision(rev) for rev in range(start, start + length)])
        if gap is not None:
            assert isinstance(gap, FeedGap)
            assert gap.first == feed.head + 1
            assert feed.offer([revision(rev) for rev in range(gap.first, gap.last + 1)]) is None
        told = max(told, start + length - 1)
        assert [r.rev for r in feed.since(-1)] == list(range(told + 1))


def other(rev: int) -> Revision:
    """Returns a revision of another history, as after a fail-over that lost some."""
    return revision(rev, padding=1)


def test_I5_a_revision_that_is_not_the_one_that_was_shown_is_noticed() -> None:
    """It used to be passed over as one that the feed has already: the pad was forked in silence."""
    feed = feed_at(4, 10)
    assert feed.offer(revisions(5, 6, 7)) is None
    assert feed.offer([other(6)]) == Doubt(6)
    assert feed.offer(revisions(6, 7)) is None
    assert feed.head == 7


def test_I5_a_revision_that_does_not_follow_is_not_taken() -> None:
    feed = feed_at(4, 10)
    assert feed.offer([other(5)]) == Doubt(5)
    assert feed.head == 4
    assert feed.offer([revision(5), other(6)]) == Doubt(6)
    assert feed.head == 5
