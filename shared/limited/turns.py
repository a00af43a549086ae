"""Whose turn it is: clients one after the other, each with what it wants in its own order.

One line for all would let the first who sends a hundred files make everybody wait for all of them.
Here somebody who comes with one file waits for one file of each of the others at most. And where
all places to wait are taken, it is the one who holds most of them who has to give one up, not
whoever comes next.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class QueueFull(Exception):
    """There is no place to wait. The text says whose fault it is."""


class FairQueue:
    def __init__(self, at_once: int, *, waiting: int, of_one: int, each: int = 0) -> None:
        """`at_once`: how many turns there are at a time, of one client `each` (0: all of them).
        `waiting`: places to wait, of one client `of_one`."""
        self._at_once = at_once
        self._each = each or at_once
        self._places = waiting
        self._of_one = of_one
        self._running: dict[Hashable, int] = {}
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        """The first of these clients is the next whose turn it is, if it may have one."""

    @property
    def running(self) -> int:
        return sum(self._running.values())

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def turn(self, client: Hashable) -> AsyncIterator[None]:
        """Waits for the client's turn, which lasts for the block. Raises `QueueFull`."""
        if self._may_run(client) and client not in self._waiting:
            self._running[client] = self._running.get(client, 0) + 1
        else:
            await self._wait(client)
        try:
            yield
        finally:
            self._end(client)

    async def _wait(self, client: Hashable) -> None:
        mine = self._waiting.get(client)
        if len(mine or ()) >= self._of_one:
            raise QueueFull("you have as many under way as one may; try again in a moment")
        if self.waiting >= self._places:
            self._displace(client)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(future)
        try:
            await future
        except BaseException:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._end(client)  # the turn came, and nobody is there to take it
            else:
                self._leave(client, future)
            raise

    def _displace(self, client: Hashable) -> None:
        """Makes a place, if somebody has more of them than the client would have then."""
        most = max(self._waiting, key=lambda one: len(self._waiting[one]))
        if len(self._waiting[most]) <= len(self._waiting.get(client, ())) + 1:
            raise QueueFull("too many are waiting; try again in a moment")
        last = self._waiting[most][-1]
        self._leave(most, last)
        last.set_exception(
            QueueFull("others came who had not asked for as much; try again in a moment")
        )

    def _leave(self, client: Hashable, future: "asyncio.Future[None]") -> None:
        line = self._waiting.get(client)
        if line is None or future not in line:
            return
        line.remove(future)
        if not line:
            del self._waiting[client]

    def _may_run(self, client: Hashable) -> bool:
        return self.running < self._at_once and self._running.get(client, 0) < self._each

    def _end(self, client: Hashable) -> None:
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
        while (found := next(filter(self._may_run, self._waiting), None)) is not None:
            future = self._waiting[found].popleft()
            if self._waiting[found]:
                self._waiting.move_to_end(found)
            else:
                del self._waiting[found]
            if not future.done():  # else it has been cancelled, and comes here by itself
                self._running[found] = self._running.get(found, 0) + 1
                future.set_result(None)
