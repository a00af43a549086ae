"""This module decides when a client tries a lost connection again, and when it gives up. It is
pure: the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

QUICK: Final = 10
"""How many attempts follow each other quickly: when a worker dies, there are others."""

SHORTEST: Final = 0.05
LONGEST_OF_QUICK: Final = 0.4
LONGEST: Final = 5.0
"""The longest time between two attempts, in seconds."""

STEADY: Final = 10.0
"""The seconds after which a session counts as more than a mere attempt."""


@dataclass(slots=True)
class Backoff:
    """Decides by what came of a connection. That a connection was established proves little: a
    server that cannot serve us accepts it, and then drops it."""

    patience: float  #: for how many seconds attempts without success go on
    _attempts: int = 0
    _give_up_at: float | None = None

    def pause(self, now: float, chance: float) -> float | None:
        """Returns the seconds to wait before the next attempt, or None to give up.

        Arguments:
            now: the present time, in seconds.
            chance: a number from 0 to 1 that spreads the attempts: when a worker dies, all of its
                clients come back, but should not do so at the same moment.
        """
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
        """Records that everything that was missed has arrived, and that none of our edits is
        outstanding. There is no reason to give up any more, but the next attempt waits as long as
        it would have."""
        self._give_up_at = None

    def was_up(self, seconds: float) -> None:
        """Records that a session has ended, which had lasted for this many `seconds`."""
        if seconds >= STEADY:
            self._attempts = 0

    def progressed(self) -> None:
        """Records that an edit of ours was accepted, or that somebody else's came while we had none
        outstanding."""
        self._attempts = 0
        self._give_up_at = None
