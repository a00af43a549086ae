"""When clients lost their pads, and when they were back on them. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.chaos.history.recording import CaughtUp, ConnectionLost, Joined, Recording


class Return(NamedTuple):
    """Seconds of the recordings' clock."""

    lost_at: float
    back_at: float  #: when all that was missed had come


def returns(recordings: Iterable[Recording], since: float) -> Iterator[Return]:
    """How clients came back that lost the connection at `since` or later. Tries that came to
    nothing are part of the way back. Who is not back yet is left out: that is for the checker to
    see."""
    for recording in recordings:
        lost_at: float | None = None
        on_pad = False
        for at, event in recording.moments:
            match event:
                case ConnectionLost() if on_pad:
                    lost_at, on_pad = at, False
                case Joined() | CaughtUp():
                    if lost_at is not None and lost_at >= since:
                        yield Return(lost_at, at)
                    lost_at, on_pad = None, True


def busiest(times: Iterable[float], window: float = 1.0) -> int:
    """The most that fell into `window` seconds, wherever these begin."""
    ordered = sorted(times)
    return max(
        (bisect_left(ordered, at + window) - number for number, at in enumerate(ordered)), default=0
    )
