"""Answers of servers that have been replaced."""

import pytest

from padfleet.shared.log.connection.succession import MOST, OUTLIVES_S, Succession, comes_before


def test_I5_a_reign_that_is_over_does_not_return() -> None:
    """The old primary wakes up and answers the question that it was asked before it went to
    sleep."""
    reigns = Succession()
    assert reigns.accepts(1, "old", 0.0)
    assert reigns.accepts(1, "old", 0.0)
    assert reigns.accepts(1, "new", 0.0)
    assert not reigns.accepts(1, "old", 0.0)
    assert reigns.accepts(1, "new", 0.0)
    assert reigns.accepts(1, "old.3", 0.0), "the same server may come back under another"
    assert not reigns.accepts(1, "new", 0.0)


def test_partitions_have_nothing_to_do_with_each_other() -> None:
    reigns = Succession()
    assert reigns.accepts(1, "old", 0.0)
    assert reigns.accepts(1, "new", 0.0)
    assert reigns.accepts(2, "old", 0.0)


def test_it_does_not_grow_without_end() -> None:
    reigns = Succession()
    for number in range(10 * MOST):
        assert reigns.accepts(1, f"reign.{number}", 0.0)
    assert len(reigns._past[1]) == MOST


def test_I10_the_only_reign_heard_of_for_long_is_the_present_one() -> None:
    """A Redis was emptied, and gives its first name again."""
    reigns = Succession()
    assert reigns.accepts(1, "first", 0.0)
    assert reigns.accepts(1, "second", 1.0)
    assert not reigns.accepts(1, "first", 2.0)
    assert reigns.accepts(1, "second", 2.0 + OUTLIVES_S), "it is not the only one"
    assert not reigns.accepts(1, "first", 3.0 + OUTLIVES_S)
    assert not reigns.accepts(1, "first", 2.5 + 2 * OUTLIVES_S)
    assert reigns.accepts(1, "first", 3.0 + 2 * OUTLIVES_S)
    assert reigns.present(1) == "first"
    assert not reigns.accepts(1, "second", 4.0 + 2 * OUTLIVES_S), "now it is over"


def test_I5_the_new_primary_is_believed_even_if_the_old_one_is_heard_of_later() -> None:
    """A process that has just begun has heard of neither."""
    reigns = Succession()
    assert reigns.accepts(0, "new.1800000007161002", 0.0)
    assert not reigns.accepts(0, "old.1800000007161001", 0.1)
    assert reigns.accepts(0, "new.1800000007161002", 0.2)
    assert not reigns.accepts(0, "old.1800000007161001", 0.3)
    assert reigns.present(0) == "new.1800000007161002"
    # It is not avoided forever, since it may be the only one that is left.
    assert reigns.accepts(0, "old.1800000007161001", 0.3 + OUTLIVES_S)
    assert reigns.present(0) == "old.1800000007161001"


@pytest.mark.parametrize(
    ("reign", "other", "before"),
    [
        ("a.17", "b.18", True),
        ("a.17", "a.20", True),
        ("a.17", "b.17", False),  # each was counted by a server that knew of none later
        ("a.18", "b.17", False),
        ("a", "b", False),
        ("a", "b.17", False),  # a server that was emptied may be a fleet that is new
        ("a.17", "b", False),
        ("a.17", "b.1800000007161002", False),  # its replica may not have heard of that yet
        ("a.1799999000000001", "b.1800000007161002", False),  # its clock may have been put back
        ("a.x", "b.2", False),
        ("", "b.2", False),
    ],
)
def test_I5_which_reign_comes_before_another(reign: str, other: str, before: bool) -> None:
    assert comes_before(reign, other) is before
