"""This module implements a bounded queue for a resource: it limits how many use the resource at
once, and how many wait for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class TurnstileFull(Exception):
    """There is no place in the queue, or it has not moved for too long; the caller may ask again
    later."""


class Turnstile:
    def __init__(self, *, at_once: int, waiting: int, patience: float) -> None:
        """Takes the limits, and `patience`, the seconds that a caller waits for its turn at
        most."""
        self._places = asyncio.Semaphore(at_once)
        self._most = waiting
        self._patience = patience
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for a turn, and holds it for the block. Raises `TurnstileFull`."""
        if self.waiting >= self._most:
            raise TurnstileFull(f"{self.waiting} wait already")
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError:
            raise TurnstileFull(f"no turn within {self._patience:g} s") from None
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._places.release()
