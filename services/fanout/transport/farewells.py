"""How many sockets that have gone are seen off in one turn of the event loop.

A client, a proxy or a school's line that goes takes a thousand sockets with it in one moment. Each
costs a fifth of a millisecond, what is told to libraries, pads and Redis included: seen off all at
once, they kept everybody else waiting for a third of a second. What waits for its turn here is cut
off already, and is sent nothing more.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

AT_ONCE: Final = 16
"""Sockets in one turn: 3 ms."""


class Farewells:
    """For one event loop. Who goes alone is seen off at once."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._most = at_once
        self._said = 0  #: in this turn
        self._has_next = False
        self._late: deque[Callable[[], None]] = deque()

    def __len__(self) -> int:
        """How many wait for their turn."""
        return len(self._late)

    def say(self, farewell: Callable[[], None]) -> None:
        """Calls it now, or in one of the next turns, in the order of these calls."""
        if self._late or self._said >= self._most:
            self._late.append(farewell)
        else:
            self._count()
            farewell()

    def _count(self) -> None:
        self._said += 1
        if not self._has_next:
            self._has_next = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._has_next, self._said = False, 0
        while self._late and self._said < self._most:
            farewell = self._late.popleft()
            self._count()
            farewell()
