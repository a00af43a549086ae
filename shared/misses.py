"""Remembers what was looked for in vain, so that nobody looks for it again at once. Pure, except
for the clock."""

from collections.abc import Callable
from time import monotonic
from typing import Final

MOST: Final = 10_000
"""How many names are remembered; the oldest are forgotten for new ones."""


class Misses:
    """Names that were not found lately."""

    __slots__ = ("_clock", "_most", "_seconds", "_until")

    def __init__(
        self, seconds: float, *, most: int = MOST, clock: Callable[[], float] = monotonic
    ) -> None:
        """Remembers each name for so many seconds; 0: not at all."""
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._until: dict[str, float] = {}

    def __contains__(self, name: str) -> bool:
        return self._until.get(name, 0.0) > self._clock()

    def __len__(self) -> int:
        return len(self._until)

    def add(self, name: str) -> None:
        """Notes that the name was not found just now."""
        if self._seconds:
            self._until.pop(name, None)
            self._until[name] = self._clock() + self._seconds
            while len(self._until) > self._most:
                del self._until[next(iter(self._until))]

    def forget(self, name: str) -> None:
        """Notes that the name can be found from now on."""
        self._until.pop(name, None)
