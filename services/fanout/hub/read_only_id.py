"""This module gives a pad its read-only id, once for all who come to a pad that has none yet."""

import asyncio

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad import pads
from padfleet.shared.tasks import Pending


class ReadOnlyId:
    """The read-only id of one pad. Of a hundred people who open a new pad together, each would make
    one, and all but the first would have to remove theirs again."""

    def __init__(self, redis: Redis, keys: PadKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._fresh: Pending[str] | None = None
        self._settling = asyncio.Lock()
        self._settled: tuple[int, str, str] | None = None

    def begin(self) -> None:
        """Begins to make an id, for somebody who will want one soon; `settled` then takes one round
        trip less."""
        if self._fresh is None and self._settled is None:
            self._fresh = Pending(pads.way_back(self._redis, self._keys.pad_id), "read-only id")

    async def settled(self, epoch: int, reign: str) -> str:
        """Returns the id of the pad as it is in this epoch, under this reign: a pad that is made
        again gets another, and what was stored last may be lost in a fail-over.

        Raises what `UNREACHABLE` lists.
        """
        async with self._settling:
            known = self._settled
            if known is None or known[:2] != (epoch, reign):
                self._settled = known = epoch, reign, await self._settle()
        return known[2]

    def close(self) -> None:
        if self._fresh is not None:
            self._fresh.forget()  # nobody has come in who waits for it

    async def _settle(self) -> str:
        self._settled = None
        self.begin()
        fresh, self._fresh = self._fresh, None
        assert fresh is not None
        return await pads.settle_read_only_id(self._redis, self._keys, await fresh)
