"""Tests how clients come back, with recordings made by hand."""

from __future__ import annotations

from tests.chaos.history import Recording, Return, busiest, returns
from tests.chaos.history.recording import (
    CaughtUp,
    Connected,
    ConnectionLost,
    Event,
    Joined,
    Moment,
    Reconnected,
    ToldToReload,
)

JOINED = Joined(1, "a.c", "")
LOST = ConnectionLost("connection lost")

Way = list[tuple[float, Event]]


def recording(*moments: tuple[float, Event]) -> Recording:
    return Recording("c", "pad", [Moment(at, event) for at, event in moments])


def test_a_return_ends_when_all_that_was_missed_has_come() -> None:
    way: Way = [(5, LOST), (6, Connected("url")), (6, Reconnected(1)), (8, CaughtUp(3))]
    assert list(returns([recording((1, JOINED), *way)], 0)) == [Return(5, 8)]


def test_failed_attempts_are_part_of_one_return() -> None:
    way: Way = [(5, LOST), (6, LOST), (7, LOST), (9, CaughtUp(3))]
    assert list(returns([recording((1, JOINED), *way)], 0)) == [Return(5, 9)]


def test_what_was_before_counts_for_nothing() -> None:
    way: Way = [(5, LOST), (6, CaughtUp(2)), (7, LOST), (9, CaughtUp(3))]
    assert list(returns([recording((1, JOINED), *way)], 6)) == [Return(7, 9)]


def test_to_come_for_the_first_time_is_no_return() -> None:
    assert list(returns([recording((0, LOST), (1, JOINED))], 0)) == []


def test_a_client_that_is_away_has_not_returned() -> None:
    assert list(returns([recording((1, JOINED), (5, LOST))], 0)) == []


def test_a_reload_is_a_return_too() -> None:
    way: Way = [(5, ToldToReload("userdup")), (5, LOST), (7, JOINED)]
    assert list(returns([recording((1, JOINED), *way)], 0)) == [Return(5, 7)]


def test_the_busiest_second_has_the_most_returns() -> None:
    assert busiest([]) == 0
    assert busiest([4.0]) == 1
    assert busiest([1.0, 5.2, 1.9, 5.9, 6.1, 2.0]) == 3, "5.2, 5.9 and 6.1"
    assert busiest([1.0, 2.0, 3.0]) == 1, "a second ends where the next one begins"
    assert busiest([1.0, 2.0, 3.0], window=3.0) == 3
