"""Keeps the newest changes of one pad, over which late submissions are rebased. Pure."""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence

from padfleet.shared.easysync.edit_script import EditScript
from padfleet.shared.easysync.steps import EditStep, step_of
from padfleet.shared.log.pad.document import DocumentChange
from padfleet.shared.log.records import Revision

RECENT_REVISIONS = 2000
"""The least number of changesets kept for rebasing. A submission that is older still is served from
the history, which costs a hundred times as much."""

RECENT_MS = 60_000
MOST_RECENT_REVISIONS = 50_000
"""All changesets of the last minute are kept too, up to this many, at about 600 bytes each. If a
thousand people write, a client that is seconds behind is thousands of revisions behind. If its
submissions were served from the history just then, the writer would never catch up."""

MOST_RECENT_BYTES = 64 << 20
"""Approximately how many bytes the recent changesets may take, however few they are then."""

SPLICE_BYTES = 250
"""How many bytes of memory a splice takes, with its numbers."""


class RebaseChanges:
    """The changes of a pad's newest revisions, without a gap, the oldest first, parsed as rebasing
    needs them; they are dropped as they grow old. (What the cold store lacks is in
    `UncopiedRevisions`.)"""

    __slots__ = ("_authors", "_committed", "_size", "_sizes", "_times", "_trim_at", "steps")

    def __init__(self) -> None:
        self.steps: list[EditStep] = []
        self._authors: list[str] = []
        self._times: list[int] = []
        self._sizes: list[int] = []
        self._size = 0  #: approximate bytes that all of them take
        self._trim_at = RECENT_REVISIONS
        self._committed: OrderedDict[tuple[str, str], int] = OrderedDict()

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, revision: Revision, changeset: str, patches: EditScript) -> None:
        """Adds the pad's newest revision."""
        self.steps.append(step_of(changeset, patches))
        self._authors.append(revision.author)
        self._times.append(revision.time)
        size = len(changeset) + SPLICE_BYTES * len(patches.splices)
        self._sizes.append(size)
        self._size += size
        known = revision.author, changeset
        self._committed[known] = revision.rev
        self._committed.move_to_end(known)
        if len(self.steps) >= self._trim_at or self._size > MOST_RECENT_BYTES:
            self._trim(revision)

    def committed_at(self, author: str, changeset: str) -> int:
        """Returns the newest of these revisions that is this changeset by this author, or -1."""
        return self._committed.get((author, changeset), -1)

    def since(self, first: int) -> Sequence[DocumentChange]:
        """Returns the changes from the one with this index on, with their authors."""
        recent = zip(self.steps[first:], self._authors[first:], strict=True)
        return [DocumentChange(step.changeset, author) for step, author in recent]

    def _trim(self, newest: Revision) -> None:
        """Drops the changesets that are neither among the newest nor from the last minute. It drops
        a fifth at a time, which makes the cost negligible."""
        spare = len(self.steps) - RECENT_REVISIONS
        old = bisect_left(self._times, newest.time - RECENT_MS)
        drop = max(min(spare, old), len(self.steps) - MOST_RECENT_REVISIONS, 0)
        left = self._size - sum(self._sizes[:drop])
        if self._size > MOST_RECENT_BYTES:
            while left > MOST_RECENT_BYTES * 4 // 5:
                left -= self._sizes[drop]
                drop += 1
        if drop > 0:
            self._size = left
            del self.steps[:drop], self._authors[:drop], self._times[:drop]
            del self._sizes[:drop]
            oldest = newest.rev - len(self.steps) + 1
            while self._committed and next(iter(self._committed.values())) < oldest:
                self._committed.popitem(last=False)
        self._trim_at = max(len(self.steps), RECENT_REVISIONS) * 6 // 5
