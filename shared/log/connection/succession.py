"""This module recognises answers that come from a server that has been replaced. It is pure.

A primary that was frozen, and that a replica has replaced, still takes itself for the primary when
it wakes up, for the second or two until it is told. A command that was sent to it earlier is then
answered from what it knew. That looks as if everything since had been lost, and people would be
told to reload for no reason. But a reign (`reign.lua`) that is over does not return: a server that
gets a partition again has it under another reign, even if it was emptied (`begin_anew`). So an
answer under a reign that this process has seen succeeded by another is out of date. So is an answer
under a reign that it has never heard of, if both names have numbers and the number of that reign is
lower: a process that has just started may hear of the new primary first, and of the old one
afterwards.

This does not hold forever. If nothing else answers for a long time, that server is the only one: a
Redis that was emptied, and whose writers were restarted as well, uses its first name again.
Otherwise nobody would be served until each worker had been restarted.
"""

from collections import deque

OUTLIVES_S = 20.0
"""How many seconds a reign that was over has to be the only one heard of, until it is taken for the
present one again. Sentinel tells an old primary within about twelve seconds that it has been
replaced."""

MOST = 64
"""The number of reigns of a partition that are remembered: far more than may be answering at a
time."""

ONE_COUNT = 1000
"""If the numbers of two reigns are further apart than this, one was not counted from the other: a
server that was emptied starts from the time, and so may another server."""


class Succession:
    def __init__(self) -> None:
        self._present: dict[int, str] = {}
        self._past: dict[int, deque[str]] = {}
        #: since when only reigns that are over have been heard of, by partition
        self._alone_since: dict[int, float] = {}

    def present(self, partition: int) -> str:
        """Returns the last reign that the partition is known to have had; empty if none is
        known."""
        return self._present.get(partition, "")

    def accepts(self, partition: int, reign: str, now: float) -> bool:
        """Notes that something was heard of the partition under this reign, at this time in
        seconds. Returns False if the reign is over."""
        present = self._present.setdefault(partition, reign)
        if reign == present:  # as nearly always; the present one is never among those that are over
            self._alone_since.pop(partition, None)
            return True
        past = self._past.setdefault(partition, deque(maxlen=MOST))
        if reign not in past and comes_before(reign, present):
            past.append(reign)
        if reign in past:
            if now - self._alone_since.setdefault(partition, now) < OUTLIVES_S:
                return False
            past.remove(reign)
        self._alone_since.pop(partition, None)
        past.append(present)
        self._present[partition] = reign
        return True


def comes_before(reign: str, other: str) -> bool:
    """Returns whether the names of two reigns of one partition say that the first was over before
    the other began. Also returns False if the names do not say: a server's first reign has no
    number. Pure."""
    number, others = (name.partition(".")[2] for name in (reign, other))
    if not number.isdecimal() or not others.isdecimal():
        return False
    return 0 < int(others) - int(number) < ONE_COUNT
