"""When a lost connection is tried again, and when it is given up. Pure: the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

QUICK: Final = 10
"""Attempts that follow each other quickly: a worker that dies has others beside it."""

SHORTEST: Final = 0.05
LONGEST_OF_QUICK: Final = 0.4
LONGEST: Final = 5.0
"""Seconds between two attempts."""

STEADY: Final = 10.0
"""Seconds after which a session that goes on is no mere attempt any more."""


@dataclass(slots=True)
class Backoff:
    """A connection that comes about proves little: a server that cannot serve us takes it, and
    drops it. So what counts is what came of it."""

    patience: float  #: seconds for which it is tried without any success
    _attempts: int = 0
    _give_up_at: float | None = None

    def pause(self, now: float, chance: float) -> float | None:
        """Seconds to wait before the next attempt; None: it is to be given up. `chance` is from 0
        to 1: when a worker dies, all of its clients come, and not at the same moment."""
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
        """All that was missed has come in, and nothing of our own is outstanding: there is no
        reason to give up, but the next attempt waits no less than it would have."""
        self._give_up_at = None

    def was_up(self, seconds: float) -> None:
        """A session has ended that went on for so long."""
        if seconds >= STEADY:
            self._attempts = 0

    def progressed(self) -> None:
        """An edit of ours was accepted, or somebody else's came while we had none outstanding."""
        self._attempts = 0
        self._give_up_at = None
