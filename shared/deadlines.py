"""This module tracks which sessions of a worker have reached their deadline, with one heap and one
tick a second for all of them."""

import heapq
import itertools
import math
import time
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from padfleet.shared.supervision.progress import tick
from padfleet.shared.tasks import Tasks

T = TypeVar("T", bound=Hashable)

TICK = 1.0
"""The interval in seconds. No timer is set for the next deadline, since deadlines are in wall-clock
time, which may be changed while a timer runs; and a second more or less does not matter."""

_SLACK = 64


class Deadlines(Generic[T]):
    """Keeps items by their deadlines. Each item has at most one deadline; putting the item again
    moves it."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._current: dict[T, int] = {}
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._current)

    def put(self, item: T, at: float) -> None:
        self._current[item] = number = next(self._numbers)
        heapq.heappush(self._heap, (at, number, item))
        self._tidy()

    def discard(self, item: T) -> None:
        if self._current.pop(item, None) is not None:
            self._tidy()

    def first(self, before: float = math.inf) -> T | None:
        """Returns the item with the earliest deadline, if that is before `before`, or None if there
        is none."""
        while self._heap and not self._is_current(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][2] if self._heap and self._heap[0][0] < before else None

    def due(self, now: float) -> list[T]:
        """Removes the items whose deadline has come, and returns them, the earliest first."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            if self._is_current(entry):
                found.append(entry[2])
                del self._current[entry[2]]
        return found

    def _tidy(self) -> None:
        # Entries of sessions that have left stay in the heap until their time comes, which may be a
        # day. If there are more of these than of the others, they are not worth their memory.
        if len(self._heap) > 2 * len(self._current) + _SLACK:
            self._heap = [entry for entry in self._heap if self._is_current(entry)]
            heapq.heapify(self._heap)

    def _is_current(self, entry: tuple[float, int, T]) -> bool:
        return self._current.get(entry[2]) == entry[1]


async def watch(deadlines: Deadlines[T], expired: Callable[[T], Coroutine[Any, Any, None]]) -> None:
    """Calls `expired` for each item when its time has come. Each call is a separate task, since one
    that waits for an answer must not delay the others."""
    tasks = Tasks()
    while True:
        for item in deadlines.due(time.time()):
            tasks.start(expired(item), "expiry of a session")
        await tick(TICK)
