"""Tests that the checker finds nothing wrong with a correct history."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chaos.history import check, from_lines, to_lines
from tests.examples import examples
from tests.unit.history.simulator import STEPS, simulate


@settings(max_examples=examples(300))
@given(STEPS, st.integers(0, 1 << 30))
def test_nothing_is_found_in_an_honest_history(steps: list[Any], seed: int) -> None:
    history = simulate(steps, seed)
    verdict = check(history.recordings, history.stream)
    assert verdict.ok, str(verdict)
    assert verdict.revisions == len(history.stream.revisions)
    assert verdict.reloads["rejected"] == sum(step[0] == "reload" for step in steps)
    assert verdict.reconnects == sum(step[0] == "lose" for step in steps)


@settings(max_examples=50)
@given(STEPS, st.integers(0, 1 << 30))
def test_recordings_are_the_same_after_a_round_trip(steps: list[Any], seed: int) -> None:
    recordings = simulate(steps, seed).recordings
    assert from_lines(to_lines(recordings)) == recordings
