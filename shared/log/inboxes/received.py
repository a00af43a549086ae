"""This module decodes what is read from an inbox: entries, names of larger entries that are stored
beside it, and what cannot be read. It is pure.

An entry of the stream has one field: ``e``, the entry, or ``s``, which says where a larger one is
stored. Anything else, from an older or newer version or from anybody, becomes an `UnreadEntry`: it
must not stop the entries after it.
"""

from typing import Any, Literal, NamedTuple

import msgpack

from padfleet.shared.easysync.utf16 import UNITS
from padfleet.shared.log.entries import Entry, decode_entry
from padfleet.shared.log.inboxes.limits import LARGEST_BYTES, PART_BYTES
from padfleet.shared.log.records import Origin, pack, unpack

START_BYTES = 1024
"""How many bytes of an unreadable entry are kept: enough to see whose it is."""

Reason = Literal["form", "malformed", "too large", "expired", "partition"]


class Staged(NamedTuple):
    """An entry that is too large for the inbox, and is stored beside it in parts."""

    pad: str
    origin: Origin
    token: str  #: names the key with the parts
    parts: int
    size: int  #: bytes


class UnreadEntry(NamedTuple):
    """An entry of an inbox that cannot be read."""

    reason: Reason
    detail: str
    size: int  #: bytes
    pad: str | None  #: the pad's id, as far as it can be recognised
    origin: Origin | None
    start: bytes = b""


class Received(NamedTuple):
    """An entry, and the stream ID that gives its place in the inbox."""

    id: str
    entry: Entry | Staged | None  #: None if it cannot be read, see `unread`
    unread: UnreadEntry | None = None

    @property
    def pad(self) -> str | None:
        if self.entry is not None:
            return self.entry.pad
        return self.unread.pad if self.unread is not None else None


class UnreadableEntry(Exception):
    """Says why an entry cannot be read, for an `UnreadEntry`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason


def encode_staged(staged: Staged) -> bytes:
    return pack(tuple(staged))


def receive(entry_id: bytes, fields: dict[bytes, bytes]) -> Received:
    """Decodes an entry of an inbox, or says why it cannot be read. Never raises."""
    name = entry_id.decode()
    try:
        if b"e" in fields:
            return Received(name, decode(fields[b"e"]))
        if b"s" in fields:
            return Received(name, _staged(fields[b"s"]))
        raise UnreadableEntry(
            "form", f"it has the fields {sorted(fields)[:5]}, and none that is known"
        )
    except UnreadableEntry as error:
        size = sum(map(len, fields.values()))
        start = next(iter(fields.values()), b"")[:START_BYTES]
        return Received(name, None, unread(error.reason, str(error), size, start))


def decode(data: bytes) -> Entry:
    """Decodes an entry. Raises `UnreadableEntry`."""
    if len(data) > LARGEST_BYTES:
        raise UnreadableEntry(
            "too large", f"it takes {len(data):,} bytes, of {LARGEST_BYTES:,} at most"
        )
    try:
        entry = decode_entry(data)
        pad, session, seq = _any(entry.pad), _any(entry.origin.session), _any(entry.origin.seq)
        if not (isinstance(pad, str) and isinstance(session, str) and type(seq) is int):
            raise TypeError("it names no pad, or no session")
        return entry
    except KeyError as error:
        raise UnreadableEntry("form", f"it is of the unknown kind {error}") from error
    except Exception as error:
        # Anybody may have put anything into the inbox.
        raise UnreadableEntry("malformed", f"{type(error).__name__}: {error}") from error


def _any(value: Any) -> Any:
    """Returns the value without its type, since what was decoded may be of another type than
    declared."""
    return value


def _staged(data: bytes) -> Staged:
    try:
        pad, (session, seq), token, parts, size = unpack(data)
        staged = Staged(pad, Origin(session, seq), token, parts, size)
        if not (isinstance(pad, str) and isinstance(session, str) and type(seq) is int):
            raise TypeError("it names no pad, or no session")
        if not (isinstance(token, str) and token.isalnum()):
            raise TypeError("it does not say where it stands")
        if not 0 < size <= LARGEST_BYTES or parts != -(-size // PART_BYTES):
            raise ValueError(f"{size} bytes in {parts} parts")
        return staged
    except Exception as error:
        raise UnreadableEntry("malformed", f"{type(error).__name__}: {error}") from error


def unread(reason: Reason, detail: str, size: int, start: bytes) -> UnreadEntry:
    """Makes the description of an unreadable entry. `start` holds the first bytes of the entry."""
    pad, origin = _whose(start)
    return UnreadEntry(reason, detail, size, pad, origin, start)


def _whose(start: bytes) -> tuple[str | None, Origin | None]:
    """Returns the pad and the origin, which come first in every form of entry that there has
    been."""
    try:
        unpacker = msgpack.Unpacker(unicode_errors=UNITS)
        unpacker.feed(start)
        unpacker.read_array_header()
        first: Any = unpacker.unpack()
        # The letter of the entry's kind comes first, unless the field itself says the kind.
        pad: Any = unpacker.unpack() if isinstance(first, str) and len(first) == 1 else first
        session, seq = unpacker.unpack()
        if isinstance(pad, str) and isinstance(session, str) and type(seq) is int:
            return pad, Origin(session, seq)
    except Exception:
        # Only unreadable entries get here.
        return None, None
    return None, None
