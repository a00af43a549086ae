"""Works out which pads there are, and on how many workers each is. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from padfleet.services.tools.plan.demand import Demand

BALANCE = 1.25
"""A worker gets no more than so many times the average of sockets (`hash-balance-factor` of
deploy/balancer/haproxy.cfg); what is more of a pad goes to the next worker."""

WIDENING = 1.25
"""Pads are taken together whose sizes differ by no more than this."""


@dataclass(frozen=True, slots=True)
class Pads:
    """A number of similar pads. Numbers are averages and need not be whole."""

    count: float
    sockets: float  #: on each
    editors: float  #: on each
    hot: bool = False


def pads_of(demand: Demand) -> list[Pads]:
    """The hot pad first, if there is one, then from the largest down. Editors are where people are:
    as many of the sockets of each pad."""
    found, pads = [], demand.pads
    sockets, editors = demand.sockets, demand.editors
    if demand.hot is not None:
        found.append(Pads(1, demand.hot.sockets, demand.hot.editors, hot=True))
        pads, sockets = pads - 1, sockets - demand.hot.sockets
        editors -= demand.hot.editors
    if not pads or not sockets:
        return found
    groups = _groups(pads, demand.skew)
    # Nobody's pad is empty: each has one socket, and what is left goes by weight.
    spare, whole = sockets - pads, sum(count * weight for count, weight in groups)
    for count, weight in groups:
        size = 1 + spare * weight / whole
        found.append(Pads(count, size, editors * size / sockets))
    return found


def _groups(pads: int, skew: float) -> list[tuple[int, float]]:
    """How many, and the weight of each, which for the sum of squares is right, not only for the
    sum: what a pad costs goes with the square of its people."""
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
    """Ranks between the two, all or a hundred of them."""
    many = last - first + 1
    if many <= 100:
        return [float(rank) for rank in range(first, last + 1)]
    return [first + (last - first) * (n + 0.5) / 100 for n in range(100)]


def workers_of(pads: Pads, sockets: float, workers: int, *, gathered: bool) -> float:
    """On how many of `workers` one such pad has somebody; `sockets` are those of all pads."""
    if gathered:
        fits = BALANCE * sockets / workers
        return min(float(workers), max(1.0, math.ceil(pads.sockets / fits)))
    # Each socket goes anywhere: how many different workers that makes, on average.
    return workers * -math.expm1(pads.sockets * math.log1p(-1 / workers)) if workers > 1 else 1.0
