"""This module limits how many joins a worker works on at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 50
"""How many joins are worked on at the same time. Ten thousand joins take several seconds in any
case; if all of them began at once, each would take that long and run into its time-outs. A join
that is waiting for the writer does not count."""


class JoinGate(asyncio.Semaphore):
    """An asynchronous context around the work on one join: at most `at_once` are in it."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        super().__init__(at_once)

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[None]:
        """Lets another join in while this one waits for the writer."""
        self.release()
        try:
            yield
        finally:
            # This has to happen even on cancellation: the caller releases what is acquired here.
            await asyncio.shield(self.acquire())
