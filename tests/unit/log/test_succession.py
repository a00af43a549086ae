"""Answers of servers that have been replaced."""

from padfleet.shared.log.succession import MOST, Succession


def test_I5_a_reign_that_is_over_does_not_return() -> None:
    """The old primary wakes up, and answers what it was asked when it went to sleep."""
    reigns = Succession()
    assert reigns.goes_on(1, "old")
    assert reigns.goes_on(1, "old")
    assert reigns.goes_on(1, "new")
    assert not reigns.goes_on(1, "old")
    assert reigns.goes_on(1, "new")
    assert reigns.goes_on(1, "old.3"), "the same server may come back under another"
    assert not reigns.goes_on(1, "new")


def test_partitions_have_nothing_to_do_with_each_other() -> None:
    reigns = Succession()
    assert reigns.goes_on(1, "old")
    assert reigns.goes_on(1, "new")
    assert reigns.goes_on(2, "old")


def test_it_does_not_grow_without_end() -> None:
    reigns = Succession()
    for number in range(10 * MOST):
        assert reigns.goes_on(1, f"reign.{number}")
    assert len(reigns._past[1]) == MOST
