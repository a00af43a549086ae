from __future__ import annotations

from itertools import pairwise

import pytest

from padfleet.shared.fleet.past import BEAT, KEPT, NONE, STEP_S, Counted, Past, quantile

INFINITE = float("inf")


def counted(at: float, latency: dict[float, float] | None = None) -> Counted:
    return Counted(at, at / 10, 7, at * 5, at * 3, at * 100, latency or {}, {}, {})


def test_the_newest_moment_is_always_told_and_old_ones_at_every_step() -> None:
    past = Past()
    points = past.add(counted(0))
    assert [point.at for point in points] == [0]
    for beat in range(1, round(STEP_S / BEAT) * KEPT * 2):
        points = past.add(counted(beat * BEAT))
        assert points[-1].at == round(beat * BEAT * 1000)
    assert len(points) == KEPT + 1
    moments = [point.at for point in points[:-1]]
    assert {b - a for a, b in pairwise(moments)} == {STEP_S * 1000}
    assert points[-1].revisions == round(points[-1].at / 1000 * 5)


def test_a_percentile_covers_recent_values_only() -> None:
    past = Past()
    slow = {0.01: 0.0, 1.0: 1000.0, INFINITE: 1000.0}
    past.add(counted(0, slow))
    quick = {0.01: 50.0, 1.0: 1050.0, INFINITE: 1050.0}
    assert past.add(counted(2, quick))[-1].latency == 10
    for beat in range(2, 10):
        latest = past.add(counted(beat * 2, quick))[-1]
    assert latest.latency == NONE


@pytest.mark.parametrize(
    ("now", "share", "found"),
    [
        ({}, 0.95, None),
        ({1.0: 0, INFINITE: 0}, 0.95, None),
        ({1.0: 94, 2.0: 95, INFINITE: 100}, 0.95, 2.0),
        ({1.0: 96, 2.0: 98, INFINITE: 100}, 0.95, 1.0),
        ({1.0: 96, 2.0: 98, INFINITE: 100}, 1.0, 2.0),  # above all bounds: the highest of them
    ],
)
def test_a_quantile_of_buckets(now: dict[float, float], share: float, found: float | None) -> None:
    assert quantile({}, now, share) == found
