"""Decides when a pad that has changed has to be copied to the cold store. Pure.

Copying a pad costs almost the same for one revision as for a hundred. So a pad that is edited all
the time is copied as late as possible: at the last check after which the next one would be too late
for what may have changed since the store had all of the pad.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

RESERVE: Final = 10
"""Which fraction of the time (one tenth) is kept in reserve for checks that take longer than the
last ones: a third of it for each of the two checks, and for the pause."""

REMEMBERED: Final = 8
"""How many checks have their duration remembered."""


class Lateness:
    """The pads of one partition that are in Redis. Times are in seconds, of a monotonic clock."""

    def __init__(self, every: float) -> None:
        """Takes the number of seconds for which the store may lack a change."""
        self._every = every
        self._looked_at: float | None = None  #: when the current or the last check began
        self._pause = float("inf")  #: between the last two checks
        self._ended_at = 0.0
        self._took = deque([0.0], maxlen=REMEMBERED)
        self._even_at: dict[str, float] = {}  #: when the store certainly had all of the pad
        self._behind: dict[str, float] = {}  #: since when the store is known to lack something

    def look_begins(self, now: float, pads: Iterable[str]) -> None:
        """Notes that a check begins. These pads are in Redis; whatever is known of others is
        forgotten."""
        if self._looked_at is not None:
            self._pause = now - self._ended_at
        self._looked_at = now
        self._even_at = {pad: self._even_at[pad] for pad in pads if pad in self._even_at}
        self._behind = {pad: self._behind[pad] for pad in pads if pad in self._behind}

    def look_ends(self, now: float) -> None:
        """Notes that the check has ended, and that the store has everything that was due."""
        if self._looked_at is not None:
            self._took.append(now - self._looked_at)
            self._ended_at = now

    def passed_over(self, now: float) -> None:
        """Notes that nothing was looked at this time, since all pads could wait."""
        if self._looked_at is not None:
            self._pause = now - self._ended_at
        self._looked_at = self._ended_at = now

    def is_even(self, pad: str, at: float) -> None:
        """Notes that the store had everything that the pad contained at the time `at`."""
        self._even_at[pad] = at
        self._behind.pop(pad, None)

    def is_behind(self, pad: str, now: float) -> None:
        """Notes that the pad has something that the store lacks. It may have had it ever since the
        store had all of the pad."""
        self._behind.setdefault(pad, self._even_at.get(pad, now))

    def is_due(self, pad: str, now: float) -> bool:
        """Returns whether the pad's newer changes could be late at the next check, if both checks
        take as long as the longest of the last ones, and the pause is the same as the last one. A
        pad of which nothing is known is due."""
        even_at = self._even_at.get(pad)
        brought = now + self._pause + 2 * max(self._took) + self._every / RESERVE
        return even_at is None or brought >= even_at + self._every

    def can_wait(self, pad: str, now: float, longest: float) -> bool:
        """Returns whether nobody need ask at this check what has changed of the pad: it would not
        be copied yet. A pad is asked about all the same if it has not been for `longest` seconds.
        """
        even_at = self._even_at.get(pad)
        return even_at is not None and now - even_at < longest and not self.is_due(pad, now)

    def forget(self, pad: str) -> None:
        """Notes that the pad is not in Redis."""
        self._even_at.pop(pad, None)
        self._behind.pop(pad, None)

    @property
    def behind(self) -> list[float]:
        """Returns since when each pad has been behind, of those that are."""
        return list(self._behind.values())
