"""This module defines what is stored of a pad's history, as values, and how the values are encoded
in bytes.

Everything is msgpack. Texts are code-unit strings and may hold lone surrogates, which strict UTF-8
refuses; that is why they are encoded with `surrogatepass`. `UNITS` decodes the result.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

import msgpack

from padfleet.shared.easysync.utf16 import UNITS

Pool = list[tuple[str, str]]
"""An attribute pool: the attributes in the order of their numbers."""


KEPT_BYTES = 1 << 20
"""The longest value after which a packer is used again: it keeps its buffer, however long."""


class _Packers(threading.local):
    """The packer of each thread. A new one for each value takes longer than the packing; one for
    all threads would mix their values up, should one of them be interrupted while it packs."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.packer = msgpack.Packer(unicode_errors="surrogatepass", autoreset=True)


_packers = _Packers()


def pack(value: Any) -> bytes:
    packed: bytes = _packers.packer.pack(value)
    if len(packed) > KEPT_BYTES:
        _packers.renew()
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

    def follows(self, chain: bytes) -> bool:
        """Returns whether this comes next in the history with this running hash."""
        return chain_of(chain, self.wire) == self.chain

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


def chain_of(before: bytes, wire: bytes) -> bytes:
    """Returns the running hash over a history after one more revision."""
    return blake2b(before + wire, digest_size=16).digest()


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
