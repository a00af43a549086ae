"""This module limits how many bytes a process holds for its clients: data that they have not
received yet, or have not sent completely.

A caller that wants to hold more waits, in order and for a limited time, until there is room. Small
amounts do not wait behind large ones. Where the bytes belong to one client, that client has a share
at most, so that a client that receives nothing does not keep others from receiving.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Final

LARGE: Final = 16
"""An item is large if it takes more than one part in `LARGE` of a budget."""


class NoRoom(Exception):
    """There is no room for the bytes, or there was none in time."""

    def __init__(self, size: int) -> None:
        super().__init__("too much is under way; try again in a moment")
        self.size = size


class _Lane:
    """The callers of one size class: they wait for each other, and not for those in the other
    lane."""

    def __init__(self, limit: int) -> None:
        self.limit = limit  #: how full the budget may be with an item of this lane
        self.used = 0
        self.waiting: list[_Waiting] = []


class _Taken:
    """What a reservation stands for. The budget takes it back when the reservation is gone."""

    __slots__ = ("client", "lane", "size")

    def __init__(self, lane: _Lane, client: Hashable | None, size: int) -> None:
        self.lane, self.client, self.size = lane, client, size


class Reservation:
    """Room for some bytes in a budget. It is released, at the latest, when nothing refers to this
    object any more; so it is kept together with the bytes for which it stands."""

    __slots__ = ("__weakref__", "_budget", "_taken")

    def __init__(self, budget: "Budget", taken: _Taken) -> None:
        self._budget, self._taken = budget, taken
        weakref.finalize(self, budget._resize, taken, 0).atexit = False

    @property
    def size(self) -> int:
        """How many bytes are reserved."""
        return self._taken.size

    def resize(self, size: int) -> None:
        """Changes the size, because there turned out to be more or less, or some of it is gone.
        Raises `NoRoom` if there is no room for that much: the size then stays as it was, and the
        caller has to release the bytes."""
        if size > self.size and not self._budget._has_room_to_grow(self._taken, size):
            raise NoRoom(size)
        self._budget._resize(self._taken, size)

    def give_back(self) -> None:
        self._budget._resize(self._taken, 0)


class _Waiting:
    __slots__ = ("client", "future", "size")

    def __init__(self, client: Hashable | None, size: int) -> None:
        self.client, self.size = client, size
        self.future: asyncio.Future[Reservation] = asyncio.get_running_loop().create_future()


class Budget:
    """A limit on the bytes that may be held at the same time. It is for one event loop."""

    def __init__(self, total: int, *, share: int | None = None) -> None:
        """Sets the limits, in bytes: `total` for all clients, `share` for one. A quarter of the
        total is kept free of large items. An item larger than the limit is let through when its
        client has nothing else and nothing large is held, so that nothing is too large forever."""
        self._total = total
        self._share = total if share is None else share
        self._small = _Lane(total)
        self._large = _Lane(total - total // 4)
        self._of: dict[Hashable, int] = {}

    @property
    def used(self) -> int:
        """How many bytes are held."""
        return self._small.used + self._large.used

    @property
    def waiting(self) -> int:
        """How many callers wait for room."""
        return len(self._small.waiting) + len(self._large.waiting)

    def take(self, size: int, client: Hashable | None = None) -> Reservation | None:
        """Returns room for `size` bytes, or None if it is not available at once, or somebody is
        already waiting for it. `client` is the owner of the bytes; it is None if many share them,
        or they have no owner."""
        lane = self._lane(size)
        before = any(not self._over_share(one.client, one.size) for one in lane.waiting)
        return None if before or not self._fits(lane, client, size) else self._given(client, size)

    async def wait(self, size: int, patience: float, client: Hashable | None = None) -> Reservation:
        """Returns room as `take` does, but waits for its turn. Raises `NoRoom` if that takes more
        than `patience` seconds."""
        room = self.take(size, client)
        if room is not None:
            return room
        me = _Waiting(client, size)
        lane = self._lane(size)
        lane.waiting.append(me)
        try:
            async with asyncio.timeout(patience):
                return await me.future
        except BaseException as error:
            if me in lane.waiting:
                lane.waiting.remove(me)
                self._serve()
            elif me.future.done() and not me.future.cancelled():
                me.future.result().give_back()  # it was granted, but nobody is there to take it
            if isinstance(error, TimeoutError):
                raise NoRoom(size) from None
            raise

    @asynccontextmanager
    async def room(
        self, client: Hashable, size: int, *, patience: float
    ) -> AsyncIterator[Reservation]:
        """Reserves room as `wait` does, for as long as the block lasts."""
        room = await self.wait(size, patience, client)
        try:
            yield room
        finally:
            room.give_back()

    def _lane(self, size: int) -> _Lane:
        return self._large if size > self._total // LARGE else self._small

    def _over_share(self, client: Hashable | None, size: int) -> bool:
        mine = self._of.get(client, 0)
        return mine > 0 and mine + size > self._share

    def _fits(self, lane: _Lane, client: Hashable | None, size: int) -> bool:
        if self._over_share(client, size):
            return False
        return self.used + size <= lane.limit or (size > lane.limit and not lane.used)

    def _given(self, client: Hashable | None, size: int) -> Reservation:
        taken = _Taken(self._lane(size), client, 0)
        self._resize(taken, size)
        return Reservation(self, taken)

    def _has_room_to_grow(self, taken: _Taken, size: int) -> bool:
        """Returns whether there is room for the new size, not counting what is already reserved."""
        had = taken.size
        self._charge(taken, 0)
        fits = self._fits(self._lane(size), taken.client, size)
        self._charge(taken, had)
        return fits

    def _resize(self, taken: _Taken, size: int) -> None:
        smaller = size < taken.size
        self._charge(taken, size)
        if smaller:
            self._serve()

    def _charge(self, taken: _Taken, size: int) -> None:
        taken.lane.used -= taken.size
        if taken.client is not None:
            left = self._of.get(taken.client, 0) + size - taken.size
            if left:
                self._of[taken.client] = left
            else:
                self._of.pop(taken.client, None)
        taken.lane, taken.size = self._lane(size), size
        taken.lane.used += size

    def _serve(self) -> None:
        """Serves those who wait, in order. A caller that waits for its own share holds nobody up;
        one that waits for the other clients does, since something large would otherwise never get
        its turn."""
        for lane in (self._small, self._large):
            for one in list(lane.waiting):
                if self._over_share(one.client, one.size):
                    continue
                if not one.future.done() and not self._fits(lane, one.client, one.size):
                    break
                lane.waiting.remove(one)
                if not one.future.done():  # otherwise it was cancelled
                    one.future.set_result(self._given(one.client, one.size))
