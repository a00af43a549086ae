"""This module keeps the last minutes of a process, which reports them itself. It is pure.

The process keeps them, and not the observer: so one look shows rates and charts at once, at 3 a.m.
and in a script; two observers see the same; and a restart, which sets all counters to 0, also
clears the past, so that no rate is ever computed from the counters of two lives.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

BEAT = 2.0
"""The number of seconds between two reports."""

STEP_S = 10
"""The number of seconds between two points that are kept."""

KEPT = 30
"""How many points are kept: five minutes."""

RECENT_S = 10.0
"""The seconds over which a percentile is taken; since the last beat there would be too few
values."""

NONE = -1
"""The value for a time when nothing was measured."""


class Point(NamedTuple):
    """The figures of one moment. Counters count from the start of the process."""

    at: int  #: ms since that start, by the process's own clock
    cpu: int  #: ms of processor time
    sockets: int
    revisions: int  #: committed, for a writer; delivered over all sockets, for a worker
    frames: int  #: messages with revisions, over all sockets
    bytes: int  #: in those messages
    latency: int
    """The ms within which 95 of 100 revisions were recently delivered (worker) or batches committed
    (writer); `NONE` if there were none."""
    flow: int
    """The ms that 95 of 100 of a worker's own revisions recently took, by way of inbox, writer,
    stream and channel; `NONE` for a writer. This is also measured when nobody types."""
    delay: int  #: the most ms by which the event loop was recently late


Buckets = Mapping[float, float]
"""Observations of a histogram up to each bound, in seconds; the last bound is infinite."""


class Counted(NamedTuple):
    """What a process has counted up to a moment."""

    at: float  #: seconds since its start
    cpu: float  #: seconds
    sockets: int
    revisions: float
    frames: float
    bytes: float
    latency: Buckets
    flow: Buckets
    delay: Buckets


class Past:
    def __init__(self) -> None:
        self._kept: deque[Point] = deque(maxlen=KEPT)
        self._recent: deque[Counted] = deque()

    def add(self, now: Counted) -> tuple[Point, ...]:
        """Adds `now`. Returns the points to report, oldest first, the last of which is `now`."""
        self._recent.append(now)
        while len(self._recent) > 2 and now.at - self._recent[1].at >= RECENT_S:
            self._recent.popleft()
        before = self._recent[0]
        point = Point(
            round(now.at * 1000),
            round(now.cpu * 1000),
            now.sockets,
            round(now.revisions),
            round(now.frames),
            round(now.bytes),
            _ms(quantile(before.latency, now.latency, 0.95)),
            _ms(quantile(before.flow, now.flow, 0.95)),
            _ms(quantile(before.delay, now.delay, 1.0)),
        )
        points = (*self._kept, point)
        # Half a beat of tolerance: otherwise a report that comes a moment early would make the step
        # a beat longer.
        if not self._kept or point.at - self._kept[-1].at >= (STEP_S - BEAT / 2) * 1000:
            self._kept.append(point)
        return points


def _ms(seconds: float | None) -> int:
    return NONE if seconds is None else round(seconds * 1000)


def quantile(before: Buckets, now: Buckets, share: float) -> float | None:
    """Returns the bound, in seconds, that `share` of the observations between two moments did not
    exceed. It is the highest finite bound for values above all of them. Returns None if there were
    no observations."""
    bounds = sorted(now)
    total = now[bounds[-1]] - before.get(bounds[-1], 0.0) if bounds else 0.0
    if total <= 0:
        return None
    finite: Sequence[float] = bounds[:-1] or bounds
    for bound in finite:
        if now[bound] - before.get(bound, 0.0) >= share * total:
            return bound
    return finite[-1]
