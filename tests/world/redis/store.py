"""Holds the data of a server, and copies it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

WRONG_TYPE: Final = "WRONGTYPE Operation against a key holding the wrong kind of value"

Id = tuple[int, int]
LARGEST: Final = (1 << 64) - 1
FIRST: Final[Id] = (0, 0)
LAST: Final[Id] = (LARGEST, LARGEST)


class CommandError(Exception):
    """A command failed. The text is what a client is answered, with its code and without the
    minus."""


class Stream:
    """Entries in the order of their IDs."""

    __slots__ = ("fields", "ids", "last")

    def __init__(self) -> None:
        self.ids: list[Id] = []
        self.fields: list[list[bytes]] = []
        self.last: Id = FIRST

    def copy(self) -> Stream:
        other = Stream()
        other.ids, other.fields, other.last = self.ids[:], self.fields[:], self.last
        return other

    def between(self, first: Id, last: Id) -> range:
        """Returns the places of the entries from one ID to the other, both included."""
        return range(bisect_left(self.ids, first), bisect_right(self.ids, last))

    def append(self, entry: Id, fields: list[bytes]) -> None:
        self.ids.append(entry)
        self.fields.append(fields)
        self.last = entry

    def delete(self, entry: Id) -> bool:
        at = bisect_left(self.ids, entry)
        if at == len(self.ids) or self.ids[at] != entry:
            return False
        del self.ids[at], self.fields[at]
        return True

    def drop(self, count: int) -> int:
        """Drops the oldest entries."""
        del self.ids[:count], self.fields[:count]
        return count


Hash = dict[bytes, bytes]
ZSet = dict[bytes, float]


class SortedSet:
    __slots__ = ("scores",)

    def __init__(self, scores: ZSet | None = None) -> None:
        self.scores: ZSet = {} if scores is None else scores

    def copy(self) -> SortedSet:
        return SortedSet(dict(self.scores))

    def ordered(self) -> list[tuple[float, bytes]]:
        return sorted((score, member) for member, score in self.scores.items())


Value = bytes | Hash | list[bytes] | Stream | SortedSet


class Store:
    """The keys, their values, and until when (ms of the server's clock) some of them exist."""

    def __init__(self) -> None:
        self.values: dict[bytes, Value] = {}
        self.until: dict[bytes, int] = {}

    def copy(self) -> Store:
        other = Store()
        for key, value in self.values.items():
            other.values[key] = value if isinstance(value, bytes) else value.copy()
        other.until = dict(self.until)
        return other

    def look(self, key: bytes, now_ms: int) -> Value | None:
        """Returns a value, or None if there is none or it has expired; an expired value is dropped
        when it is looked at."""
        if self.until and key in self.until and self.until[key] <= now_ms:
            self.drop(key)
        return self.values.get(key)

    def drop(self, key: bytes) -> bool:
        self.until.pop(key, None)
        return self.values.pop(key, None) is not None


def id_of(text: bytes, seq: int = 0) -> Id:
    """Parses an ID; `5` means `5-<seq>`. Raises CommandError."""
    ms, dash, rest = text.partition(b"-")
    try:
        found = (_number(ms), _number(rest) if dash else seq)
    except ValueError:
        found = (-1, -1)
    if not 0 <= found[0] <= LARGEST or not 0 <= found[1] <= LARGEST:
        raise CommandError("ERR Invalid stream ID specified as stream command argument")
    return found


def _number(text: bytes) -> int:
    if not text.isdigit():
        raise ValueError(text)
    return int(text)


def id_text(entry: Id) -> bytes:
    return b"%d-%d" % entry


def after(entry: Id) -> Id:
    return (entry[0], entry[1] + 1) if entry[1] < LARGEST else (entry[0] + 1, 0)


def before(entry: Id) -> Id:
    return (entry[0], entry[1] - 1) if entry[1] > 0 else (entry[0] - 1, LARGEST)
