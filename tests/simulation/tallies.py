"""Counts what a simulation has seen: latencies, and work that was done."""

from __future__ import annotations

import math
from collections import Counter

from padfleet.services.fanout.delivery.flush_counts import FlushCounts

FINEST = 1e-4
"""The shortest time that is distinguished, in seconds."""

WIDTH = math.log(1.02)
"""Latencies are exact to 2 %."""


class Latencies:
    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.most = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        self._counts[int(math.log(seconds / FINEST) / WIDTH) if seconds > FINEST else 0] += times
        self.most = max(self.most, seconds)

    def merge(self, other: Latencies) -> None:
        self._counts.update(other._counts)
        self.most = max(self.most, other.most)

    @property
    def count(self) -> int:
        return self._counts.total()

    def percentile(self, share: float) -> float:
        """Returns a percentile in seconds, or 0 if there are no values."""
        left = share * self.count
        for bucket in sorted(self._counts):
            left -= self._counts[bucket]
            if left <= 0:
                return FINEST * math.exp((bucket + 0.5) * WIDTH)
        return 0.0


class Second:
    """One second of all workers."""

    def __init__(self) -> None:
        self.delivery = Latencies()  #: from commit to write, of each revision at each socket
        self.ack = Latencies()  #: from an edit to its author's ACCEPT_COMMIT
        self.delivered = 0  #: revisions × sockets, their authors included
        self.frames = 0  #: messages with revisions of others
        self.writes = self.bytes = self.joins = self.edits = self.committed = 0
        self.largest = 0  #: revisions in one message

    def flushed(self, tally: FlushCounts) -> None:
        """Adds what the worker's own code has counted."""
        self.delivered += tally.revisions
        self.frames += sum(tally.frames.values()) - tally.frames.get("ACCEPT_COMMIT", 0)
        self.writes += tally.writes
        self.bytes += tally.bytes
        self.largest = max([self.largest, *tally.batches])

    def merge(self, other: Second) -> None:
        self.delivery.merge(other.delivery)
        self.ack.merge(other.ack)
        for name in ("delivered", "frames", "writes", "bytes", "joins", "edits", "committed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.largest = max(self.largest, other.largest)


class Tallies:
    """Tallies of each second of simulated time."""

    def __init__(self) -> None:
        self.seconds: list[Second] = []

    def at(self, time: float) -> Second:
        while len(self.seconds) <= time:
            self.seconds.append(Second())
        return self.seconds[int(time)]

    def between(self, start: float, end: float) -> Second:
        whole = Second()
        for second in self.seconds[int(start) : int(end)]:
            whole.merge(second)
        return whole
