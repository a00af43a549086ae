"""Divides what sessions lack into messages that many of them can be sent alike. Pure.

Everybody on a pad is sent the same revisions, but for their own: each of those is an ACCEPT_COMMIT
at its place, so that its author gets the revisions before and after it in messages that nobody else
gets. If all that a session lacks were one message, then the further a worker is behind, the more
authors would have something of their own in it, and the longer would be what is made for each. So
revisions are divided into *stretches* of limited length, at round numbers: a session with a
revision of its own in one of them is sent that one in *pieces*, and all others like everybody else.
Of the pieces, too, all but one are the same for everybody who has to be sent that stretch in
pieces. And sessions that are behind by different amounts take the same stretches after their first.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from padfleet.services.fanout.pads.steps import NewChanges, NewChangesBatch, Step
from padfleet.shared.log.records import Revision

STRETCH: Final = 32
"""How many revisions there are in a stretch, except for the first and the last, which have at least
half as many. Shorter ones would be compressed worse, and longer ones are more for an author alone.
What is no longer than this is not divided."""

PIECE: Final = 8
"""The same for the pieces of a stretch."""

BATCH_BYTES: Final = 128 * 1024
"""A stretch ends with the revision that makes it this many bytes long. Revisions from typing have
250 bytes; the limit is for large pastes."""


class Stretch:
    """Consecutive revisions that a session is sent in one piece, unless one of them is its own."""

    def __init__(self, revisions: Sequence[Revision]) -> None:
        """Takes the revisions, at least one."""
        self.revisions = tuple(revisions)
        self.after = self.revisions[0].rev - 1
        self.sent_rev = self.revisions[-1].rev
        self.origins = frozenset([r.origin.session for r in revisions if r.origin is not None])
        """The sessions that some of them came from."""
        self._pieces: Sequence[Stretch] = ()

    @property
    def pieces(self) -> "Sequence[Stretch]":
        """Returns the same revisions in shorter stretches."""
        if not self._pieces:
            self._pieces = divided(self.revisions, PIECE)
        return self._pieces

    def steps(self, batching: bool) -> Sequence[Step]:
        """Returns the messages that they are for anybody else. A single one stays a
        NEW_CHANGES."""
        if not batching or len(self.revisions) == 1:
            return [NewChanges(revision) for revision in self.revisions]
        return [NewChangesBatch(self.revisions)]


def ends(after: int, upto: int, length: int = STRETCH) -> Iterator[int]:
    """Yields the last revision of each stretch for a session that has the revision `after` and
    lacks those up to `upto`, of which there is at least one. `length` is that of a stretch."""
    first = ((after + length // 2) // length + 1) * length
    yield from range(first, upto - length // 2 + 1, length)
    yield upto


def divided(revisions: Sequence[Revision], length: int = STRETCH) -> list[Stretch]:
    """Returns consecutive revisions in stretches of this length."""
    if not revisions:
        return []
    first, found = revisions[0].rev, []
    begin = 0
    for end in ends(first - 1, revisions[-1].rev, length):
        found += within_bounds(revisions[begin : end + 1 - first])
        begin = end + 1 - first
    return found


def within_bounds(revisions: Sequence[Revision]) -> list[Stretch]:
    """Returns these revisions as one stretch, or as several if they are large."""
    found, begin, size = [], 0, 0
    for number, revision in enumerate(revisions, 1):
        size += len(revision.wire)
        if size >= BATCH_BYTES or number == len(revisions):
            found.append(Stretch(revisions[begin:number]))
            begin, size = number, 0
    return found
