"""This module decides whose job is next: clients take turns, and each client's jobs stay in their
own order.

With a single queue for all, a client that sends a hundred files would make everybody else wait for
all of them. With turns, a client that sends one file waits for at most one file of each of the
others. When all places to wait are taken, the client that holds most of them gives one up, and not
the client that comes next.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class QueueFull(Exception):
    """There is no place to wait. The text says who has taken the places."""


class FairQueue:
    def __init__(self, at_once: int, *, waiting: int, of_one: int, each: int = 0) -> None:
        """Makes an empty queue.

        Arguments:
            at_once: how many jobs may run at the same time.
            waiting: how many jobs may wait.
            of_one: how many jobs of one client may wait.
            each: how many jobs of one client may run at the same time; 0 sets no limit.
        """
        self._at_once = at_once
        self._each = each or at_once
        self._places = waiting
        self._of_one = of_one
        self._running: dict[Hashable, int] = {}
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        """The waiting jobs by client. The first client here is the next to have a turn, provided
        that it may have another one."""

    @property
    def running(self) -> int:
        return sum(self._running.values())

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def turn(self, client: Hashable) -> AsyncIterator[None]:
        """Waits for the client's turn, which lasts as long as the block. Raises `QueueFull`."""
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
                self._end(client)  # it had its turn already, and nobody is there to use it
            else:
                self._leave(client, future)
            raise

    def _displace(self, client: Hashable) -> None:
        """Frees a place by taking one from the client that holds most of them. Raises `QueueFull`
        unless that client holds more places than this one would have afterwards."""
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
            if not future.done():  # else it has been cancelled, which `_wait` deals with
                self._running[found] = self._running.get(found, 0) + 1
                future.set_result(None)
