"""Keeps what sessions are told of the people on a pad. Pure.

It is a log with one entry for each person, which says that they are there, or have left. When
something about somebody changes, the old entry is removed and a new one is added at the end. So a
session needs no more than a place: everything after it, in any number of steps, brings it up to
date, whether it has just come, is slow, or lacks only the newest change. If several things happen
to somebody between two steps, only the result is told.

The log is kept in blocks. All sessions at the same place take the same excerpt of a block, which is
made once, and kept until something in its block changes.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from padfleet.services.fanout.delivery.roster_cursor import RosterCursor
from padfleet.services.fanout.presence.excerpt import Excerpt, RosterEntry
from padfleet.shared.log.people.author_records import Author

BLOCK = 512
"""How many entries a block has. As single messages they have about 70 KB, and 12 KB when
compressed."""

LEFT_KEPT = 4096
"""How many entries of people who have left are kept. A session further behind is disconnected: its
client comes back, and is told who is there."""

EXCERPTS_KEPT = 8
"""How many excerpts of one block are kept: sessions are at few places within it, unless each is at
another one."""


class _Departures(Enum):
    """The people who have left of whom a session is told that."""

    NONE = "it knows nobody who has left"
    KNOWN = "those of whom it has been told before that they were there"
    ALL = "everybody, since it is not known whom its page knows"


@dataclass(slots=True)
class _Block:
    start: int  #: its place in the log; it ends where the next one starts
    entries: dict[str, RosterEntry] = field(default_factory=dict)  #: by author, in their order
    excerpts: dict[tuple[int, _Departures], Excerpt] = field(default_factory=dict)


class RosterLog:
    """The log for the sessions of one room of the people on its pad."""

    def __init__(self, block: int = BLOCK, left_kept: int = LEFT_KEPT) -> None:
        """Starts an empty log; `block` and `left_kept` replace the constants, for tests."""
        self.end = 0  #: the place of a session that has been told everything
        self._most = block
        self._left_kept = left_kept
        self._blocks: list[_Block] = []
        self._starts: list[int] = []  #: where each block starts
        self._entries: dict[str, RosterEntry] = {}
        self._left = 0  #: the number of entries of people who have left
        self._forgotten = 0  #: before this place, some entries of people who left are not kept
        self._told = 0  #: no session has been told of anything from this place on

    def __len__(self) -> int:
        """Returns the number of entries, including those of people who have left."""
        return len(self._entries)

    # --- What happens ----------------------------------------------------------------------------

    def here(self, who: Author, *, but: str = "") -> bool:
        """Notes that somebody has come, or has another name or colour. `but` is the session that
        this is about, which need not be told. Returns whether there is something to tell."""
        old = self._entries.get(who.id)
        if old is not None and not old.left and old.who == who:
            return False
        # Sessions that may have been told of somebody must be told when they leave.
        first = old.first if old is not None else self.end
        self._put(RosterEntry(who, left=False, but=but, place=self.end, first=first), old)
        return True

    def gone(self, author: str) -> bool:
        """Notes that somebody's last session has left. Returns whether there is something to
        tell."""
        old = self._entries.get(author)
        if old is None or old.left:
            return False
        if old.first >= self._told:  # this author has come and gone unseen
            self._take_out(old)
            return False
        self._put(RosterEntry(old.who, left=True, but="", place=self.end, first=old.first), old)
        self._forget_some()
        return True

    def forget(self) -> None:
        """Drops everything, since everybody has left and nobody needs to be told."""
        self._blocks, self._starts, self._entries, self._left = [], [], {}, 0
        self._forgotten = self.end

    # --- What sessions are told ------------------------------------------------------------------

    def begin(self, cursor: RosterCursor, *, knows_some: bool) -> None:
        """Places the cursor of a session that comes now; `knows_some` says that its page has been
        here before, and does not by itself forget who was there then."""
        cursor.at, cursor.came = 0, self.end
        # A page that can be told that it now knows everybody needs no names of people who are not
        # among them.
        cursor.since = self._forgotten if knows_some and not cursor.lists else self.end
        cursor.complete = False

    def is_lost_to(self, cursor: RosterCursor) -> bool:
        """Returns whether somebody has left of whom the session may have been told, and it can no
        longer be told so."""
        return cursor.at < self._forgotten and cursor.since < self._forgotten

    def next_for(self, cursor: RosterCursor) -> Excerpt | None:
        """Returns what the session is told next, or None if there is nothing. It is then at the
        excerpt's `upto`, which has to be reported with `took`."""
        at = cursor.at
        while at < self.end:
            number = max(0, bisect_right(self._starts, at) - 1)
            if number >= len(self._blocks):
                return None
            upto = self._starts[number + 1] if number + 1 < len(self._blocks) else self.end
            excerpt = self._excerpt(self._blocks[number], at, upto, _departures(cursor, at, upto))
            if excerpt.entries:
                return excerpt
            at = upto
        return None

    def took(self, cursor: RosterCursor, place: int) -> None:
        """Notes that the session has been told everything before this place."""
        cursor.at = place
        self._told = max(self._told, place)

    def _excerpt(self, block: _Block, at: int, upto: int, departures: _Departures) -> Excerpt:
        begin = max(at, block.start)
        key = (begin, departures)
        found = block.excerpts.get(key)
        if found is None:
            # Sessions at this place have been told of nobody whose first entry comes after it.
            known_until = {
                _Departures.NONE: 0,
                _Departures.KNOWN: begin,
                _Departures.ALL: self.end,
            }[departures]
            entries = [
                entry
                for entry in block.entries.values()
                if entry.place >= at and (not entry.left or entry.first < known_until)
            ]
            found = Excerpt(entries, upto)
            if len(block.excerpts) >= EXCERPTS_KEPT:
                del block.excerpts[next(iter(block.excerpts))]
            block.excerpts[key] = found
        return found

    # --- Its blocks ------------------------------------------------------------------------------

    def _put(self, entry: RosterEntry, old: RosterEntry | None) -> None:
        if old is not None:
            self._take_out(old)
        if not self._blocks or len(self._blocks[-1].entries) >= self._most:
            self._blocks.append(_Block(self.end))
            self._starts.append(self.end)
        block = self._blocks[-1]
        block.entries[entry.who.id] = self._entries[entry.who.id] = entry
        block.excerpts.clear()  # they end where the log did
        self._left += entry.left
        self.end += 1

    def _take_out(self, entry: RosterEntry) -> None:
        number = bisect_right(self._starts, entry.place) - 1
        block = self._blocks[number]
        del block.entries[entry.who.id], self._entries[entry.who.id]
        block.excerpts.clear()  # those who take one later must not be told what is no longer true
        self._left -= entry.left
        # Otherwise there would be a block for each person who has stayed.
        if len(block.entries) <= self._most // 4 and not self._merged(number - 1):
            self._merged(number)

    def _merged(self, number: int) -> bool:
        """Merges a block with the one after it, if there are such and both are small."""
        if number < 0 or number + 1 >= len(self._blocks):
            return False
        block, behind = self._blocks[number], self._blocks[number + 1]
        both = len(block.entries) + len(behind.entries)
        if both > self._most // 2 and block.entries and behind.entries:
            return False
        block.entries.update(behind.entries)
        block.excerpts.clear()
        del self._blocks[number + 1], self._starts[number + 1]
        return True

    def _forget_some(self) -> None:
        """Drops the oldest entries of people who have left, a quarter at a time, which makes the
        cost negligible."""
        if self._left <= self._left_kept:
            return
        oldest = list(self._departures(max(1, self._left_kept // 4)))
        for entry in oldest:
            self._take_out(entry)
        self._forgotten = oldest[-1].place + 1

    def _departures(self, most: int) -> Iterator[RosterEntry]:
        """Yields the oldest entries of people who have left, at most so many."""
        found = (entry for block in self._blocks for entry in block.entries.values() if entry.left)
        for entry, _ in zip(found, range(most), strict=False):
            yield entry


def _departures(cursor: RosterCursor, at: int, upto: int) -> _Departures:
    """Returns which departures between two places concern a session."""
    if upto <= cursor.since:
        return _Departures.NONE
    return _Departures.KNOWN if at >= cursor.came else _Departures.ALL
