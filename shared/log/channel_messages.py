"""This module defines what the workers of a pad are told on its channel of its revisions and of the
people on it, as values, and how the values are encoded in bytes. (`pad.announcements` has what they
tell each other besides.)"""

from collections.abc import Iterable
from typing import NamedTuple

import msgpack

from padfleet.shared.easysync.utf16 import UNITS
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.log.records import Origin, Revision, pack, unpack


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
            return decode_committed(data)
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


def decode_committed(data: bytes) -> Committed:
    """Decodes a `Committed` message, whose first byte is ``R``."""
    unpacker = msgpack.Unpacker(unicode_errors=UNITS, max_buffer_size=0)
    unpacker.feed(memoryview(data)[1:])
    epoch, reign, rev, outcomes = unpacker.unpack()
    revisions = []
    for fields in unpacker:
        revisions.append(Revision.from_fields(rev, fields))
        rev += 1
    if outcomes:
        outcomes = [Outcome(Origin(*origin), *rest) for origin, *rest in outcomes]
    return Committed(epoch, reign, revisions, outcomes)


def encode_user_info(info: UserInfo) -> bytes:
    return b"U" + pack(info)
