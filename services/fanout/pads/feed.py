"""Keeps a worker's copy of a pad's recent revisions. Pure: no I/O.

Revisions arrive by pub/sub, which may lose them, and from the stream, which may repeat some. The
feed accepts both, with any overlap, and never has a gap.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from padfleet.shared.log.records import Revision


class Doubt(NamedTuple):
    """This revision does not follow from what the feed holds, or differs from what it holds: the
    history may have changed."""

    rev: int


class FeedGap(NamedTuple):
    """Revisions that have to be read from the stream, both ends included."""

    first: int
    last: int


KEEP_MS = 30_000
MOST = 50_000
"""Whatever the capacity, all revisions of the last half minute are held, up to this many. On a pad
on which a thousand people write, a socket that is seconds behind is thousands of revisions behind,
and a thousand such sockets must not each read them from the stream at that moment."""

MOST_BYTES = 16 << 20
"""The most bytes that are held, whichever revisions these are, except for the newest one: three
hundred bytes for each of the `MOST`. If edits are larger, fewer are held, and sessions further
behind are served from the stream."""


class Feed:
    """The newest revisions up to `head`: `capacity` of them, and those of the last half minute."""

    def __init__(self, head: int, capacity: int, chain: bytes | None = b"") -> None:
        """Takes the revision after which the feed begins. `chain` is that of the revision `head`;
        with None, it is unknown, and the first revision is accepted as it is."""
        self.head = head
        self.chain = chain
        self._capacity = capacity
        self._ring: list[Revision] = []
        self.size = 0  #: bytes of the revisions held
        self._trim_at = capacity

    @property
    def first(self) -> int:
        """Returns the oldest revision held, or head + 1 if none is held."""
        return self.head + 1 - len(self._ring)

    @property
    def newest(self) -> Revision | None:
        """Returns the revision `head`, or None if it is not held."""
        return self._ring[-1] if self._ring else None

    def offer(self, revisions: Sequence[Revision]) -> FeedGap | Doubt | None:
        """Adds what continues the feed, and skips what it has already.

        Returns the gap if there is one before the revisions; then nothing is added, since they will
        be among what is read to fill it. Or returns the first revision that cannot be right.
        """
        for revision in revisions:
            rev = revision.rev
            if rev > self.head + 1:
                return FeedGap(self.head + 1, revisions[-1].rev)
            if rev == self.head + 1:
                before = self.chain
                if before is not None and not revision.follows(before):
                    return Doubt(rev)
                self._ring.append(revision)
                self.size += len(revision.wire)
                self.head, self.chain = rev, revision.chain
            elif rev >= self.first and self.get(rev).chain != revision.chain:
                return Doubt(rev)
        if len(self._ring) > self._trim_at or self.size > MOST_BYTES:
            self._trim()
        return None

    def chain_at(self, rev: int) -> bytes | None:
        """Returns the chain at that revision, or None if it is not held any more."""
        if rev == self.head:
            return self.chain
        return self.get(rev).chain if self.first <= rev <= self.head else None

    def get(self, rev: int) -> Revision:
        """Returns that revision. Raises IndexError if it is not held."""
        if not self.first <= rev <= self.head:
            raise IndexError(rev)
        return self._ring[rev - self.first]

    def since(self, rev: int, upto: int | None = None) -> list[Revision]:
        """Returns the revisions after `rev`, up to `upto` if that is given. Raises IndexError if
        some of them are not held any more."""
        first = self.first
        if rev + 1 < first:
            raise IndexError(rev + 1)
        end = None if upto is None else max(upto + 1 - first, 0)
        return self._ring[rev + 1 - first : end]

    def _trim(self) -> None:
        """Drops the oldest revisions, a fifth at a time, which makes the cost negligible."""
        spare = len(self._ring) - self._capacity
        old = bisect_left(self._ring, self._ring[-1].time - KEEP_MS, key=lambda r: r.time)
        drop = max(min(spare, old), len(self._ring) - max(MOST, self._capacity))
        if self.size > MOST_BYTES:
            drop = max(drop, self._too_large())
        if drop > 0:
            self.size -= sum(len(revision.wire) for revision in self._ring[:drop])
            del self._ring[:drop]
        self._trim_at = max(len(self._ring) * 6 // 5, self._capacity)

    def _too_large(self) -> int:
        """Returns how many of the oldest revisions have to go so that at most four fifths of the
        bytes remain."""
        excess = self.size - MOST_BYTES * 4 // 5
        for number, revision in enumerate(self._ring[:-1]):
            if excess <= 0:
                return number
            excess -= len(revision.wire)
        return len(self._ring) - 1
