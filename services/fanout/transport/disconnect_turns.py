"""Limits how many disconnected sockets are handled in one turn of the event loop.

When a client, a proxy or a school's line fails, a thousand sockets go at the same moment. Each
costs a fifth of a millisecond, including the calls to libraries, pads and Redis; handled all at
once, they kept everybody else waiting for a third of a second. A socket that waits for its turn
here is cut off already, and is sent nothing more.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

AT_ONCE: Final = 16
"""How many sockets are handled in one turn, which takes 3 ms."""


class DisconnectTurns:
    """Shares the turns of one event loop among sockets that have gone. One that goes alone is
    handled immediately."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._most = at_once
        self._done = 0  #: how many were handled in this turn
        self._has_next = False
        self._late: deque[Callable[[], None]] = deque()

    def __len__(self) -> int:
        """Returns how many wait for their turn."""
        return len(self._late)

    def take(self, clean_up: Callable[[], None]) -> None:
        """Calls the function now, or in one of the next turns, in the order of these calls."""
        if self._late or self._done >= self._most:
            self._late.append(clean_up)
        else:
            self._count()
            clean_up()

    def _count(self) -> None:
        self._done += 1
        if not self._has_next:
            self._has_next = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._has_next, self._done = False, 0
        while self._late and self._done < self._most:
            clean_up = self._late.popleft()
            self._count()
            clean_up()
