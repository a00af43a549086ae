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


class Farewells:
    """The farewells of one event loop. A socket that goes alone is handled immediately."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._most = at_once
        self._said = 0  #: the farewells in this turn
        self._has_next = False
        self._late: deque[Callable[[], None]] = deque()

    def __len__(self) -> int:
        """Returns how many wait for their turn."""
        return len(self._late)

    def say(self, farewell: Callable[[], None]) -> None:
        """Calls the function now, or in one of the next turns, in the order of these calls."""
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
