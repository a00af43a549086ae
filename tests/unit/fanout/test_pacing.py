"""Tests when a pad may flush, simulated with a clock that only the test moves."""

from __future__ import annotations

import pytest

from padfleet.services.fanout.delivery.pacing import FlushPace, PacingRules
from padfleet.shared.flushes import LIGHT_SHARE, LIGHT_TIMES

RULES = PacingRules()
CHEAP, DEAR = 0.0002, 0.002  # with twenty people on a pad, and with more than two hundred


def simulate(
    rules: PacingRules, *, every: float, cost: float, seconds: float, pads: int = 1
) -> tuple[int, float, float]:
    """Simulates one of `pads` equal pads, with a revision every `every` seconds. Returns its
    flushes, the share of the time that they took, and the longest time for which a revision was
    held."""
    pace = FlushPace(rules)
    now = revision = held = 0.0
    flushes = 0
    while revision < seconds:
        now = max(now, revision)
        now += max(pace.wait(now), 0.0)
        held = max(held, now - revision)
        pace.flushed(now, now + cost, cost, pads)
        now += cost
        flushes += 1
        revision += every * (int((now - revision) / every) + 1)  # the next one that is still unsent
    return flushes, flushes * cost / seconds, held


def test_a_quiet_pad_is_flushed_at_once() -> None:
    flushes, _, held = simulate(RULES, every=0.2, cost=0.001, seconds=20)
    assert held == 0.0
    assert flushes >= 100


def test_a_short_burst_is_flushed_at_once() -> None:
    pace = FlushPace(RULES)
    for _ in range(RULES.burst):
        assert pace.wait(100.0) <= 0
        pace.flushed(100.0 - 2 * DEAR, 100.0 - DEAR, DEAR, 1)
    assert pace.wait(100.0) > 0


@pytest.mark.parametrize("revisions_per_second", [50, 500, 5_000])
def test_frames_per_second_are_bounded_however_many_revisions_there_are(
    revisions_per_second: int,
) -> None:
    seconds = 20
    flushes, _, held = simulate(RULES, every=1 / revisions_per_second, cost=DEAR, seconds=seconds)
    assert flushes <= RULES.rate * seconds + RULES.burst
    assert held <= 1 / RULES.rate + DEAR


@pytest.mark.parametrize(
    ("revisions_per_second", "cost"),
    [(40, CHEAP), (60, CHEAP), (90, CHEAP), (50, 0.0007)],
    ids=["40/s", "60/s", "90/s", "24 authors on a slow core"],
)
def test_a_small_pad_does_not_wait_until_its_flushes_are_worth_sharing(
    revisions_per_second: int, cost: float
) -> None:
    flushes, share, held = simulate(RULES, every=1 / revisions_per_second, cost=cost, seconds=20)
    assert held == pytest.approx(0.0, abs=1e-9)
    assert flushes == pytest.approx(20 * revisions_per_second, abs=2)
    assert share <= LIGHT_SHARE


@pytest.mark.parametrize("cost", [0.0, 0.00001, CHEAP, 0.0004])
def test_a_small_pad_is_bounded_too(cost: float) -> None:
    seconds = 20
    flushes, share, _ = simulate(RULES, every=0.0005, cost=cost, seconds=seconds)
    burst = RULES.burst * LIGHT_TIMES
    assert flushes <= LIGHT_TIMES * RULES.rate * seconds + burst
    assert share <= LIGHT_SHARE + burst * cost / seconds


@pytest.mark.parametrize("cost", [0.002, 0.01, 0.04])
@pytest.mark.parametrize("pads", [1, 2])
def test_all_pads_together_keep_to_their_share_of_the_loop(cost: float, pads: int) -> None:
    _, share, _ = simulate(RULES, every=0.001, cost=cost, seconds=20, pads=pads)
    assert share * pads <= RULES.share * 1.1 or cost * pads / RULES.share > RULES.ceiling


def test_the_pause_has_a_ceiling_even_if_flushes_cost_more_than_their_share() -> None:
    pace = FlushPace(RULES)
    pace.flushed(0.0, 1.0, 1.0, 50)
    assert pace.wait(1.0) == pytest.approx(RULES.ceiling)


def test_the_floor_is_kept() -> None:
    pace = FlushPace(PacingRules(floor=0.05))
    pace.flushed(0.0, 0.0, 0.0, 1)
    assert pace.wait(0.0) == pytest.approx(0.05)


def test_the_more_pads_are_busy_the_longer_each_of_them_pauses() -> None:
    waits = []
    for busy in (1, 4, 16):
        pace = FlushPace(RULES)
        pace.flushed(0.0, 0.001, 0.001, busy)
        waits.append(pace.wait(0.001))
    assert waits == sorted(waits)
    assert waits[0] < waits[2]
