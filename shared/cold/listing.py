"""This module gathers what is listed about each pad, whether it is in Redis or in the cold store.

To list more, add a field to `PadFacts`. The page `/fleet/pads` is sent all of them.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from padfleet.shared.batches import batches
from padfleet.shared.cold.catalogue import WherePad, all_pads
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.went_back import StoreWentBack, witness_against
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import count_sessions
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.history import read_snapshot
from padfleet.shared.log.pad.meta import PadMeta, read_meta_here
from padfleet.shared.log.pad.moving import whereabouts
from padfleet.shared.log.pad.weight import weight
from padfleet.shared.tasks import all_of

PAGE = 100
"""How many pads are looked at side by side; `Redis.few` limits how many of them at once."""


class PadFacts(NamedTuple):
    """What a list says about a pad."""

    pad: str
    head: int  #: the number of its newest revision
    edited: float  #: when the newest revision was made, in Unix seconds
    #: the size of the snapshot and the later revisions, from which the newest text is read
    bytes: int
    sessions: int  #: how many sessions are on the pad
    creator: str
    read_only_id: str | None  #: None if nobody has asked for one yet
    place: Literal["hot", "cold"] = "hot"  #: in Redis, or in the cold store
    authors: int = 0  #: how many wrote the text; for a hot pad, the text of its newest snapshot
    opened: float = 0.0
    """The pad was last in Redis at this time or earlier, in Unix seconds. 0 means that it is there
    now, or that this is unknown."""

    @property
    def edited_at(self) -> str:
        """The time of the last edit in the form of RFC 3339, in UTC."""
        return datetime.fromtimestamp(self.edited, UTC).isoformat(timespec="seconds")[:19] + "Z"


class UnreadablePad(NamedTuple):
    """A pad that cannot be read, and the reason."""

    why: str


class Wanted(NamedTuple):
    """Says which pads are listed. This class is pure."""

    match: str = "*"  #: a pattern for names, as in a shell
    #: only pads without anybody on them that were last edited before this, in Unix seconds
    unused_since: float | None = None
    only_open: bool = False  #: only pads that somebody is on
    place: Literal["hot", "cold", "any"] = "any"

    def takes(self, facts: PadFacts) -> bool:
        if self.only_open and not facts.sessions:
            return False
        used = max(facts.edited, facts.opened)
        return self.unused_since is None or (used < self.unused_since and not facts.sessions)

    def takes_place(self, where: WherePad) -> bool:
        """Returns whether a pad may be wanted, as far as its place alone can tell."""
        if self.only_open and not where.hot:
            return False
        return self.place in ("any", "hot" if where.hot else "cold")


async def facts_of(
    redis: Redis, keyspace: Keyspace, cold: ColdPads | None, pad: str, *, authors: bool = True
) -> PadFacts | None:
    """Returns the facts about a pad, or None if there is no such pad. The pad stays where it is.

    Arguments:
        authors: whether the authors of a pad in Redis are counted, which takes reading its
            snapshot.

    Raises `CorruptPad`, or what `UNREACHABLE` lists.
    """
    keys = keyspace.pad(pad)
    meta = await read_meta_here(redis, keys)
    if meta.exists:
        return await _hot_facts(redis, keys, meta, authors=authors)
    # What the cold store still has of a deleted pad will be removed as well, a moment later.
    if meta.is_here or cold is None:
        return None
    return await _cold_facts(redis, keyspace, cold, keys)


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


async def _cold_facts(
    redis: Redis, keyspace: Keyspace, cold: ColdPads, keys: PadKeys
) -> PadFacts | None:
    pad = keys.pad_id
    here = await whereabouts(redis, keyspace, keys)
    found = await cold.glance(pad)
    head = found.head if found is not None else None
    if (had := await witness_against(redis, keyspace, cold, keys, here, head)) is not None:
        raise StoreWentBack(pad, had, head)
    if found is None:
        return None
    pad_head = found.pad
    return PadFacts(
        pad,
        found.head.head,
        pad_head.time / 1000,
        found.bytes,
        0,
        pad_head.creator,
        pad_head.read_only_id,
        "cold",
        found.authors,
        found.head.written / 1000,
    )


async def listed(
    redis: Redis, keyspace: Keyspace, cold: ColdPads | None, wanted: Wanted
) -> AsyncGenerator[PadFacts | UnreadablePad, None]:
    """Yields the wanted pads in no particular order. It looks at a few pads at a time and keeps
    none. For a pad that cannot be read, it yields the reason."""
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
    """Does what `facts_of` does, for callers that look at many pads at the same time. For a pad
    that cannot be read, it returns the reason."""
    async with redis.read_limit:
        try:
            return await facts_of(redis, keyspace, cold, pad, authors=authors)
        except CorruptPad as error:
            return UnreadablePad(str(error))
