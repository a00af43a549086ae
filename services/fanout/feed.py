"""A worker's copy of a pad's recent revisions: pure, no I/O.

Revisions arrive by pub/sub, which may lose them, and by reading the stream, which may bring some
again. The feed takes them in from either, in any overlap, and never has a hole.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from shared.log.records import Revision


class Gap(NamedTuple):
    """Revisions that have to be read from the stream, both ends included."""

    first: int
    last: int


class Feed:
    """The newest revisions up to `head`, at most `capacity` of them."""

    def __init__(self, head: int, capacity: int) -> None:
        self.head = head
        self._ring: deque[Revision] = deque(maxlen=capacity)

    @property
    def first(self) -> int:
        """The oldest revision held; head + 1 if none is."""
        return self.head + 1 - len(self._ring)

    def offer(self, revisions: Sequence[Revision]) -> Gap | None:
        """Takes in what continues the feed, and passes over what it has already.

        Returns the gap if the revisions start behind one; then nothing is taken, since they will
        be among what is read to fill it.
        """
        for revision in revisions:
            if revision.rev > self.head + 1:
                return Gap(self.head + 1, revisions[-1].rev)
            if revision.rev == self.head + 1:
                self._ring.append(revision)
                self.head = revision.rev
        return None

    def get(self, rev: int) -> Revision:
        """IndexError if it is not held."""
        if not self.first <= rev <= self.head:
            raise IndexError(rev)
        return self._ring[rev - self.first]

    def since(self, rev: int) -> list[Revision]:
        """The revisions after `rev`. IndexError if some of them are not held any more."""
        if rev + 1 < self.first:
            raise IndexError(rev + 1)
        # From the end: a deque finds its middle slowly, and what is asked for is mostly new.
        return [self._ring[i] for i in range(rev - self.head, 0)]
