"""When a lost connection is tried again, and when it is given up. Pure: the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

QUICK: Final = 10
"""Attempts that follow each other quickly: when a worker dies, there are others."""

SHORTEST: Final = 0.05
LONGEST_OF_QUICK: Final = 0.4
LONGEST: Final = 5.0
"""Longest time in seconds between two attempts."""

STEADY: Final = 10.0
"""Seconds after which a session counts as more than a mere attempt."""


@dataclass(slots=True)
class Backoff:
    """Decides by what came of a connection. The connection alone proves little: a server that
    cannot serve us accepts it, and drops it."""

    patience: float  #: seconds for which it is tried without any success
    _attempts: int = 0
    _give_up_at: float | None = None

    def pause(self, now: float, chance: float) -> float | None:
        """Returns the seconds to wait before the next attempt; None: give up. `chance` is from 0 to
        1: when a worker dies, all of its clients come back, but should not do so at the same
        moment."""
        if self._give_up_at is None:
            self._give_up_at = now + self.patience
        elif now > self._give_up_at:
            return None
        self._attempts += 1
        if self._attempts == 1:
            return 0.0
        doublings = max(0, self._attempts - QUICK)
        longest: float = min(LONGEST_OF_QUICK * 2.0**doublings, LONGEST)
        return SHORTEST + chance * (longest - SHORTEST)

    def resumed(self) -> None:
        """Everything that was missed has arrived, and nothing of ours is outstanding: there is no
        reason to give up, but the next attempt waits as long as it would have."""
        self._give_up_at = None

    def was_up(self, seconds: float) -> None:
        """A session has ended that lasted for so long."""
        if seconds >= STEADY:
            self._attempts = 0

    def progressed(self) -> None:
        """An edit of ours was accepted, or somebody else's came while we had none outstanding."""
        self._attempts = 0
        self._give_up_at = None
