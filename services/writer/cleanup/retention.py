"""Deletes pads that nobody has used for a long time, if the operator wants that. One writer does it
for all: the one that has the first partition."""

import logging
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from redis.exceptions import RedisError

from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.pruning import Pruning
from padfleet.shared.log.changes.edits import open_edits
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.supervision.progress import progress, rest

log = logging.getLogger(__name__)

TIMEOUT: Final = 10.0
"""How many seconds a writer may take to delete a pad that is in Redis."""

BETWEEN_PADS_S: Final = 0.05
"""How many seconds it pauses after each deleted pad: nothing waits for the deletion, and people use
the same disks."""


class Retention:
    """Goes through all pads again and again."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        cold: ColdPads | None,
        *,
        unused_s: float,
        every_s: float,
        is_mine: Callable[[], bool],
    ) -> None:
        """Takes what is needed, and which pads are deleted when.

        Arguments:
            unused_s: for how long nobody must have used a pad that is deleted.
            every_s: the time between two rounds.
            is_mine: returns whether this process has the first partition at the moment.
        """
        self._redis = redis
        self._keyspace = keyspace
        self._cold = cold
        self._unused_s = unused_s
        self._every_s = every_s
        self._is_mine = is_mine

    async def run(self) -> None:
        """Runs for as long as the process does."""
        while True:
            await rest(self._every_s)
            if self._is_mine():
                try:
                    await self.round()
                except (*UNREACHABLE, RedisError) as error:
                    log.warning("pads not pruned", extra={"error": str(error)})

    async def round(self) -> int:
        """Goes through all pads once; returns how many were deleted. `Pruning` logs each of
        them."""
        gone = failed = 0
        async with open_edits(self._redis, self._keyspace, timeout=TIMEOUT) as edits:
            pruning = Pruning(self._redis, self._keyspace, self._cold, edits)
            async with aclosing(pruning.run(self._unused_s)) as pads:
                async for one in pads:
                    progress()
                    gone += one.verdict == "deleted"
                    if one.verdict == "failed":
                        failed += 1
                        log.warning("pad not pruned", extra={"pad": one.pad, "error": one.why})
                    if not self._is_mine():
                        break
                    await rest(BETWEEN_PADS_S)
        if gone or failed:
            log.info("unused pads deleted", extra={"pads": gone, "failed": failed})
        return gone
