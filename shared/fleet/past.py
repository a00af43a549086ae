"""The last minutes of a process, as it tells them itself. Pure.

A process keeps them, not who looks: then one look gives rates and charts at once, at 3 a.m. and in
a script; two who look see the same; and a restart, which begins all counters at 0, begins the past
anew, so that no rate is ever made of the counters of two lives.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

BEAT = 2.0
"""Seconds between two tellings."""

STEP_S = 10
"""Seconds between two points that are kept."""

KEPT = 30
"""Points kept: five minutes."""

RECENT_S = 10.0
"""Seconds that a percentile is taken of: of those since the last beat it would be of a handful."""

NONE = -1
"""Instead of a time: nothing was measured."""


class Point(NamedTuple):
    """One moment. What counts, counts from the start of the process."""

    at: int  #: ms since that start, by the process' own clock
    cpu: int  #: ms of processor time
    sockets: int
    revisions: int  #: committed, of a writer; delivered, over all sockets, of a worker
    frames: int  #: messages with revisions, over all sockets
    bytes: int  #: of those
    latency: int
    """ms within which 95 of 100 revisions were lately delivered (worker) or batches committed
    (writer); `NONE` without any."""
    flow: int
    """ms that 95 of 100 of a worker's own revisions lately took, by way of inbox, writer, stream
    and channel; `NONE` for a writer. Measured also when nobody types."""
    delay: int  #: ms that the event loop was late at most, lately


Buckets = Mapping[float, float]
"""Observations of a histogram up to each bound, in seconds, the last of which is infinite."""


class Counted(NamedTuple):
    """What a process has counted up to a moment."""

    at: float  #: s since its start
    cpu: float  #: s
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
        """The points to tell, oldest first; the last of them is `now`."""
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
        # Half a beat of grace, or one that comes a moment early would make the step a beat longer.
        if not self._kept or point.at - self._kept[-1].at >= (STEP_S - BEAT / 2) * 1000:
            self._kept.append(point)
        return points


def _ms(seconds: float | None) -> int:
    return NONE if seconds is None else round(seconds * 1000)


def quantile(before: Buckets, now: Buckets, share: float) -> float | None:
    """The bound, in seconds, that `share` of the observations between two moments did not exceed:
    the highest finite bound for what is above all of them; None if there were none."""
    bounds = sorted(now)
    total = now[bounds[-1]] - before.get(bounds[-1], 0.0) if bounds else 0.0
    if total <= 0:
        return None
    finite: Sequence[float] = bounds[:-1] or bounds
    for bound in finite:
        if now[bound] - before.get(bound, 0.0) >= share * total:
            return bound
    return finite[-1]
