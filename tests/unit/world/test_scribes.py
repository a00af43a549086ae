"""Tests how the clients on `padfleet.connect` are judged."""

from __future__ import annotations

import random

from tests.world.scribes import Scribe


def _scribe(*, wrote: int, taken: tuple[int, ...]) -> Scribe:
    scribe = Scribe("s", [], random.Random(0), print)
    scribe._count = wrote
    scribe.taken = [f"{{s.{number}}}" for number in taken]
    return scribe


def test_what_was_taken_is_there_once() -> None:
    scribe = _scribe(wrote=3, taken=(1, 2))
    assert not scribe.judge("{s.1}\n[c1.1]{s.2}x\n{s.3}\n", rolled_back=False)
    assert not scribe.judge("{s.1}\n{s.2}\n", rolled_back=False), "the third was not taken"


def test_what_is_lost_or_doubled_is_found() -> None:
    scribe = _scribe(wrote=3, taken=(1, 2))
    assert scribe.judge("{s.1}\n", rolled_back=False) == [
        "{s.2} of scribe s was taken, and is not there"
    ]
    assert not scribe.judge("{s.1}\n", rolled_back=True)
    doubled = "{s.1}\n{s.2}\n{s.3}\n{s.3}\n"
    assert scribe.judge(doubled, rolled_back=True) == ["line 3 of scribe s is there 2 times"]


def test_what_cannot_follow_is_a_fault_in_any_case() -> None:
    scribe = _scribe(wrote=0, taken=())
    scribe.faults.append("a gap")
    assert scribe.judge("\n", rolled_back=True) == ["a gap"]
