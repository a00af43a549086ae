"""Which of a process' answers come from a server that has been replaced: pure.

A primary that stood still, and whose place a replica took, takes itself for primary still when it
wakes, for the second or two until it is told. Whoever has sent it something before is answered
then, from what it knew; that looks as if everything since had been lost, and people would be told
to reload for nothing. But a reign (`reign.lua`) that is over does not return: a server that has a
partition again has it under another one, also where it was emptied (`begin_anew`). So an answer
under a reign which this process has seen succeeded by another is out of date. So is one that it
never heard of, where names have numbers and that one's comes before: a process that has just begun
may hear of the new primary first, and of the old one then.

But not for good. Where nothing else answers for long, that server is the one there is: a Redis
that was emptied, and whose writers were begun anew besides, gives its first name again. Otherwise
nobody would be served until each worker had been restarted.
"""

from collections import deque

OUTLIVES_S = 20.0
"""Seconds for which a reign that was over has to be the only one that is heard of, to be the
present one again. Sentinel tells an old primary within some twelve that it is none."""

MOST = 64
"""Reigns of a partition that are remembered: far more than may be answered from at a time."""

ONE_COUNT = 1000
"""Numbers of reigns that are further apart than this have not been counted one from the other: a
server that was emptied begins at the time, which may be another server's."""


class Succession:
    def __init__(self) -> None:
        self._present: dict[int, str] = {}
        self._past: dict[int, deque[str]] = {}
        self._alone_since: dict[int, float] = {}  #: since when only reigns that are over are heard

    def present(self, partition: int) -> str:
        """The reign under which the partition was heard of last; empty: it never was."""
        return self._present.get(partition, "")

    def goes_on(self, partition: int, reign: str, now: float) -> bool:
        """Notes that something was heard of the partition under this reign, at this time in
        seconds. False: it is over."""
        present = self._present.get(partition, reign)
        past = self._past.setdefault(partition, deque(maxlen=MOST))
        if reign not in past and comes_before(reign, present):
            past.append(reign)
        if reign in past:
            if now - self._alone_since.setdefault(partition, now) < OUTLIVES_S:
                return False
            past.remove(reign)
        self._alone_since.pop(partition, None)
        if reign != present:
            past.append(present)
        self._present[partition] = reign
        return True


def comes_before(reign: str, other: str) -> bool:
    """Whether the names of two reigns of one partition say that the first was over before the other
    began. False also where they say nothing: a server's first reign has no number. Pure."""
    number, others = (name.partition(".")[2] for name in (reign, other))
    if not number.isdecimal() or not others.isdecimal():
        return False
    return 0 < int(others) - int(number) < ONE_COUNT
