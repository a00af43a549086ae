"""Gives the rooms of a worker their turns at the event loop.

A flush of a room with thousands of sessions would hold up everything else for tens of
milliseconds: commits, joins, pings, the quiet pad next door. So it is done in slices, and between
two slices the loop does what has come up. A room with few sessions is done within its first slice,
which it gets at once.
"""

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter

from services.fanout import metrics
from services.fanout.pacing import Pace, Rules

SLICE = 0.002
"""Seconds of one slice, divided among the rooms that are in the middle of a flush."""

BUSY_FOR = 0.1
"""Seconds after a flush in which a room counts as busy."""

Work = Callable[[], Iterator[float]]
"""One flush of a room. Each step of the iterator serves a few sessions, and yields how long, by an
estimate, the kernel will take for what has been written since the flush began, in seconds: the
event loop hands it over only after our code has run."""


class Turns:
    """What the rooms of a worker share."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.running = 0
        self._busy: dict[Turn, float] = {}
        self._pruned = 0.0

    def busy(self, turn: "Turn", now: float) -> int:
        """Notes that the room is, and returns how many are."""
        self._busy[turn] = now
        if now - self._pruned > BUSY_FOR:
            self._pruned = now
            self._busy = {t: at for t, at in self._busy.items() if now - at <= BUSY_FOR}
        return len(self._busy)


class Turn:
    """One room's flushes, one after the other and paced."""

    def __init__(self, turns: Turns, work: Work) -> None:
        self._turns = turns
        self._work = work
        self._pace = Pace(turns.rules)
        self._timer: asyncio.TimerHandle | None = None
        self._rest: Iterator[float] | None = None
        self._again = False
        self._closed = False
        self._started = self._cost = self._kernel = 0.0

    def due(self) -> None:
        """The room has something to send."""
        if self._rest is not None:
            self._again = True
        elif self._timer is None and not self._closed:
            wait = self._pace.wait(perf_counter())
            if wait <= 0:
                metrics.PAUSE_SECONDS.observe(0)
                self._begin()
            else:
                metrics.PAUSE_SECONDS.observe(wait)
                self._timer = asyncio.get_running_loop().call_later(wait, self._begin)

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._timer = None
        self._started = perf_counter()
        self._cost = self._kernel = 0.0
        self._again = False
        self._rest = self._work()
        self._turns.running += 1
        self._slice()

    def _slice(self) -> None:
        assert self._rest is not None
        began, kernel = perf_counter(), self._kernel
        limit = SLICE / self._turns.running
        unfinished = False
        try:
            for estimate in self._rest:
                self._kernel = estimate
                spent = perf_counter() - began + self._kernel - kernel
                unfinished = spent >= limit and not self._closed
                if unfinished:
                    break
        finally:
            self._cost += perf_counter() - began + self._kernel - kernel
            if unfinished:
                asyncio.get_running_loop().call_soon(self._slice)
            else:
                self._finish()

    def _finish(self) -> None:
        now = perf_counter()
        self._rest = None
        self._turns.running -= 1
        self._pace.flushed(self._started, now, self._cost, self._turns.busy(self, now))
        metrics.FLUSH_SECONDS.observe(self._cost)
        if self._again:
            self.due()
