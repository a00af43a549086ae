"""Bounds how long the writer holds the event loop at a time.

In a node, the event loop is also that of the worker, whose clients must not wait because others
edit: two thousand edits of forty people on a few pads take the writer a second. However many
partitions they are in, and whatever settles them, all of it together has one share of each turn of
the loop.
"""

import asyncio
import time
from collections import deque
from typing import Final

from padfleet.shared.supervision.progress import progress

SECONDS: Final = 0.01
"""How long the writer may settle entries in one turn of the event loop. A single entry takes 15 ms
at most (`LIGHT_WORK`), and nearly all take a tenth of a millisecond."""


class Turn:
    """The writer's share of the current turn of the event loop."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._ends: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_planned = False  #: whether the next turn will be noticed

    def is_over(self) -> bool:
        """Returns whether it is used up, so that what is left has to wait for another turn. The
        first call within a turn begins it."""
        now = time.perf_counter()
        if self._ends is None:
            self._ends = now + self._seconds
            self._plan()
        return now > self._ends

    async def come(self) -> None:
        """Returns when the caller may settle an entry. Those who have to wait come one after the
        other, so that a long batch of one partition does not keep the others waiting."""
        if not self.is_over() and not self._waiting:
            return
        progress()
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        self._plan()
        await mine

    def _plan(self) -> None:
        if not self._is_planned:
            self._is_planned = True
            asyncio.get_running_loop().call_soon(self._begin_again)

    def _begin_again(self) -> None:
        self._is_planned, self._ends = False, None
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():  # it may have been cancelled
                first.set_result(None)
                break
        if self._waiting:
            self._plan()
