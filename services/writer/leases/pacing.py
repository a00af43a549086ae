"""Decides when the inboxes are read next, and which of them. Pure: no I/O and no clock.

`shared/rounds.py` says how long a pause is. A reader of many partitions pauses as a whole if all of
them together are busy, and leaves out of a read the partitions that are busy by themselves: a crowd
on one pad shares its commits, and an author who is alone on another does not wait for it.

Times are seconds of a monotonic clock.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from padfleet.shared.rounds import FREE_COMMITS, FREE_ROUNDS, pause

MEMORY: Final = 0.5
"""The time in seconds over which a rate is measured."""

LIVELY: Final = 0.2
"""Submissions per second from which on partitions are read while others pause. If only the crowd
types, reading the rest would take an additional read for each of its commits; somebody who starts
typing waits for the others' pause once."""

TICK: Final = 0.001
"""The event loop's clock and its timers have whole milliseconds, so what is due within half of one
is due now. A timer for less than that goes off at once, and whoever then found that it was still
too early would come back in each turn of the event loop until the clock moves on."""


class Rate:
    """The number of events per second; each counts less the longer ago it was."""

    __slots__ = ("_at", "_count")

    def __init__(self) -> None:
        self._count = 0.0
        self._at = 0.0

    def add(self, now: float, events: int) -> None:
        self._count = self._faded(now) + events
        self._at = now

    def at(self, now: float) -> float:
        return self._faded(now) / MEMORY

    def _faded(self, now: float) -> float:
        return self._count * math.exp((self._at - now) / MEMORY) if self._count else 0.0


class NextRead(NamedTuple):
    """The partitions to read next, and how long that may wait."""

    partitions: Sequence[int]  #: to be read now; if there are none, only time has to pass
    seconds: float  #: the longest wait, in the read or instead of one; inf: no limit


class RoundPace:
    """Decides when one reader of inboxes reads: `next_read` returns it, and `read` is told what
    happened. The same for entries that come without an inbox: `wait` and `settled`.

    Both have the same rates, but rests of their own: if either put off the other, whoever is asked
    first at the end of each rest would always be first, and the other would wait for as long as
    people type."""

    def __init__(self, most: float) -> None:
        """Takes the longest pause in seconds."""
        self._most = most
        self._all = Rate()
        self._pause = 0.0  #: the pause of all partitions
        self._rest_of_all = -math.inf  #: until when none is read
        self._rates: dict[int, Rate] = {}
        self._rests: dict[int, float] = {}  #: until when those that are busy are left out of reads
        self._settled_rest = -math.inf  #: until when nothing is settled without an inbox
        self._settled_rests: dict[int, float] = {}  #: the same for one partition

    def read(self, now: float, entries: Mapping[int, int]) -> None:
        """Notes that a round has begun with so many entries of these partitions."""
        self._rests |= self._count(now, entries)
        self._rest_of_all = now + self._pause

    def settled(self, now: float, entries: Mapping[int, int]) -> None:
        """Notes that so many entries of these partitions are being settled without an inbox."""
        self._settled_rests |= self._count(now, entries)
        self._settled_rest = now + self._pause

    def _count(self, now: float, entries: Mapping[int, int]) -> dict[int, float]:
        """Counts entries. Returns until when each of these partitions rests that are busy."""
        # By partitions: a crowd's entries have a pause of their own, and cause no further rounds.
        self._all.add(now, len(entries))
        self._pause = pause(self._all.at(now), FREE_ROUNDS, self._most)
        rests = {}
        for partition, count in entries.items():
            rate = self._rates.get(partition)
            if rate is None:
                rate = self._rates[partition] = Rate()
            rate.add(now, count)
            if rest := pause(rate.at(now), FREE_COMMITS, self._most):
                rests[partition] = now + rest
        return rests

    def next_read(self, now: float, free: Sequence[int]) -> NextRead:
        """Returns what to read next, out of the partitions in `free`, of which there is at least
        one."""
        if (left := self._rest_of_all - now) > TICK / 2:
            return NextRead([], left)
        if not self._rests:
            return NextRead(free, math.inf)
        # Its next turn comes only after the pause of all: nobody should wait for both.
        for partition in [p for p, until in self._rests.items() if until <= now + self._pause]:
            del self._rests[partition]
        due = [partition for partition in free if partition not in self._rests]
        if len(due) == len(free):
            return NextRead(due, math.inf)
        soonest = max(TICK, min(self._rests[p] for p in free if p in self._rests) - now)
        if self._together(due, now) < LIVELY:
            return NextRead([], soonest)
        return NextRead(due, soonest)

    def wait(self, now: float, partition: int) -> float:
        """Returns for how many seconds entries of a partition that come without an inbox still have
        to wait; 0: not any longer."""
        left = max(self._settled_rest, self._settled_rests.get(partition, -math.inf)) - now
        return left if left > TICK / 2 else 0.0

    def forget(self, partition: int) -> None:
        """Forgets a partition that is no longer this writer's."""
        self._rates.pop(partition, None)
        self._rests.pop(partition, None)
        self._settled_rests.pop(partition, None)

    def _together(self, partitions: Iterable[int], now: float) -> float:
        """Returns the submissions per second."""
        rates = (self._rates.get(partition) for partition in partitions)
        return sum(rate.at(now) for rate in rates if rate is not None)
