"""How much a process keeps of what is on its way out, for all who are slow to take it.

What is large is made once for many, and kept until the last of them has taken it. Somebody who
reads nothing keeps it as well, so there is a budget: what would go beyond it waits, in order, and
not for ever. What is small by comparison does not wait behind what is large.
"""

import asyncio
import weakref
from collections import deque
from typing import Final

LARGE: Final = 16
"""What takes more than such a part of the budget is large."""


class Share:
    """A part of the budget. It is given back when nothing refers to it any more, so it is kept
    where the bytes are that it stands for."""

    __slots__ = ("__weakref__",)


class _Lane:
    """Those of one size: they wait for each other, and not for those in the other lane."""

    def __init__(self, limit: int) -> None:
        self.limit = limit  #: how full the budget may be with one of them
        self.used = 0
        self.waiting: deque[tuple[int, asyncio.Future[Share]]] = deque()


class OutgoingBudget:
    """Bytes that may be kept at the same time. For one event loop."""

    def __init__(self, total: int) -> None:
        """`total`: in bytes. A quarter is kept free of what is large. Something that is larger than
        all of it is let through when nothing large is on its way, for it could never be."""
        self._total = total
        self._small = _Lane(total)
        self._large = _Lane(total - total // 4)

    @property
    def used(self) -> int:
        """Bytes that are on their way."""
        return self._small.used + self._large.used

    @property
    def waiting(self) -> int:
        """How many wait for their share."""
        return len(self._small.waiting) + len(self._large.waiting)

    def take(self, size: int) -> Share | None:
        """A share of `size` bytes, if there is one at once and nobody waits for theirs before."""
        lane = self._lane(size)
        self._forget_who_left(lane)
        return self._given(lane, size) if not lane.waiting and self._fits(lane, size) else None

    async def wait(self, size: int, patience: float) -> Share:
        """Likewise, when it is its turn. TimeoutError after `patience` seconds."""
        share = self.take(size)
        if share is not None:
            return share
        turn: asyncio.Future[Share] = asyncio.get_running_loop().create_future()
        self._lane(size).waiting.append((size, turn))
        try:
            async with asyncio.timeout(patience):
                return await turn
        finally:
            # A share that came in the same moment in which the patience ended goes back by itself.
            turn.cancel()
            self._serve()

    def _lane(self, size: int) -> _Lane:
        return self._large if size > self._total // LARGE else self._small

    def _fits(self, lane: _Lane, size: int) -> bool:
        return self.used + size <= lane.limit or (size > lane.limit and not lane.used)

    def _given(self, lane: _Lane, size: int) -> Share:
        lane.used += size
        share = Share()
        weakref.finalize(share, self._give_back, lane, size).atexit = False
        return share

    def _give_back(self, lane: _Lane, size: int) -> None:
        lane.used -= size
        self._serve()

    def _serve(self) -> None:
        for lane in (self._small, self._large):
            self._forget_who_left(lane)
            while lane.waiting and self._fits(lane, lane.waiting[0][0]):
                size, turn = lane.waiting.popleft()
                turn.set_result(self._given(lane, size))
                self._forget_who_left(lane)

    @staticmethod
    def _forget_who_left(lane: _Lane) -> None:
        while lane.waiting and lane.waiting[0][1].done():
            lane.waiting.popleft()
