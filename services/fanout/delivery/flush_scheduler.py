"""Gives the rooms of a worker their turns at the event loop.

A flush of a room with thousands of sessions would hold up everything else for tens of milliseconds:
commits, joins, pings, the quiet pad next door. So it is done in slices, and between two slices the
event loop does its other work. A room with few sessions is done within its first slice, which it
gets immediately.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Final, Protocol

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.pacing import FlushPace, PacingRules
from padfleet.shared.flushes import BUSY_FOR

SLICE = 0.002
"""How many seconds one slice takes, divided among the rooms that are in the middle of a flush."""

Work = Callable[[], Iterable[float]]
"""One flush of a room. What a call does not do at once is left to the steps of what it returns.
Each step serves a few sessions, and yields an estimate of how long, in seconds, the kernel will
take for what has been written since the flush began: the event loop hands it over only after our
code has run."""

_NOTHING_LEFT: Final[Iterator[float]] = iter(())


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    """Time and timers. This is not the event loop itself, because a simulation of a hundred workers
    has no event loops, and uses the same turns."""

    def now(self) -> float:
        """Returns the seconds of a monotonic clock."""

    def later(self, delay: float, call: Callable[[], None]) -> Timer:
        """Calls `call` after so many seconds, unless the timer is cancelled."""

    def soon(self, call: Callable[[], None]) -> None:
        """Calls `call` once everything that is waiting has had its turn."""


class LoopClock:
    """The clock and the timers of the running event loop."""

    def now(self) -> float:
        return perf_counter()

    def later(self, delay: float, call: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(delay, call)

    def soon(self, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(call)


class FlushScheduler:
    """The state that all rooms of a worker share."""

    def __init__(
        self, rules: PacingRules, clock: Clock | None = None, *, counted: bool = True
    ) -> None:
        """Takes the rules of pacing; `counted` says whether metrics count the flushes of these
        rooms."""
        self.rules = rules
        self.counted = counted
        self.clock: Clock = clock or LoopClock()
        self.running = 0
        self._busy: dict[FlushSlot, float] = {}
        self._pruned = 0.0

    def busy(self, turn: "FlushSlot", now: float) -> int:
        """Notes that the room is busy, and returns how many are."""
        self._busy[turn] = now
        if now - self._pruned > BUSY_FOR:
            self._pruned = now
            self._busy = {t: at for t, at in self._busy.items() if now - at <= BUSY_FOR}
        return len(self._busy)


class FlushSlot:
    """One room's flushes, one after the other and paced."""

    def __init__(self, turns: FlushScheduler, work: Work, rules: PacingRules | None = None) -> None:
        """Takes the work of one flush; `rules`, if given, replace those of the scheduler."""
        self._turns = turns
        self._clock = turns.clock
        self._work = work
        self._pace = FlushPace(rules or turns.rules)
        self._timer: Timer | None = None
        self._rest: Iterator[float] | None = None
        self._again = False
        self._closed = False
        self._started = self._cost = self._kernel = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether the room is neither in the middle of a flush nor waiting for one, and is not
        closed."""
        return self._rest is None and self._timer is None and not self._closed

    def due(self) -> None:
        """Notes that the room has something to send."""
        if self._rest is not None:
            self._again = True
        elif self._timer is None and not self._closed:
            wait = self._pace.wait(self._clock.now())
            if self._turns.counted:
                metrics.PAUSE_SECONDS.observe(max(wait, 0))
            if wait <= 0:
                self._begin()
            else:
                self._timer = self._clock.later(wait, self._begin)

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._timer = None
        began = self._started = self._clock.now()
        self._cost = self._kernel = 0.0
        self._again = False
        self._rest = _NOTHING_LEFT  # what becomes due from now on waits for the next flush
        self._turns.running += 1
        try:
            self._rest = iter(self._work())
        finally:
            self._slice(began)

    def _slice(self, began: float | None = None) -> None:
        """Takes a slice, which began at that time or begins now."""
        assert self._rest is not None
        now, kernel = self._clock.now, self._kernel
        began = now() if began is None else began
        limit = SLICE / self._turns.running
        unfinished = False
        try:
            for estimate in self._rest:
                self._kernel = estimate
                spent = now() - began + self._kernel - kernel
                unfinished = spent >= limit and not self._closed
                if unfinished:
                    break
        finally:
            self._cost += now() - began + self._kernel - kernel
            if unfinished:
                self._clock.soon(self._slice)
            else:
                self._finish()

    def _finish(self) -> None:
        now = self._clock.now()
        self._rest = None
        self._turns.running -= 1
        self._pace.flushed(self._started, now, self._cost, self._turns.busy(self, now))
        if self._turns.counted:
            metrics.FLUSH_SECONDS.observe(self._cost)
        if self._again:
            self.due()
