"""Remembers the pads that a writer has lately found to be damaged, for operators to see."""

from time import monotonic

MOST = 20
"""The largest number of pads that are remembered."""

FRESH = 600.0
"""A pad that nobody writes to is forgotten after this many seconds."""


class DamagedPads:
    """The pads, each with what is wrong with it."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, float]] = {}

    def note(self, pad: str, why: str) -> None:
        self._found.pop(pad, None)
        self._found[pad] = why, monotonic()
        while len(self._found) > MOST:
            del self._found[next(iter(self._found))]

    def recent(self) -> dict[str, str]:
        """Returns pads and what is wrong with them, the newest last."""
        since = monotonic() - FRESH
        return {pad: why for pad, (why, at) in self._found.items() if at >= since}
