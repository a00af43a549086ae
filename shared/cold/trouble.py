"""This module remembers what a process last found wrong with its cold store, for its log, its
health, and those who look at the fleet."""

import logging
import time
from collections.abc import Callable
from typing import Final

from padfleet.shared.cold.errors import StoreAway, StoreFull, StoreSlow
from padfleet.shared.health import Remark

log = logging.getLogger(__name__)

FADES_S: Final = 30.0
"""The number of seconds after which a failure is no longer taken for the present state, if nobody
has asked the store for anything since. The writer of the first partition asks it every few
seconds."""


SLOW_S: Final = 2.0
"""The number of seconds for a read and a write from which on the store is slow."""


class StoreTrouble:
    """What is wrong with one cold store, as seen by one process."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock if clock is not None else time.monotonic
        self._error: StoreAway | None = None
        self._since = self._last = 0.0

    def failed(self, error: StoreAway) -> None:
        """Notes that a call has failed. The log has a line at the first one, and at the first of
        another kind."""
        now = self._clock()
        before = self.error
        if before is None:
            self._since = now
        if type(before) is not type(error):
            level = logging.WARNING if error.heals else logging.ERROR
            log.log(level, "cold store fails", extra={"error": str(error), "fix": error.advice})
        self._error, self._last = error, now

    def took(self, seconds: float) -> None:
        """Notes that the store has been asked for something, has kept something else, and took this
        long for both."""
        if seconds > SLOW_S:
            self.failed(StoreSlow(f"it takes {seconds:.0f} s to answer"))
        else:
            self.answered(written=True)

    def answered(self, *, written: bool = False) -> None:
        """Notes that the store has done what it was asked. A store that is full can still be read:
        only if something was `written`, it is not full any more."""
        if self._error is None or (isinstance(self._error, StoreFull) and not written):
            return
        if self.error is not None:
            log.info("cold store answers again")
        self._error = None

    @property
    def error(self) -> StoreAway | None:
        """The last failure, or None if all is well as far as is known."""
        return self._error if self._clock() - self._last <= FADES_S else None

    def remark(self) -> Remark | None:
        """Implements a check of readiness, which always passes: open pads do not need the store."""
        error = self.error
        if error is None:
            return None
        since = self._clock() - self._since
        return Remark(f"{error}, for {since:.0f} s: {error.advice}; {error.meanwhile}")
