"""When a pad that has changed has to be brought to the cold store. Pure.

What it costs to bring a pad is mostly the same, whether one revision is brought or a hundred. So a
pad that is written on all the time is brought as late as may be: at the last look after which the
next one would be too late for what may have changed since the store had all of the pad.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

RESERVE: Final = 10
"""What part of the time is kept in hand for looks that take longer than the last ones: three times
by how much longer each may be."""

REMEMBERED: Final = 8
"""Looks of which it is known how long they took."""


class Lateness:
    """The pads of one partition that are in Redis. Times are in seconds, of one clock that does not
    jump."""

    def __init__(self, every: float) -> None:
        """`every`: for how long the store may be without a change."""
        self._every = every
        self._looked_at: float | None = None  #: when the look at hand, or the last one, began
        self._pause = float("inf")  #: between the last two
        self._ended_at = 0.0
        self._took = deque([0.0], maxlen=REMEMBERED)
        self._even_at: dict[str, float] = {}  #: when the store had all of it, for sure
        self._behind: dict[str, float] = {}  #: since when it is known not to have

    def look_begins(self, now: float, pads: Iterable[str]) -> None:
        """These are in Redis: what is known of others is forgotten."""
        if self._looked_at is not None:
            self._pause = now - self._ended_at
        self._looked_at = now
        self._even_at = {pad: self._even_at[pad] for pad in pads if pad in self._even_at}
        self._behind = {pad: self._behind[pad] for pad in pads if pad in self._behind}

    def look_ends(self, now: float) -> None:
        """All that was due is in the store."""
        if self._looked_at is not None:
            self._took.append(now - self._looked_at)
            self._ended_at = now

    def is_even(self, pad: str, at: float) -> None:
        """The store had all of the pad that was there at this time."""
        self._even_at[pad] = at
        self._behind.pop(pad, None)

    def is_behind(self, pad: str, now: float) -> None:
        """The pad has something that the store has not."""
        self._behind.setdefault(pad, now)

    def is_due(self, pad: str, now: float) -> bool:
        """Whether what the pad may have more could be late at the next look: where both take as
        long as the longest of the last ones, and the pause is what the last one was. Of a pad of
        which nothing is known, it could."""
        even_at = self._even_at.get(pad)
        brought = now + self._pause + 2 * max(self._took) + self._every / RESERVE
        return even_at is None or brought >= even_at + self._every

    def forget(self, pad: str) -> None:
        """It is not in Redis."""
        self._even_at.pop(pad, None)
        self._behind.pop(pad, None)

    @property
    def behind(self) -> list[float]:
        """Since when each of those is behind that are."""
        return list(self._behind.values())
