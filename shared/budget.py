"""How many bytes a process holds for its clients: what they have not taken yet, or not sent whole.

Who wants to hold more waits until there is room, in order. One client has a share at most, so that
whoever reads nothing does not keep others from reading.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import NamedTuple


class NoRoom(Exception):
    """There was no room in time."""


class Room:
    """Some bytes of a budget."""

    def __init__(self, budget: "Budget", client: Hashable, size: int) -> None:
        self._budget = budget
        self._client = client
        self.size = size

    def resize(self, size: int) -> None:
        """It has turned out to be more, or less; or some of it is gone."""
        size = max(size, 0)
        self._budget._change(self._client, size - self.size)
        self.size = size


class _Waiting(NamedTuple):
    client: Hashable
    size: int
    future: "asyncio.Future[None]"


class Budget:
    def __init__(self, total: int, *, share: int) -> None:
        """Bytes altogether, and of one client. More than that there is for one who has none yet, so
        that nothing is too large for good."""
        self._total = total
        self._share = share
        self._of: dict[Hashable, int] = {}
        self._line: deque[_Waiting] = deque()

    @property
    def taken(self) -> int:
        """Bytes."""
        return sum(self._of.values())

    @asynccontextmanager
    async def room(self, client: Hashable, size: int, *, patience: float) -> AsyncIterator[Room]:
        """So many bytes, for the block. `patience`: seconds to wait for them. Raises `NoRoom`."""
        others = any(not self._over_share(one.client, one.size) for one in self._line)
        if others or not self._fits(client, size):
            await self._wait(client, size, patience)
        else:
            self._change(client, size)
        room = Room(self, client, size)
        try:
            yield room
        finally:
            room.resize(0)

    async def _wait(self, client: Hashable, size: int, patience: float) -> None:
        me = _Waiting(client, size, asyncio.get_running_loop().create_future())
        self._line.append(me)
        try:
            async with asyncio.timeout(patience):
                await me.future
        except BaseException as error:
            if me in self._line:
                self._line.remove(me)
                self._admit()
            elif me.future.done() and not me.future.cancelled():
                self._change(client, -size)  # it came, and nobody is there to take it
            if isinstance(error, TimeoutError):
                raise NoRoom("too much is under way; try again in a moment") from None
            raise

    def _over_share(self, client: Hashable, size: int) -> bool:
        mine = self._of.get(client, 0)
        return mine > 0 and mine + size > self._share

    def _fits(self, client: Hashable, size: int) -> bool:
        taken = self.taken
        return not self._over_share(client, size) and (not taken or taken + size <= self._total)

    def _change(self, client: Hashable, by: int) -> None:
        left = self._of.get(client, 0) + by
        if left > 0:
            self._of[client] = left
        else:
            self._of.pop(client, None)
        if by < 0:
            self._admit()

    def _admit(self) -> None:
        """Those who wait, in order. Who waits for its own share holds nobody up; who waits for the
        others, does: something large would never get its turn."""
        for one in list(self._line):
            if self._over_share(one.client, one.size):
                continue
            if not self._fits(one.client, one.size):
                return
            self._line.remove(one)
            if not one.future.done():
                self._of[one.client] = self._of.get(one.client, 0) + one.size
                one.future.set_result(None)
