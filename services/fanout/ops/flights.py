"""This module decides by way of which of a server's partitions a canary goes. It is pure.

A bad value in a single key, or a slot of a cluster that is stuck half-moved, stops one partition of
a server, and no more. If that were the canary's partition, no worker would be ready, for anybody.
So after one was lost, the next ones go by way of the next partition for a while.
"""

from collections.abc import Sequence

LOOK_BACK = 20.0
"""The first partition is tried again after this many seconds."""

MOST = 4
"""How many partitions of a server are tried. If none of these works, the server does not
either."""


class Flights:
    """The canaries of one server that are on their way. Times are in seconds, all of the same
    clock."""

    def __init__(self, partitions: Sequence[int]) -> None:
        self._partitions = list(partitions[:MOST])
        self._at = 0
        self._since = 0.0  #: when it left the first partition
        self.lost = ""  #: where the last one was lost that went by the first

    @property
    def first(self) -> int:
        return self._partitions[0]

    @property
    def partition(self) -> int:
        """Returns the partition by way of which the next canary goes."""
        return self._partitions[self._at]

    def are_of(self, partitions: Sequence[int]) -> None:
        """Takes the partitions that the server has now; the first one has to be the same."""
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
