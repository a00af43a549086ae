"""This module stores saved revisions: the moments of a pad that somebody wanted to find again."""

import secrets
from collections.abc import Awaitable, Iterable
from typing import NamedTuple, cast

from padfleet.shared import bounds
from padfleet.shared.bounds import MOST_SAVED as MOST_SAVED
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.chat import NoPad
from padfleet.shared.log.people import visitors
from padfleet.shared.log.records import pack, unpack


class NotSaved(Exception):
    """Says that the revision cannot be saved; the text says why."""


class SavedRevision(NamedTuple):
    rev: int
    author: str  #: who saved it
    label: str
    time: int  #: when it was saved, in ms since 1970
    id: str

    def to_record(self) -> bytes:
        return pack(self)

    @classmethod
    def from_record(cls, record: bytes) -> "SavedRevision":
        """Decodes a record. Raises ValueError or TypeError for anything else."""
        rev, author, label, time, name = unpack(record)
        number = bounds.number_of(rev)
        if number is None:
            raise ValueError("a saved revision without its number")
        return cls(
            number,
            author if bounds.is_author_id(author) else "",
            bounds.label_of(label, number),
            bounds.moment(time),
            bounds.label_of(name, number),
        )


async def save_revision(
    redis: Redis, keys: PadKeys, rev: int, author: str, label: str, now_ms: int
) -> SavedRevision | None:
    """Saves a revision, and announces it to all workers. Returns None if it was saved already.

    An empty label becomes "Revision <rev>". Raises `NoPad`; `NotSaved` if the pad does not have the
    revision, or has too many saved ones; or what `UNREACHABLE` lists.
    """
    saved = SavedRevision(rev, author, bounds.label_of(label, rev), now_ms, secrets.token_hex(10))
    record = saved.to_record()
    reply: bytes = await scripts.SAVED(
        redis.client, [keys.saved, keys.meta], [keys.channel, rev, record, MOST_SAVED]
    )
    match reply:
        case b"saved":
            await visitors.keep(redis, [author])
            return saved
        case b"nopad":
            raise NoPad("there is no pad to save a revision of")
        case b"norev":
            raise NotSaved(f"the pad has no revision {rev} yet")
        case b"full":
            raise NotSaved(f"the pad has {MOST_SAVED} saved revisions, which is the limit")
    # The same record is there if an earlier attempt stored it and its answer was lost.
    return saved if reply == record else None


async def read_saved(redis: Redis, keys: PadKeys) -> list[SavedRevision]:
    """Returns all saved revisions, in the order in which they were saved."""
    reply = redis.client.lrange(keys.saved, 0, -1)
    records = await cast("Awaitable[list[bytes]]", reply)
    return readable(records)


def readable(records: Iterable[bytes]) -> list[SavedRevision]:
    """Decodes those records that can be decoded: what somebody else has put there must not keep a
    pad from opening."""
    found = []
    for record in records:
        try:
            found.append(SavedRevision.from_record(record))
        except (ValueError, TypeError):
            continue
    return found
