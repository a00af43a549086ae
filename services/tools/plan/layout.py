"""Works out which pads there are, and on how many workers each is. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from padfleet.services.tools.plan.demand import Demand

BALANCE = 1.25
"""A worker gets at most this many times the average of sockets (`hash-balance-factor` of
deploy/balancer/haproxy.cfg); the rest of a pad goes to the next worker."""

WIDENING = 1.25
"""Pads whose sizes differ by no more than this factor are treated as one group."""


@dataclass(frozen=True, slots=True)
class Pads:
    """A number of similar pads. Numbers are averages and need not be whole."""

    count: float
    sockets: float  #: on each
    editors: float  #: on each
    hot: bool = False


def pads_of(demand: Demand) -> list[Pads]:
    """Returns the hot pad first, if there is one, and then the others from the largest down.
    Editors are spread like sockets: they are the same share of the people on each pad."""
    found, pads = [], demand.pads
    sockets, editors = demand.sockets, demand.editors
    if demand.hot is not None:
        found.append(Pads(1, demand.hot.sockets, demand.hot.editors, hot=True))
        pads, sockets = pads - 1, sockets - demand.hot.sockets
        editors -= demand.hot.editors
    if not pads or not sockets:
        return found
    groups = _groups(pads, demand.skew)
    # No pad is empty: each has one socket, and the others are spread by weight.
    spare, whole = sockets - pads, sum(count * weight for count, weight in groups)
    for count, weight in groups:
        size = 1 + spare * weight / whole
        found.append(Pads(count, size, editors * size / sockets))
    return found


def _groups(pads: int, skew: float) -> list[tuple[int, float]]:
    """Returns groups of pads: how many there are, and the mean weight of each. A pad's cost grows
    with the square of its people, so the groups are narrow enough for the sum of squares to be
    right, too."""
    if not skew:
        return [(pads, 1.0)]
    groups, first = [], 1
    while first <= pads:
        last = min(max(first, int(first * WIDENING)), pads)
        weights = [rank**-skew for rank in _sample(first, last)]
        mean = sum(weights) / len(weights)
        groups.append((last - first + 1, mean))
        first = last + 1
    return groups


def _sample(first: int, last: int) -> list[float]:
    """Returns the ranks between the two, or a hundred of them if there are more."""
    many = last - first + 1
    if many <= 100:
        return [float(rank) for rank in range(first, last + 1)]
    return [first + (last - first) * (n + 0.5) / 100 for n in range(100)]


def workers_of(pads: Pads, sockets: float, workers: int, *, gathered: bool) -> float:
    """Returns on how many of `workers` one such pad has somebody, if all pads together have
    `sockets`."""
    if gathered:
        fits = BALANCE * sockets / workers
        return min(float(workers), max(1.0, math.ceil(pads.sockets / fits)))
    # Without this, each socket may be anywhere: how many different workers is that on average?
    return workers * -math.expm1(pads.sockets * math.log1p(-1 / workers)) if workers > 1 else 1.0
