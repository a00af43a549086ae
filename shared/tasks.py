"""Tasks that nobody waits for."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """Keeps them alive: the event loop itself holds its tasks weakly only."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def close(self) -> None:
        """Cancels what still runs."""
        for task in self._running:
            task.cancel()
