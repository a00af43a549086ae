"""This module defines the note: what a fleet stores with a pad's records that an Etherpad has no
place for. It is pure.

The note is a separate record under the key ``padfleet:<pad>`` in the same table. It is written in
the same transaction as the pad, is part of the same dump, and needs no more rights than an Etherpad
has. Etherpad does not look at it. It belongs to the pad's record as that was when the note was
written (`there`). If the record has changed since, an Etherpad has written to it, and `standing`
says which parts of the note still hold.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from padfleet.shared.cold.etherpad.table import MOST_ROW, NO_TEXT, TOO_LONG
from padfleet.shared.cold.pads import ColdHead, Mark
from padfleet.shared.log import births
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS
from padfleet.shared.log.records import Revision, pack, unpack
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import is_long, loads

FORM = 1

LONG = 1 << 15
"""Rows of more characters than this are read in a thread, and in pieces."""

MOST_VALUES = 2_000_000
"""The maximum number of values in one row. An attribute of a pad's pool has three."""

_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def note_key(pad_id: str) -> str:
    return f"padfleet:{pad_id}"


def digest_of(value: str) -> str:
    """Returns the digest of a row, which databases can compute in the same way."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class HistoryPlace:
    """The state of a history just before one of its revisions."""

    rev: int
    time: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Everything that a pad needs, besides its records, to be what it was in Redis."""

    there: str  #: `digest_of` the pad's record to which this note belongs
    last: (
        str  #: `digest_of` the record of the head, which shows whether a longer history contains it
    )
    epoch: int
    head: int
    chain: bytes
    time: int
    mark: Mark = "frozen"
    edition: int = 0
    written: int = 0
    change: str = ""  #: unique to each change
    birth: int | None = None  #: the birth in the first revision, if a fleet has begun the history
    chat: int = -1  #: the number of the newest message, as a fleet counts
    chat_offset: int = 0  #: what the records' numbers exceed it by, where messages are missing
    plain: bool = True
    """Whether the records need no repair, so that reading may begin at a key revision."""
    places: tuple[
        HistoryPlace, ...
    ] = ()  #: the states before each revision that begins a chunk, from the second chunk on
    salvaged: str = ""  #: why only the present text is shown and nothing is ever written
    creator: str = ""
    sessions: int = 0
    reigns: str = ""
    fences: dict[str, int] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    more: dict[str, bytes] = field(default_factory=dict)
    submitted: dict[str, tuple[int, int]] = field(default_factory=dict)  #: `Snapshot.sessions`

    def to_text(self) -> str:
        """Returns the note as ASCII text, like all that a fleet writes here."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values["places"] = [(place.rev, place.time, place.chain) for place in self.places]
        # The fields that people look for are readable; the rest is only for padfleet.
        shown = {name: values.pop(name) for name in ("epoch", "head", "mark", "salvaged")}
        data = base64.b64encode(pack(values)).decode()
        return ascii_json({"form": FORM, **shown, "there": self.there, "data": data})

    @classmethod
    def from_text(cls, text: str | None) -> "Note | None":
        """Reads a note. Returns None if there is no such record, or it is not valid: the pad is
        then treated as one that no fleet has had."""
        if text is None:
            return None
        try:
            found = loads(text)
            if found["form"] != FORM:
                return None
            values = unpack(base64.b64decode(found["data"]))
            values["places"] = tuple(HistoryPlace(*place) for place in values["places"])
            values["submitted"] = {s: (n, time) for s, (n, time) in values["submitted"].items()}
            shown = {name: found[name] for name in ("epoch", "head", "mark", "salvaged")}
            if not all(type(shown[name]) is int for name in ("epoch", "head")):
                return None
            return cls(**values, **shown)
        except (ValueError, TypeError, LookupError):
            return None

    def at(self, digest: str) -> "ColdHead":
        """Returns where the pad stands. `digest` is that of the pad's present record."""
        return ColdHead(
            self.epoch,
            self.head,
            self.chain,
            self.mark,
            self.edition,
            self.written,
            version_of(self.change, digest),
        )

    def changed(self, **values: Any) -> "Note":
        """Returns the note with these values, and with a new `change`."""
        return replace(self, change=secrets.token_hex(8), **values)


def version_of(change: str, digest: str) -> str:
    """Returns the version of a pad. It differs after each change, whether a fleet or an Etherpad
    made it."""
    return f"{change}.{digest[:32]}"


def ascii_json(value: Any) -> str:
    """Returns JSON in ASCII: every reader gets the same value, and every character set has it. A
    long value is written in pieces, between which other threads run."""
    return "".join(_ENCODER.iterencode(value)) if is_long(value) else _ENCODER.encode(value)


def value_of(raw: str | None) -> Any:
    """Returns the value in a row, or None if the row is missing or cannot be read. It is for
    callers that can do without the value."""
    try:
        return read_row(raw) if raw is not None else None
    except ValueError:
        return None


def read_row(raw: str) -> Any:
    """Returns the value in a row. A `LONG` one is to be read in a thread, and lets others run
    meanwhile. Raises ValueError."""
    if raw == TOO_LONG:
        raise ValueError(f"it has more than {MOST_ROW:,} bytes")
    if raw == NO_TEXT:
        raise ValueError("it is not UTF-8")
    return loads(raw, most=MOST_VALUES, in_pieces=len(raw) > LONG)


def is_changeable(raw: str | None) -> bool:
    """Returns whether a row is missing, or is the object that it should be. Any other one stays as
    it is, since what is in it would be lost."""
    return raw is None or isinstance(value_of(raw), dict)


async def values_of(raws: Sequence[str | None]) -> list[Any]:
    """Returns `value_of` each row, and reads them in a thread if they are long."""
    long = sum(len(raw) for raw in raws if raw is not None) > LONG
    return await aside(long, lambda: [value_of(raw) for raw in raws])


Standing = Literal["same", "longer", "other"]


def standing(note: Note | None, digest: str, *, head: int, last: str | None) -> Standing:
    """Says which parts of the note still hold. ``longer`` means that an Etherpad has continued the
    history that the note describes; ``other`` means that there is another history, or one that no
    fleet has had.

    Arguments:
        digest: the digest of the pad's record.
        head: the head that the record names; -1 if it says nothing of use.
        last: `digest_of` the record of the note's head; None if there is none.
    """
    if note is None:
        return "other"
    if note.there == digest:
        return "same"
    if not note.salvaged and last == note.last and head >= note.head:
        return "longer"
    return "other"


def epoch_of(note: Note | None, time: int, digest: str) -> int:
    """Returns the epoch of a history that no fleet has had: it is always the same for the same
    records, and is not one that the pad has had before. `time` is that of the head, in ms since
    1970."""
    born = births.at(time, int(digest[:8], 16) % (1 << births.RANDOM_BITS))
    return max(born, note.epoch + 1) if note is not None else max(born, 1)


def places_after(places: tuple[HistoryPlace, ...], revision: Revision) -> tuple[HistoryPlace, ...]:
    """Returns the places after this revision, which is the next one of the history."""
    following = revision.rev + 1
    if following % CHUNK_REVISIONS:
        return places
    return (*places, HistoryPlace(following, revision.time, revision.chain))
