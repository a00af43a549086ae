"""This module defines what is stored and published, as values, and how the values are encoded in
bytes.

Everything is msgpack. Texts are code-unit strings and may hold lone surrogates, which strict UTF-8
refuses; that is why they are encoded with `surrogatepass`. `UNITS` decodes the result.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgpack

from padfleet.shared.easysync.utf16 import UNITS

LONG = 100_000
"""Code units of text that are encoded at once: a millisecond or so."""

Pool = list[tuple[str, str]]
"""An attribute pool: the attributes in the order of their numbers."""


def pack(value: Any) -> bytes:
    packed: bytes = msgpack.packb(value, unicode_errors="surrogatepass")
    return packed


def unpack(data: bytes) -> Any:
    return msgpack.unpackb(data, unicode_errors=UNITS)


class Origin(NamedTuple):
    """The name of the submission that a revision or a refusal answers.

    `seq` counts the submissions of a session from 1. Session and `seq` together name a submission
    permanently, which is how a repeated XADD is distinguished from a second submission (I2).
    """

    session: str
    seq: int


class Revision(NamedTuple):
    """A revision as it is stored in the stream."""

    rev: int
    author: str
    time: int  #: ms since 1970, never less than that of the revision before
    #: None if it is not from a session (the first revision, marker corrections)
    origin: Origin | None
    chain: bytes  #: running hash over the history up to this revision, 16 bytes
    wire: bytes  #: the `data` object of NEW_CHANGES, JSON in UTF-8, encoded once by the writer

    def to_record(self) -> bytes:
        session, seq = self.origin or ("", 0)
        return pack((self.author, self.time, session, seq, self.chain, self.wire))

    @classmethod
    def from_fields(cls, rev: int, fields: Sequence[Any]) -> "Revision":
        author, time, session, seq, chain, wire = fields
        return cls(rev, author, time, Origin(session, seq) if session else None, chain, wire)

    @classmethod
    def from_record(cls, rev: int, record: bytes) -> "Revision":
        return cls.from_fields(rev, unpack(record))


# --- Inbox entries -------------------------------------------------------------------------------


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
    """Whether it takes more than some milliseconds to encode the entry. `encode_entry` then lets
    other threads run after each part of the text."""
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


# --- Channel messages ----------------------------------------------------------------------------


CREATED = "created"
"""The reason in the outcome of the `Creation` that has made the pad."""


OVERTAKEN = "overtaken"
"""The reason for refusing a `Deletion` that was meant for another revision."""


AWAY = "away"
"""The reason for refusing an entry whose pad was unavailable at that moment. The sender may try
again."""

REJECTED = "rejected"
"""The reason for refusing a submission that is based on a revision which no longer exists.
Etherpad's page then asks the user to reload."""


class Outcome(NamedTuple):
    """What became of an inbox entry that made no revision.

    The kinds are: ``accepted``, at `rev`, without changing the pad; ``refused``, where `reason` is
    what Etherpad puts into `disconnect`, and `detail` is for the log; ``superseded``, because a
    later session of the author has taken over; and ``done``, which means that a fence, creation or
    deletion has been carried out.
    """

    origin: Origin
    kind: Literal["accepted", "refused", "superseded", "done"]
    rev: int
    reason: str = ""
    detail: str = ""


class Member(NamedTuple):
    """A session on a pad, as the other workers know it."""

    session: str
    author: str
    worker: str
    name: str | None
    color: int | str
    embedded: bool  #: whether it is the history iframe of a page, which shares the page's author
    read_only: bool


class Committed(NamedTuple):
    """Revisions that have just been committed (possibly none), and outcomes; both belong to
    `epoch`."""

    epoch: int
    reign: str  #: the reign under which they were committed
    revisions: list[Revision]
    outcomes: list[Outcome]


class Joined(NamedTuple):
    order: int
    member: Member


class Left(NamedTuple):
    session: str
    author: str
    color: int | str


class UserInfo(NamedTuple):
    """An author's change of name or colour; `session` is where the change was made."""

    session: str
    author: str
    name: str | None
    color: int | str


class Deleted(NamedTuple):
    epoch: int  #: the one that begins


class Unsettled(NamedTuple):
    """A message that there may have been a commit that nobody was told of, or that came to
    nothing."""


class Replaced(NamedTuple):
    """A message that another history has replaced the pad's."""

    epoch: int  #: the one that begins


ChannelMessage = Committed | Joined | Left | UserInfo | Deleted | Unsettled | Replaced


def committed_header(epoch: int, reign: str, first_rev: int, outcomes: Iterable[Outcome]) -> bytes:
    """Returns the part of a `Committed` message before the records, which commit.lua appends."""
    return pack((epoch, reign, first_rev, [tuple(outcome) for outcome in outcomes]))


UNSETTLED = b"A"
"""The encoded form of an `Unsettled` message."""


def decode_message(data: bytes) -> ChannelMessage:
    """Decodes a message, whose first byte says which one it is. Raises ValueError if the first byte
    is unknown."""
    match data[:1]:
        case b"R":
            unpacker = msgpack.Unpacker(unicode_errors=UNITS, max_buffer_size=0)
            unpacker.feed(memoryview(data)[1:])
            epoch, reign, rev, outcomes = unpacker.unpack()
            revisions = [Revision.from_fields(rev + i, f) for i, f in enumerate(unpacker)]
            return Committed(
                epoch, reign, revisions, [Outcome(Origin(*o), *rest) for o, *rest in outcomes]
            )
        case b"J":
            order, _, record = data[1:].partition(b" ")
            return Joined(int(order), Member(*unpack(record)))
        case b"L":
            return Left(*unpack(data[1:]))
        case b"U":
            return UserInfo(*unpack(data[1:]))
        case b"D":
            return Deleted(int(data[1:]))
        case b"A":
            return Unsettled()
        case b"N":
            return Replaced(int(data[1:]))
    raise ValueError(f"unknown channel message {data[:1]!r}")


def encode_user_info(info: UserInfo) -> bytes:
    return b"U" + pack(info)


# --- Snapshots -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pad at one revision, with everything that is needed to continue without anything older."""

    rev: int
    epoch: int
    text: str
    attribs: str
    pool: Pool
    time: int
    chain: bytes
    sessions: dict[str, tuple[int, int]]
    """For each recent session, the highest `seq` seen, and when it was seen, in ms. With this,
    repeated submissions are recognised even after the writer has changed."""

    def to_bytes(self) -> bytes:
        return pack([getattr(self, name) for name in self.__slots__])

    @staticmethod
    def rev_of(data: bytes) -> int:
        """Returns the snapshot's revision without decoding the rest. Raises ValueError for anything
        that is not a snapshot."""
        unpacker = msgpack.Unpacker(unicode_errors=UNITS, max_buffer_size=0)
        unpacker.feed(data)
        unpacker.read_array_header()
        if type(rev := unpacker.unpack()) is not int:
            raise ValueError("a snapshot without its revision")
        return rev

    @classmethod
    def from_bytes(cls, data: bytes) -> "Snapshot":
        snapshot = dict(zip(cls.__slots__, unpack(data), strict=True))
        snapshot["pool"] = [(key, value) for key, value in snapshot["pool"]]
        snapshot["sessions"] = {s: (seq, time) for s, (seq, time) in snapshot["sessions"].items()}
        return cls(**snapshot)
