"""Tests how long a fence stands."""

from __future__ import annotations

from padfleet.services.writer.pads.fences import KEPT_MS, Fences

NOW = 1_800_000_000_000


def test_a_fence_keeps_out_what_is_before_it_and_never_goes_back() -> None:
    fences = Fences({}, NOW)
    assert not fences.keeps_out("a.x", 0)
    assert fences.put_up("a.x", 5, NOW) == {"a.x": 5}
    assert fences.put_up("a.x", 3, NOW) == {"a.x": 5}
    assert [order for order in range(7) if fences.keeps_out("a.x", order)] == [0, 1, 2, 3, 4]
    assert not fences.keeps_out("a.y", 0)


def test_a_day_later_it_goes_when_another_is_put_up() -> None:
    fences = Fences({}, NOW)
    fences.put_up("a.x", 5, NOW)
    fences.put_up("a.y", 6, NOW + 1)
    assert fences.put_up("a.z", 7, NOW + KEPT_MS) == {"a.z": 7}
    assert fences.keeps_out("a.x", 4)
    assert fences.put_up("a.z", 8, NOW + KEPT_MS + 1) == {"a.z": 8, "a.x": None}
    assert not fences.keeps_out("a.x", 4)
    assert "a.x" not in fences
    assert fences.keeps_out("a.y", 5)


def test_one_that_is_put_up_again_stands_for_a_day_more() -> None:
    fences = Fences({}, NOW)
    for author in ("a.x", "a.y"):
        fences.put_up(author, 5, NOW)
    later = NOW + KEPT_MS
    assert fences.put_up("a.x", 9, later) == {"a.x": 9}
    assert fences.put_up("a.z", 9, later + 1) == {"a.z": 9, "a.y": None}
    assert "a.x" in fences


def test_the_time_of_those_that_were_stored_counts_from_when_they_were_read() -> None:
    fences = Fences({"a.x": 5, "a.y": 6}, NOW)
    assert fences.put_up("a.y", 7, NOW + KEPT_MS) == {"a.y": 7}
    assert fences.put_up("a.z", 8, NOW + KEPT_MS + 1) == {"a.z": 8, "a.x": None}
    assert "a.y" in fences


def test_a_clock_that_goes_back_takes_none_away() -> None:
    fences = Fences({"a.x": 5}, NOW)
    assert fences.put_up("a.y", 6, NOW - KEPT_MS) == {"a.y": 6}
    assert "a.x" in fences
