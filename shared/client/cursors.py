"""People's cursors: pure.

Places are given in a revision of the pad, and moved over what has been changed since, when sending
and when receiving. Our own cursor is kept in the visible text, and so is what the others know of
it: when that is no longer where it is, it is reported again.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from padfleet.shared.easysync import iter_ops, unpack

KEPT: Final = 200
"""Revisions that are kept to move older places; the cursor of somebody further behind has to
wait."""


class Cursor(NamedTuple):
    """A cursor, or a selection from `anchor` to `head`, where the cursor is: UTF-16 code units of
    the visible text. `head` may come before `anchor`."""

    anchor: int
    head: int


class CursorPlace(NamedTuple):
    """The same in the pad at `rev`; None for both means that there is no cursor any more."""

    rev: int
    anchor: int | None
    head: int | None


class CursorShift(NamedTuple):
    """`length` units replace those from `start` to `end` of the text before."""

    start: int
    end: int
    length: int


def changes_of(changeset: str) -> list[CursorShift]:
    """What a changeset does to the text, from its beginning to its end."""
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
    """Where a position is after `changes`: before what is inserted right there, or, with `after`,
    after it."""
    moved = 0
    for start, end, length in changes:
        if start > position or (start == end == position and not after):
            break
        if end > position:
            return start + moved + (length if after else 0)
        moved += length - (end - start)
    return position + moved


def carried_back(position: int, changes: Iterable[CursorShift]) -> int:
    """Where a position of the text after `changes` was before them; for new text, where it was
    inserted."""
    moved = 0  # by how much what comes next stands further on in the text after
    for start, end, length in changes:
        if position <= start + moved:
            break
        if position <= start + moved + length:
            return end
        moved += length - (end - start)
    return position - moved


class _Step:
    """A revision, as far as it moves cursors."""

    def __init__(self, rev: int, author: str, changeset: str) -> None:
        self.rev = rev
        self.author = author
        self._changeset = changeset

    @cached_property
    def changes(self) -> list[CursorShift]:
        """Computed when there is a cursor to be moved, and only once."""
        return changes_of(self._changeset)

    def over(self, place: CursorPlace, author: str) -> CursorPlace:
        """A place of `author` after this revision: the cursor of somebody who types is after what
        they type."""
        if place.anchor is None or place.head is None:
            return CursorPlace(self.rev, None, None)
        after = author == self.author
        anchor = carried(place.anchor, self.changes, after=after)
        head = carried(place.head, self.changes, after=after)
        return CursorPlace(self.rev, anchor, head)


class Cursors:
    """The cursors of everybody who has a pad open. `me` is the author whose own cursor it is, and
    `rev` the present revision."""

    def __init__(self, me: str, rev: int) -> None:
        self.mine: Cursor | None = None  #: in the text that is seen
        self._me = me
        self._rev = rev
        self._steps: deque[_Step] = deque(maxlen=KEPT)
        self._places: dict[str, CursorPlace] = {}  # in the newest revision, or in one yet to come
        self._known: CursorPlace | None = (
            None  # what the others know of mine, in the newest revision
        )

    # --- What happens ----------------------------------------------------------------------------

    def revision(self, rev: int, author: str, changeset: str) -> None:
        """The revision `rev` has come, with what it did to the pad."""
        step = _Step(rev, author, changeset)
        self._rev = rev
        self._steps.append(step)
        for one, place in self._places.items():
            if place.rev == rev - 1:
                self._places[one] = step.over(place, one)
        if self._known is not None:
            self._known = step.over(self._known, self._me)

    def edited(self, changeset: str, *, by_me: bool) -> None:
        """The visible text has changed, by our own edit or somebody else's."""
        if self.mine is not None:
            changes = changes_of(changeset)
            self.mine = Cursor(*(carried(one, changes, after=by_me) for one in self.mine))

    def told(self, cursors: Iterable[Mapping[str, Any]]) -> list[str]:
        """Handles people's reports of their cursors. Returns whose have moved; raises LookupError
        or TypeError if it is not a list of reports."""
        places = [(_text(one["userId"]), _place(one)) for one in cursors]
        return [author for author, place in places if self._told(author, place)]

    def _told(self, author: str, place: CursorPlace) -> bool:
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
        """Somebody has left, or no longer has a cursor. Returns False if they had none."""
        return self._places.pop(author, None) is not None

    def cut_off(self) -> list[str]:
        """The connection is lost, and with it what others had reported, and knew. Returns whose
        cursors are gone."""
        gone, self._places = list(self._places), {}
        if self._known is not None:
            self._known = CursorPlace(self._rev, -1, -1)  # perhaps what was said last, perhaps not
        return gone

    # --- What is seen, and said ------------------------------------------------------------------

    def seen(self, own: Sequence[str], length: int) -> dict[str, Cursor]:
        """Where the others have their cursors in the visible text, which has `length` units: the
        pad with `own`, the changesets that are on their way to it. Cursors in revisions that we
        have not seen yet cannot be shown."""
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
        """Returns what has to be reported about our own cursor, and notes that the others know it;
        None: they know it already. `own` as above."""
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
