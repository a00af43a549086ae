"""This module reports our own cursor to the others, no more often than servers allow."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

PAUSE: Final = 0.2
"""The seconds between two reports. Servers pass them on no faster, and refuse many more."""


class Pointing:
    """Reports the cursor. `tell` sends a report if the others do not know where the cursor is, and
    returns whether it has."""

    def __init__(self, tell: Callable[[], Awaitable[bool]], pause: float = PAUSE) -> None:
        self._tell = tell
        self._pause = pause
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def look(self) -> None:
        """Has the others told if the cursor has moved: immediately, or when the pause is over."""
        self._again = True
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stops reporting."""
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
