"""This module defines what workers put into an inbox, as values, and how the values are encoded in
bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgpack

from padfleet.shared.log.records import Origin, pack, unpack

LONG = 100_000
"""Code units of text that are encoded at once: a millisecond or so."""


@dataclass(slots=True)
class Submission:
    """A USER_CHANGES on its way to the writer. It must not be changed. (It is not frozen, because
    making a frozen object takes seven times as long, and each edit needs two.)"""

    pad: str
    origin: Origin
    order: int  #: the number of the session among the pad's sessions, counted from 1
    epoch: int  #: that of the history that the session has joined
    author: str
    base_rev: int
    changeset: str
    pool: dict[str, Any]  #: the changeset's attributes, as the client sent them
    reign: str = ""
    """The reign under which the session is known to share the pad's history (see `reigns`). If it
    is empty, base_rev belongs to the present history in any case."""
    for_others: bool = False
    """Whether the text may be attributed to any author, including the system. Only the worker
    itself makes such a submission, for a caller of the HTTP API."""


@dataclass(frozen=True, slots=True)
class Fence:
    """An entry after which nothing submitted by an earlier session of this author is accepted.

    A client that reconnects sends what was in flight again, joined with what was typed since. So
    its old submission must either be in the history that it resumes from, or never become part of
    it.
    """

    pad: str
    origin: Origin
    order: int
    author: str


OPENS = "opens-"
"""The prefix of the session of a `Creation` whose pad is removed if nobody ever writes in it; see
`unwritten`."""


@dataclass(frozen=True, slots=True)
class Creation:
    """An entry that makes the pad with its first text, unless the pad exists."""

    pad: str
    origin: Origin
    author: str
    text: str
    wrote_it: bool = False  #: whether the text is the author's, and not a default text

    @property
    def by_opening(self) -> bool:
        """Whether the pad is made by opening it, and is only wanted once somebody has written in
        it."""
        return self.origin.session.startswith(OPENS)


@dataclass(frozen=True, slots=True)
class Deletion:
    """An entry that deletes the pad, if this author made it."""

    pad: str
    origin: Origin
    author: str
    allowed: bool = False
    """Whether the pad may be deleted whoever the author is: the worker has checked a right that the
    writer does not know of, such as the pad's deletion token."""
    only_at: int | None = None
    """The head that the pad must have, so that nothing is deleted that the sender has not seen;
    None for any. (Earlier releases do not know this field: their writers park an entry that has
    it.)"""


Entry = Submission | Fence | Creation | Deletion

_KINDS: dict[str, type[Entry]] = {"c": Submission, "f": Fence, "n": Creation, "d": Deletion}
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}


def encode_entry(entry: Entry) -> bytes:
    values = [getattr(entry, name) for name in entry.__slots__]
    if isinstance(entry, Deletion) and entry.only_at is None:
        values.pop()  # older writers read it as long as it asks for nothing that they do not know
    values = [_LETTERS[type(entry)], *values]
    if takes_long(entry):
        header = msgpack.Packer().pack_array_header(len(values))
        return header + b"".join(part for value in values for part in _packed_in_pieces(value))
    return pack(values)


def takes_long(entry: Entry) -> bool:
    """Returns whether it takes more than some milliseconds to encode the entry. `encode_entry` then
    lets other threads run after each part of the text."""
    match entry:
        case Submission():
            return len(entry.changeset) > LONG
        case Creation():
            return len(entry.text) > LONG
        case _:
            return False


def _packed_in_pieces(value: Any) -> Iterator[bytes]:
    if not isinstance(value, str) or len(value) <= LONG:
        yield pack(value)
        return
    pieces = [
        value[start : start + LONG].encode("utf-8", "surrogatepass")
        for start in range(0, len(value), LONG)
    ]
    yield b"\xdb" + sum(map(len, pieces)).to_bytes(4, "big")  # str 32, as msgpack calls it
    yield from pieces


def fence_around_order(fence: Fence) -> tuple[bytes, bytes]:
    """Returns what `encode_entry` produces before and after the order: the script that gives a
    session its order also puts the fence into the inbox."""
    values = [_LETTERS[Fence], *(getattr(fence, name) for name in Fence.__slots__)]
    at = 1 + Fence.__slots__.index("order")
    header = msgpack.Packer().pack_array_header(len(values))
    return header + b"".join(map(pack, values[:at])), b"".join(map(pack, values[at + 1 :]))


def decode_entry(data: bytes) -> Entry:
    letter, *values = unpack(data)
    pad, origin, *rest = values
    return _KINDS[letter](pad, Origin(*origin), *rest)
