"""This module keeps track of people's cursors. It is pure.

Places are given in a revision of the pad, and moved over later changes, both for sending and after
receiving. Our own cursor is kept in the visible text, and the place that the others know is kept as
well: when the two differ, the cursor is reported again.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from padfleet.shared.easysync import iter_ops, unpack

KEPT: Final = 200
"""How many revisions are kept to move older places. The cursor of somebody who is further behind is
not shown until their next report."""


class Cursor(NamedTuple):
    """A cursor at `head`, or a selection from `anchor` to `head`, in UTF-16 code units of the
    visible text. `head` may come before `anchor`."""

    anchor: int
    head: int


class CursorPlace(NamedTuple):
    """A cursor or selection in the pad at `rev`. None for both ends means that there is no cursor
    any more."""

    rev: int
    anchor: int | None
    head: int | None


class CursorShift(NamedTuple):
    """A change of a text: `length` units replace those from `start` to `end` of the text before."""

    start: int
    end: int
    length: int


def changes_of(changeset: str) -> list[CursorShift]:
    """Returns what a changeset does to the text, from its beginning to its end."""
    changes: list[CursorShift] = []
    at = 0
    for op in iter_ops(unpack(changeset).ops):
        if op.opcode == "=":
            at += op.chars
            continue
        last = changes.pop() if changes and changes[-1].end == at else CursorShift(at, at, 0)
        if op.opcode == "+":
            changes.append(last._replace(length=last.length + op.chars))
        else:
            at += op.chars
            changes.append(last._replace(end=at))
    return changes


def carried(position: int, changes: Iterable[CursorShift], *, after: bool) -> int:
    """Returns where a position is after `changes`. Text that is inserted right at the position
    comes after it or, with `after`, before it."""
    moved = 0
    for start, end, length in changes:
        if start > position or (start == end == position and not after):
            break
        if end > position:
            return start + moved + (length if after else 0)
        moved += length - (end - start)
    return position + moved


def carried_back(position: int, changes: Iterable[CursorShift]) -> int:
    """Returns where a position in the text after `changes` was before them. For new text, this is
    the end of what it replaced."""
    moved = 0  # how far the following text has moved
    for start, end, length in changes:
        if position <= start + moved:
            break
        if position <= start + moved + length:
            return end
        moved += length - (end - start)
    return position - moved


class _Step:
    """A revision, with what is needed to move cursors over it."""

    def __init__(self, rev: int, author: str, changeset: str) -> None:
        self.rev = rev
        self.author = author
        self._changeset = changeset

    @cached_property
    def changes(self) -> list[CursorShift]:
        """What the revision does to the text. This is worked out only if there is a cursor to be
        moved, and only once."""
        return changes_of(self._changeset)

    def over(self, place: CursorPlace, author: str) -> CursorPlace:
        """Returns where a place of `author` is after this revision. The cursor of an author who
        types moves behind the text that they type."""
        if place.anchor is None or place.head is None:
            return CursorPlace(self.rev, None, None)
        after = author == self.author
        anchor = carried(place.anchor, self.changes, after=after)
        head = carried(place.head, self.changes, after=after)
        return CursorPlace(self.rev, anchor, head)


class Cursors:
    """The cursors of everybody who has a pad open. `me` is the author of this client, and `rev` the
    present revision."""

    def __init__(self, me: str, rev: int) -> None:
        self.mine: Cursor | None = None  #: in the visible text
        self._me = me
        self._rev = rev
        self._steps: deque[_Step] = deque(maxlen=KEPT)
        # in the newest revision, or in one that has not arrived yet
        self._places: dict[str, CursorPlace] = {}
        self._known: CursorPlace | None = (
            None  # where the others know mine to be, in the newest revision
        )

    # --- What happens ----------------------------------------------------------------------------

    def revision(self, rev: int, author: str, changeset: str) -> None:
        """Handles the arrival of revision `rev`. `changeset` is what it did to the pad."""
        step = _Step(rev, author, changeset)
        self._rev = rev
        self._steps.append(step)
        for one, place in self._places.items():
            if place.rev == rev - 1:
                self._places[one] = step.over(place, one)
        if self._known is not None:
            self._known = step.over(self._known, self._me)

    def edited(self, changeset: str, *, by_me: bool) -> None:
        """Handles a change of the visible text, by our own edit or somebody else's."""
        if self.mine is not None:
            changes = changes_of(changeset)
            self.mine = Cursor(*(carried(one, changes, after=by_me) for one in self.mine))

    def reported(self, cursors: Iterable[Mapping[str, Any]]) -> list[str]:
        """Handles people's reports of their cursors, and returns the authors whose cursors have
        moved. Raises LookupError or TypeError if `cursors` is not a list of reports."""
        places = [(_text(one["userId"]), _place(one)) for one in cursors]
        return [author for author, place in places if self._reported(author, place)]

    def _reported(self, author: str, place: CursorPlace) -> bool:
        if author == self._me:
            return False
        if place.head is None:
            return self.left(author)
        if place.rev < self._rev - len(self._steps):
            return False  # too long ago to be carried along
        for step in self._steps:
            if step.rev > place.rev:
                place = step.over(place, author)
        self._places[author] = place
        return True

    def left(self, author: str) -> bool:
        """Removes the cursor of somebody who has left or no longer has one. Returns False if they
        had none."""
        return self._places.pop(author, None) is not None

    def cut_off(self) -> list[str]:
        """Handles the loss of the connection: what others had reported is dropped, and what they
        know is uncertain. Returns the authors whose cursors are gone."""
        gone, self._places = list(self._places), {}
        if self._known is not None:
            self._known = CursorPlace(self._rev, -1, -1)  # unknown, so that it is reported again
        return gone

    # --- What is seen, and said ------------------------------------------------------------------

    def seen(self, own: Sequence[str], length: int) -> dict[str, Cursor]:
        """Returns where the others have their cursors in the visible text. Cursors in revisions
        that have not arrived here yet cannot be shown.

        Arguments:
            own: the changesets of our own edits that are not part of the pad yet.
            length: the length of the visible text.
        """
        changes = [changes_of(changeset) for changeset in own]

        def within(position: int) -> int:
            for one in changes:
                position = carried(position, one, after=False)
            return min(max(position, 0), length)

        return {
            author: Cursor(within(anchor), within(head))
            for author, (rev, anchor, head) in self._places.items()
            if rev == self._rev and anchor is not None and head is not None
        }

    def to_tell(self, own: Sequence[str]) -> CursorPlace | None:
        """Returns what has to be reported about our own cursor, and records that the others know
        it. Returns None if they know it already. `own` is as in `seen`."""
        place = self._place_of_mine(own)
        if place == (self._known or CursorPlace(self._rev, None, None)):
            return None
        self._known = place
        return place

    def _place_of_mine(self, own: Sequence[str]) -> CursorPlace:
        if self.mine is None:
            return CursorPlace(self._rev, None, None)
        changes = [changes_of(changeset) for changeset in reversed(own)]

        def back(position: int) -> int:
            for one in changes:
                position = carried_back(position, one)
            return position

        return CursorPlace(self._rev, back(self.mine.anchor), back(self.mine.head))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not an author")
    return value


def _place(told: Mapping[str, Any]) -> CursorPlace:
    rev, anchor, head = told["rev"], told["anchor"], told["head"]
    if not isinstance(rev, int) or (anchor is None) != (head is None):
        raise TypeError("a cursor that is nowhere")
    for one in (anchor, head):
        if one is not None and not isinstance(one, int):
            raise TypeError(f"{one!r} is not a position")
    return CursorPlace(rev, anchor, head)
