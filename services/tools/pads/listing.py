"""What is said of pads, one by one."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

from padfleet.shared.batches import batches
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.history import read_meta
from padfleet.shared.log.inventory import pad_ids
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.several import count_sessions
from padfleet.shared.log.weight import weight
from padfleet.shared.tasks import all_of

PAGE = 100
"""Pads that are looked at side by side, as many at once as `Redis.few` lets through."""


class PadFacts(NamedTuple):
    """A pad, from afar."""

    pad: str
    head: int  #: its newest revision
    edited: float  #: when that came, Unix seconds
    bytes: int  #: from which the newest text is read: the snapshot and the revisions since
    sessions: int  #: that are on it
    creator: str
    read_only_id: str | None  #: None: nobody has asked for one yet

    @property
    def edited_at(self) -> str:
        """The time of the last edit in the form of RFC 3339, in UTC."""
        return datetime.fromtimestamp(self.edited, UTC).isoformat(timespec="seconds")[:19] + "Z"


class UnreadablePad(NamedTuple):
    """A pad of which nothing can be said."""

    why: str


class Wanted(NamedTuple):
    """Which pads are listed. Pure."""

    match: str = "*"  #: a pattern of names, as a shell has it
    unused_since: float | None = None  #: edited before this, Unix seconds, and nobody is on it
    only_open: bool = False  #: somebody is on it

    def takes(self, facts: PadFacts) -> bool:
        if self.only_open and not facts.sessions:
            return False
        return self.unused_since is None or (
            facts.edited < self.unused_since and not facts.sessions
        )

    def takes_name(self, pad: str) -> bool:
        """What can be told before anything is read."""
        return fnmatchcase(pad, self.match)


async def facts_of(redis: Redis, keyspace: Keyspace, pad: str) -> PadFacts | None:
    """None: there is no such pad. Raises `CorruptPad`, or what `UNREACHABLE` lists."""
    keys = keyspace.pad(pad)
    meta = await read_meta(redis, keys)
    if not meta.exists:
        return None
    (sessions,) = await count_sessions(redis, [keys])
    size = await weight(redis, keys)
    return PadFacts(
        pad, meta.head, meta.time / 1000, size, sessions, meta.creator, meta.read_only_id
    )


async def listed(
    redis: Redis, keyspace: Keyspace, wanted: Wanted
) -> AsyncGenerator[PadFacts | UnreadablePad, None]:
    """Some at a time, in no order, and none is kept; of one that cannot be read, why."""
    names = (pad async for pad in pad_ids(redis, keyspace) if wanted.takes_name(pad))
    async for page in batches(names, PAGE):
        for facts in await all_of(*(_facts_or_fault(redis, keyspace, pad) for pad in page)):
            if isinstance(facts, UnreadablePad) or (facts is not None and wanted.takes(facts)):
                yield facts


async def _facts_or_fault(
    redis: Redis, keyspace: Keyspace, pad: str
) -> PadFacts | UnreadablePad | None:
    async with redis.few:
        try:
            return await facts_of(redis, keyspace, pad)
        except CorruptPad as error:
            return UnreadablePad(str(error))
