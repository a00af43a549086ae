"""Tests when a pad is written to the cold store: never too late, and hardly ever too early."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.writer.cold.freezing import LOOKS_EACH, PASSED_OVER
from padfleet.services.writer.cold.lateness import REMEMBERED, RESERVE, Lateness

EVERY = 30.0
PAUSE = EVERY / LOOKS_EACH


class Written:
    """A pad that is written on, and a writer that looks at it."""

    def __init__(self, late: Lateness) -> None:
        self.late = late
        self.now = 100.0
        self.changed_at: list[float] = []  #: what the store has not
        self.waited: list[float] = []
        self.brought = 0
        self.asked = 0
        self.looked = 0
        self.passed_over = 0

    def passes(self, seconds: float, changes: list[float]) -> None:
        """Changes come at these parts of the time that passes."""
        self.changed_at += sorted(self.now + seconds * part for part in changes)
        self.now += seconds

    def look(self, took: float, changes: list[float]) -> bool:
        """Looks at the pad once, or passes it over because it can wait, and returns which. Changes
        that come during the look follow what is written by it."""
        if self.passed_over < PASSED_OVER and self.late.can_wait("pad", self.now, EVERY):
            self.passed_over += 1
            self.late.passed_over(self.now)
            return False
        self.passed_over = 0
        self.looked += 1
        self.late.look_begins(self.now, ["pad"])
        asked = self.now
        if self.late.can_wait("pad", asked, EVERY):
            self.passes(took, changes)
            self.late.look_ends(self.now)
            return True
        self.asked += 1
        if not self.changed_at:
            self.late.is_even("pad", asked)
            self.passes(took, changes)
        else:
            self.late.is_behind("pad", asked)
            due = self.late.is_due("pad", asked)
            held, self.changed_at = self.changed_at, []
            self.passes(took, changes)
            if due:
                self.waited += [self.now - at for at in held]
                self.late.is_even("pad", asked)
                self.brought += 1
            else:
                self.changed_at = held + self.changed_at
        self.late.look_ends(self.now)
        return True


PARTS = st.lists(st.floats(0, 1), max_size=4)
LOOKS = st.lists(st.tuples(st.floats(0, 1), PARTS, PARTS), min_size=3, max_size=30)


@given(LOOKS)
def test_what_has_changed_is_in_the_store_in_time(
    looks: list[tuple[float, list[float], list[float]]],
) -> None:
    """It is there in time, whenever it comes and however long looks take: these take a third of the
    time at most, and each at most a third of the reserve longer than the longest of some before."""
    written = Written(Lateness(EVERY))
    took = [0.0]
    for part, before, meanwhile in looks:
        longest = min(EVERY / 3, max(took[-REMEMBERED:]) + EVERY / (3 * RESERVE))
        if written.look(part * longest, meanwhile):
            took.append(part * longest)
        written.passes(PAUSE, before)
    assert all(waited <= EVERY + 1e-6 for waited in written.waited)


def test_a_pad_that_is_written_on_all_the_time_is_brought_as_late_as_may_be() -> None:
    written = Written(Lateness(EVERY))
    for _ in range(60):
        written.look(0.2, [0.5])
        written.passes(PAUSE, [0.1, 0.9])
    assert written.brought <= 60 * PAUSE / (0.8 * EVERY)
    assert written.asked == 1 + written.brought, "it is asked about when it is copied"
    assert written.looked <= 2.5 * written.brought
    assert max(written.waited) <= EVERY


def test_a_pad_that_nobody_writes_on_is_asked_about_as_seldom() -> None:
    written = Written(Lateness(EVERY))
    for _ in range(60):
        written.look(0.2, [])
        written.passes(PAUSE, [])
    assert (written.brought, written.asked) == (0, 12)


def test_a_pad_that_may_leave_soon_is_asked_about_more_often() -> None:
    late = Lateness(EVERY)
    late.look_begins(1.0, ["pad"])
    late.is_even("pad", 1.0)
    late.look_ends(1.1)
    late.look_begins(6.0, ["pad"])
    assert late.can_wait("pad", 6.0, 10.0)
    assert not late.can_wait("pad", 6.0, 5.0)
    assert not late.can_wait("another", 6.0, 10.0)


def test_where_looks_take_long_it_is_brought_at_each() -> None:
    written = Written(Lateness(EVERY))
    for _ in range(20):
        written.look(EVERY / 3, [0.5])
        written.passes(PAUSE, [0.1, 0.9])
    assert written.brought >= 18
    assert max(written.waited) <= EVERY


def test_a_pad_of_which_nothing_is_known_is_brought_at_once() -> None:
    late = Lateness(EVERY)
    late.look_begins(1.0, ["pad"])
    late.is_even("pad", 1.0)
    late.look_ends(1.1)
    late.look_begins(1.2, ["pad", "other"])
    assert late.is_due("other", 1.2)
    assert not late.is_due("pad", 1.2)
    late.look_begins(1.3, ["other"])
    late.look_begins(1.4, ["pad"])
    assert late.is_due("pad", 1.4)
    late.is_even("pad", 1.4)
    late.forget("pad")
    assert late.is_due("pad", 1.4)


def test_since_when_pads_are_behind_is_told_until_they_are_not() -> None:
    late = Lateness(EVERY)
    late.look_begins(1.0, ["a", "b"])
    late.is_behind("a", 1.0)
    late.is_behind("b", 1.5)
    late.is_behind("a", 2.0)
    assert late.behind == [1.0, 1.5]
    late.is_even("a", 3.0)
    assert late.behind == [1.5]
    late.is_behind("a", 9.0)
    assert late.behind == [1.5, 3.0], "it may have changed when it had just been copied"
    late.look_begins(4.0, ["b"])
    assert late.behind == [1.5]
