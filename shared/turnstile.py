"""A bounded line of those who want the same thing: so many at once, and so many behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class TurnstileFull(Exception):
    """There is no place in the line, or it has not moved for too long: to be asked again later."""


class Turnstile:
    def __init__(self, *, at_once: int, waiting: int, patience: float) -> None:
        """`patience`: seconds that somebody waits for a turn at most."""
        self._places = asyncio.Semaphore(at_once)
        self._most = waiting
        self._patience = patience
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises `TurnstileFull`."""
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
