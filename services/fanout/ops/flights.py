"""By way of which partition of a server a canary flies: pure.

What single keys hold, or a slot of a cluster that stands half-moved, stops one partition of a
server, and no more. Were that the one where the canary flies, all workers would be taken away from
everybody. So one that was lost flies by the next partition, for a while.
"""

from collections.abc import Sequence

LOOK_BACK = 20.0
"""Seconds after which the first partition is tried again."""

MOST = 4
"""Partitions of a server that are tried: of these, not one may be well where the server is."""


class Flights:
    """The canaries of one server that are under way. Times are in seconds, of any one clock."""

    def __init__(self, partitions: Sequence[int]) -> None:
        self._partitions = list(partitions[:MOST])
        self._at = 0
        self._since = 0.0  #: when it has left the first
        self.lost = ""  #: what is known of the last one that was lost by way of the first

    @property
    def first(self) -> int:
        return self._partitions[0]

    @property
    def partition(self) -> int:
        """By way of which the next one flies."""
        return self._partitions[self._at]

    def are_of(self, partitions: Sequence[int]) -> None:
        """Those that the server has now, of which the first is the same."""
        if self._partitions != (now := list(partitions[:MOST])):
            self._partitions, self._at, self.lost = now, 0, ""

    def came_back(self, now: float) -> None:
        if self._at == 0:
            self.lost = ""
        elif now - self._since >= LOOK_BACK:
            self._at = 0

    def was_lost(self, stage: str, now: float) -> None:
        if self._at == 0:
            self.lost = stage
            self._since = now
        self._at = (self._at + 1) % len(self._partitions)
