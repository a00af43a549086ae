"""What is said of pads, one by one."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from padfleet.shared.batches import batches
from padfleet.shared.cold.catalogue import WherePad, all_pads
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import count_sessions
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.history import PadMeta, read_meta_here, read_snapshot
from padfleet.shared.log.pad.weight import weight
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
    place: Literal["hot", "cold"] = "hot"  #: in Redis, or in the cold store
    authors: int = 0  #: whose text there is; of a hot pad, as of its newest snapshot
    opened: float = 0.0
    """Not after this time, Unix seconds, it was in Redis last; 0: it is, or nobody knows."""

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
    place: Literal["hot", "cold", "any"] = "any"

    def takes(self, facts: PadFacts) -> bool:
        if self.only_open and not facts.sessions:
            return False
        used = max(facts.edited, facts.opened)
        return self.unused_since is None or (used < self.unused_since and not facts.sessions)

    def takes_place(self, where: WherePad) -> bool:
        """What can be told before anything is read of the pad."""
        if self.only_open and not where.hot:
            return False
        return self.place in ("any", "hot" if where.hot else "cold")


async def facts_of(
    redis: Redis, keyspace: Keyspace, cold: ColdPads | None, pad: str, *, authors: bool = True
) -> PadFacts | None:
    """None: there is no such pad. It stays where it is. Without `authors`, those of a pad in Redis
    are not counted, for which its snapshot has to be read. Raises `CorruptPad`, or what
    `UNREACHABLE` lists."""
    keys = keyspace.pad(pad)
    meta = await read_meta_here(redis, keys)
    if meta.exists:
        return await _hot_facts(redis, keys, meta, authors=authors)
    # What the cold store still has of a pad that was deleted goes as well, a moment later.
    return None if meta.is_here or cold is None else await _cold_facts(cold, pad)


async def _hot_facts(redis: Redis, keys: PadKeys, meta: PadMeta, *, authors: bool) -> PadFacts:
    (sessions,) = await count_sessions(redis, [keys])
    size = await weight(redis, keys)
    snapshot = await read_snapshot(redis, keys) if authors else None
    found = {value for key, value in snapshot.pool if key == "author"} if snapshot else ()
    return PadFacts(
        keys.pad_id,
        meta.head,
        meta.time / 1000,
        size,
        sessions,
        meta.creator,
        meta.read_only_id,
        "hot",
        len(found),
    )


async def _cold_facts(cold: ColdPads, pad: str) -> PadFacts | None:
    found = await cold.glance(pad)
    if found is None:
        return None
    told = found.pad
    return PadFacts(
        pad,
        found.head.head,
        told.time / 1000,
        found.bytes,
        0,
        told.creator,
        told.read_only_id,
        "cold",
        found.authors,
        found.head.written / 1000,
    )


async def listed(
    redis: Redis, keyspace: Keyspace, cold: ColdPads | None, wanted: Wanted
) -> AsyncGenerator[PadFacts | UnreadablePad, None]:
    """Some at a time, in no order, and none is kept; of one that cannot be read, why."""
    async with aclosing(all_pads(redis, keyspace, cold, wanted.match)) as pads:
        names = (where.pad async for where in pads if wanted.takes_place(where))
        async for page in batches(names, PAGE):
            for facts in await all_of(
                *(facts_or_fault(redis, keyspace, cold, pad) for pad in page)
            ):
                if isinstance(facts, UnreadablePad) or (facts is not None and wanted.takes(facts)):
                    yield facts


async def facts_or_fault(
    redis: Redis, keyspace: Keyspace, cold: ColdPads | None, pad: str, *, authors: bool = True
) -> PadFacts | UnreadablePad | None:
    """As `facts_of`, for who looks at many pads side by side; of one that cannot be read, why."""
    async with redis.few:
        try:
            return await facts_of(redis, keyspace, cold, pad, authors=authors)
        except CorruptPad as error:
            return UnreadablePad(str(error))
