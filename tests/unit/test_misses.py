"""Tests that something that was looked for in vain is not looked for again at once."""

from padfleet.shared.misses import Misses


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_name_that_was_not_found_is_remembered_for_a_while() -> None:
    clock = Clock()
    misses = Misses(10.0, clock=clock)
    misses.add("pad")
    assert "pad" in misses
    assert "other" not in misses
    clock.now += 9.9
    assert "pad" in misses
    misses.add("pad")
    clock.now += 9.9
    assert "pad" in misses, "it was looked for again"
    clock.now += 0.2
    assert "pad" not in misses


def test_a_name_that_has_been_found_is_no_miss() -> None:
    misses = Misses(10.0)
    misses.add("pad")
    misses.forget("pad")
    misses.forget("never")
    assert "pad" not in misses


def test_the_oldest_are_forgotten_first() -> None:
    misses = Misses(10.0, most=3)
    for name in ("a", "b", "c", "a", "d"):
        misses.add(name)
    assert [name for name in "abcd" if name in misses] == ["a", "c", "d"]
    assert len(misses) == 3


def test_nothing_is_remembered_for_no_time() -> None:
    misses = Misses(0.0)
    misses.add("pad")
    assert "pad" not in misses
    assert len(misses) == 0
