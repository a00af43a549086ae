"""Encodes a part of what sessions are told of a pad's people, once for all who take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from padfleet.services.fanout.pads import collabroom
from padfleet.services.fanout.transport.deflate import SharedRun
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.people.author_records import Author

FEW = 16
"""Up to this many entries are sent in the order of arrival, without the entry that is about the
receiving session. In a crowd this would make a different message for each session. Clients ignore
what they are told about themselves."""
WORTH = 8
"""At least this many entries are compressed, referring only to each other, since a newcomer has
nothing that they could refer to. What follows cannot refer to what the session had before them,
which costs as much as two or three entries."""

ALL_TOLD = collabroom.collab({"type": "USERS", "complete": True})
"""The message for sessions that know of everybody."""


@dataclass(slots=True)
class RosterEntry:
    """What there is to tell about one person."""

    who: Author
    left: bool
    but: str  #: the session that the entry is about
    place: int  #: its place in the log
    first: int  #: before this place, nobody has been told of this person
    message: Frame | None = None  #: the entry as a message of its own, once somebody needed it


class Excerpt:
    """Several entries, in one write."""

    __slots__ = ("_made", "concerns", "entries", "upto")

    def __init__(self, entries: Sequence[RosterEntry], upto: int) -> None:
        """Takes the entries; `upto` is the place in the log of a session that has taken them."""
        many = len(entries) > FEW
        # Similar entries come together, because they compress better.
        self.entries = tuple(sorted(entries, key=_likeness)) if many else tuple(entries)
        self.upto = upto
        self.concerns = frozenset(entry.but for entry in entries if entry.but and not many)
        """The sessions that are told less, because one of the entries is about them."""
        self._made: dict[tuple[bool, bool], Frame | SharedRun | None] = {}

    def made(self, *, lists: bool, completes: bool) -> Frame | SharedRun | None:
        """Returns the messages, or None if there is nothing to send.

        Arguments:
            lists: whether they are for clients that have announced USERS.
            completes: whether such clients are told that they now know of everybody.
        """
        key = (lists, lists and completes)
        if key not in self._made:
            frame = _encoded(self.entries, lists=lists, completes=completes)
            worth = frame is not None and len(self.entries) >= WORTH
            self._made[key] = SharedRun(frame.singles) if frame is not None and worth else frame
        return self._made[key]

    def made_for(self, session: str, *, lists: bool, completes: bool) -> Frame | None:
        """Returns what `made` does, without the entries about this session, which is one of those
        that it `concerns`."""
        others = [entry for entry in self.entries if entry.but != session]
        return _encoded(others, lists=lists, completes=completes)


def _likeness(entry: RosterEntry) -> tuple[str, str]:
    """Returns the sort key. Compressed, a person takes 25 bytes in this order, and 28 if ordered by
    id alone: of 16 random characters, the first one or two are those of the previous message."""
    return str(entry.who.color), entry.who.id


def _encoded(entries: Sequence[RosterEntry], *, lists: bool, completes: bool) -> Frame | None:
    if not entries:
        return ALL_TOLD if lists and completes else None
    if not lists:
        return Frame.joined([_message(entry) for entry in entries])
    here = [[who.id, who.color, who.name] for who in (e.who for e in entries if not e.left)]
    left = [entry.who.id for entry in entries if entry.left]
    return collabroom.collab(
        {
            "type": "USERS",
            **({"users": here} if here else {}),
            **({"left": left} if left else {}),
            **({"complete": True} if completes else {}),
        }
    )


def _message(entry: RosterEntry) -> Frame:
    if entry.message is None:
        author, name, color = entry.who
        info: dict[str, Any]
        if entry.left:
            kind, info = "USER_LEAVE", {"colorId": color, "userId": author}
        else:
            kind, info = "USER_NEWINFO", {"colorId": color, "name": name, "userId": author}
        entry.message = collabroom.collab({"type": kind, "userInfo": info})
    return entry.message
