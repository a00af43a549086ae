"""Reports our own cursor to the others, no more often than they can be told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

PAUSE: Final = 0.2
"""Seconds between two reports: servers pass them on no faster, and refuse many more."""


class Pointing:
    """`tell` reports where the cursor is, if the others do not know, and returns whether it has."""

    def __init__(self, tell: Callable[[], Awaitable[bool]], pause: float = PAUSE) -> None:
        self._tell = tell
        self._pause = pause
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def look(self) -> None:
        """The cursor may have moved: the others are told immediately, or when the pause is over."""
        self._again = True
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """From now on, nobody is told."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._again:
                self._again = False
                if await self._tell():
                    await asyncio.sleep(self._pause)
        finally:
            self._task = None
