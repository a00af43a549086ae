"""Keeps the revisions that a writer has made of one pad, for whoever copies them to the cold store.
Pure.

Reading them back from Redis, unpacking them and going through their chain took a third of what a
copy costs. The writer has just had all of that in its hands.
"""

from collections.abc import Sequence
from typing import Final

from padfleet.shared.cold.rows import Row
from padfleet.shared.log.records import Revision

MOST_REVISIONS: Final = 2000
MOST_BYTES: Final = 1 << 20
"""How many revisions of a pad are kept, and how many bytes of their wire forms. That is less than
`RebaseChanges` keeps. If there are more, because the store has not answered for long, all of them
are dropped: the next copy reads them from Redis."""


class UncopiedRevisions:
    """The newest revisions of a pad, without a gap, as the cold store is given them; they are
    dropped once it has them. (What submissions are rebased over is in `RebaseChanges`.)

    It does not matter whether they have been committed: `between` is asked for a range whose ends
    are known to be stored, and a chain stands for all that led to it.
    """

    __slots__ = ("_before", "_first", "_rows", "_size")

    def __init__(self, head: int, chain: bytes) -> None:
        """Takes the revision after which it begins, and its chain."""
        self._begin(head, chain)

    def _begin(self, head: int, chain: bytes) -> None:
        self._first, self._before = head + 1, chain
        self._rows: list[Row] = []
        self._size = 0  #: of the wire forms

    def add(self, revision: Revision) -> None:
        """Adds a revision. If it does not follow the last one, it begins anew with it."""
        self._size += len(revision.wire)
        follows = revision.rev == self._first + len(self._rows)
        if not follows or len(self._rows) >= MOST_REVISIONS or self._size > MOST_BYTES:
            self._begin(revision.rev, revision.chain)
            return
        session, seq = revision.origin or ("", 0)
        fields = (revision.author, revision.time, session, seq, revision.chain, revision.wire)
        self._rows.append(fields)

    def between(self, first: int, last: int, before: bytes, chain: bytes) -> Sequence[Row] | None:
        """Returns the revisions first…last as rows, or None if they are not all here, or not those
        that lead from the chain `before` to `chain`."""
        rows = self._rows  # a large submission is taken in another thread meanwhile
        start, end = first - self._first, last - self._first + 1
        if not 0 <= start < end <= len(rows):
            return None
        follows = rows[start - 1][4] if start else self._before
        return rows[start:end] if (follows, rows[end - 1][4]) == (before, chain) else None

    def copied(self, last: int) -> None:
        """Drops the revisions up to this one."""
        rows, count = self._rows, last - self._first + 1
        if 0 < count <= len(rows):
            self._before, self._first = rows[count - 1][4], last + 1
            all_of_it = count == len(rows)  # nearly always: adding them up is 3 % of a copy
            self._size -= self._size if all_of_it else sum(len(row[5]) for row in rows[:count])
            del rows[:count]
