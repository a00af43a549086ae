"""Finds out when clients lost their pads, and when they were back. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.chaos.history.recording import CaughtUp, ConnectionLost, Joined, Recording


class Return(NamedTuple):
    """A client's way back, in seconds of the recordings' clock."""

    lost_at: float
    back_at: float  #: when everything that was missed had come


def returns(recordings: Iterable[Recording], since: float) -> Iterator[Return]:
    """Yields how clients came back that lost the connection at `since` or later. Failed attempts
    are part of the way back. Clients that are not back yet are left out; the checker reports
    them."""
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
    """Returns the largest number of times that lie within any `window` seconds."""
    ordered = sorted(times)
    return max(
        (bisect_left(ordered, at + window) - number for number, at in enumerate(ordered)), default=0
    )
