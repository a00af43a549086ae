"""Simulates time: what happens when, and event loops that are busy for as long as their work
takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

Call = Callable[[], None]


class Events:
    """Everything that is to happen, in the order of its time; at the same time, as it was said."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Call]] = []
        self._number = count()

    def at(self, time: float, call: Call) -> None:
        heappush(self._heap, (max(time, self.now), next(self._number), call))

    def run(self, until: float) -> None:
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, call = heappop(heap)
            call()
        self.now = until


class Timer:
    def __init__(self, call: Call) -> None:
        self._call: Call | None = call

    def cancel(self) -> None:
        self._call = None

    def due(self) -> None:
        if self._call is not None:
            self._call()


class Loop:
    """One process of one core: what it is given waits in line, and takes as long as it `spends`.

    A `Clock` of `services.fanout.delivery.flush_scheduler`.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._line: deque[Call] = deque()
        self._time = 0.0
        self._inside = self._waiting = False
        self.busy = 0.0  #: seconds so far
        self.ended = False

    def now(self) -> float:
        return self._time if self._inside else self._events.now

    def spend(self, seconds: float) -> None:
        """Makes the present task take so many seconds."""
        self._time += seconds

    def later(self, delay: float, call: Call) -> Timer:
        timer = Timer(call)
        self._events.at(self.now() + delay, lambda: self.soon(timer.due))
        return timer

    def soon(self, call: Call) -> None:
        self._line.append(call)
        if not self._waiting and not self._inside:
            self._waiting = True
            self._events.at(max(self._events.now, self._time), self._next)

    def _next(self) -> None:
        self._waiting = False
        if self.ended or not self._line:
            return
        self._inside, self._time = True, self._events.now
        self._line.popleft()()
        self._inside = False
        self.busy += self._time - self._events.now
        if self._line:
            self._waiting = True
            self._events.at(self._time, self._next)
