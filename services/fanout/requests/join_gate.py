"""How many joins a worker works on at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 50
"""Joins that are worked on at the same time. Ten thousand take their seconds in any case; with all
of them begun at once each would take all of these seconds, and run into its time-outs. One that
waits for the writer is not counted."""


class JoinGate(asyncio.Semaphore):
    """An asynchronous context around the work on one join: at most `at_once` are in it."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        super().__init__(at_once)

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[None]:
        """Lets another one in for as long as this one waits for the writer."""
        self.release()
        try:
            yield
        finally:
            # Also if this is cancelled: whoever called us gives back what it takes here.
            await asyncio.shield(self.acquire())
