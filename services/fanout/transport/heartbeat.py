"""Sends the pings of Engine.IO, for all sockets of a worker from one task.

python-engineio has a task for each ping of each socket, which sleeps for most of its life: 2 KB a
socket, and a timer. All sockets have the same interval, so the order in which they were pinged is
the order in which they are due again, and two queues are enough.
"""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from padfleet.shared.supervision.progress import tick

TICK = 0.5
"""How many seconds late a ping may be."""


class Pinged(Protocol):
    """The part of a socket that the heartbeat needs."""

    def ping(self, now: float) -> None:
        """Sends a ping."""

    def silent_since(self) -> float | None:
        """Returns when the oldest unanswered ping was sent, or None if all are answered."""

    def end_silent(self) -> None:
        """Ends the socket, which has failed to answer in time."""


class Heartbeat:
    def __init__(
        self, find: Callable[[str], Pinged | None], *, interval: float, timeout: float
    ) -> None:
        """Takes the interval and the timeout in seconds; `find` returns the socket with an id, or
        None if it has gone."""
        self._find = find
        self._interval = interval
        self._timeout = timeout
        self._pings: deque[tuple[float, str]] = deque()
        self._checks: deque[tuple[float, str]] = deque()

    def add(self, sid: str, now: float) -> None:
        """Adds a new socket, whose first ping is due after one interval."""
        self._pings.append((now + self._interval, sid))

    async def run(self) -> None:
        """Runs for as long as the worker lives."""
        while True:
            await tick(TICK)
            self.beat(monotonic())

    def beat(self, now: float) -> None:
        """Sends the pings that are due at this time, and ends the sockets that have been silent for
        too long."""
        while self._pings and self._pings[0][0] <= now:
            _, sid = self._pings.popleft()
            socket = self._find(sid)
            if socket is not None:
                socket.ping(now)
                self._pings.append((now + self._interval, sid))
                self._checks.append((now + self._timeout, sid))
        while self._checks and self._checks[0][0] <= now:
            _, sid = self._checks.popleft()
            socket = self._find(sid)
            since = socket.silent_since() if socket is not None else None
            if socket is not None and since is not None and now - since >= self._timeout:
                socket.end_silent()
