"""Gives a pad a whole history again after the cold store has lost a part of it.

A pad that comes back from the cold store brings its newest snapshot along, and leaves its past
there. If the store is then put back to an older state, some revisions are nowhere. People can go
on, since the newest text is in Redis, but nobody can look at the past, and the pad cannot be copied
to the store any more. A writer does not mend that by itself: the right store may still be found,
with the revisions that are missing.
"""

import asyncio
from typing import NamedTuple

from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.reading import ColdReader
from padfleet.shared.easysync.splice import replacing
from padfleet.shared.etherpad.converting import with_authors
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import RevisionMissing
from padfleet.shared.log.form import encode_wire
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.pad.history import is_in_redis, read_snapshot
from padfleet.shared.log.pad.meta import PadMeta
from padfleet.shared.log.pad.past import whole_pages
from padfleet.shared.log.pad.rewriting import add_renumbered, put_in_place
from padfleet.shared.log.pad.saved import SavedRevision, read_saved
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.log.records import Revision, chain_of


class Mended(NamedTuple):
    """The revisions that were missing; one change stands in their place now."""

    first: int
    last: int


async def mend_past(
    redis: Redis, keyspace: Keyspace, cold: ColdPads, pad: str, meta: PadMeta
) -> Mended | None:
    """Puts one change in the place of the revisions that are missing: from the text of the last
    revision before them, which is the store's, to that of the newest snapshot. What was written
    after that snapshot stays, under other numbers.

    People who have the pad open are told to reload (I5). Returns None if nothing is missing. Raises
    `WrittenOn` if somebody writes meanwhile, `ServerMoved`, `CorruptPad` if there is no snapshot
    either, or what `UNREACHABLE` lists; nothing is changed then.

    Arguments:
        meta: that of the pad, which is in Redis.
    """
    keys = keyspace.pad(pad)
    found = await cold.read(pad)
    if found is not None and found.head.epoch != meta.epoch:
        found = None  # somebody has once written it under the same name
    known = found.head.head if found is not None else -1
    if known >= meta.head or await is_in_redis(redis, keys, known + 1):
        return None
    snapshot = await read_snapshot(redis, keys)
    if snapshot is None or snapshot.epoch != meta.epoch or not known < snapshot.rev <= meta.head:
        raise RevisionMissing(f"revision {known + 1} is missing, and no later text is stored")
    newest = Document()
    await asyncio.to_thread(newest.restore, snapshot)  # it may be as much text as a pad holds
    shift = snapshot.rev - (known + 1)
    staging = await Staging.begin(redis, keyspace, pad, head=meta.head - shift)
    try:
        if found is not None:
            async for page in whole_pages(ColdReader(redis, keys, found, cold), 0, known):
                await staging.add(page)
        bridge = await asyncio.to_thread(_bridge, staging.document, newest)
        await staging.add([bridge])
        await add_renumbered(redis, keys, staging, bridge, snapshot.rev + 1, meta.head)
        saved = _renumbered(await read_saved(redis, keys), known, snapshot.rev)
        await put_in_place(redis, keys, staging, meta, saved)
    except BaseException:
        await staging.drop()
        raise
    return Mended(known + 1, snapshot.rev)


def _bridge(before: Document, after: Document) -> Revision:
    """Returns the revision that makes the second document of the first."""
    text = before.atext.text if before.exists else "\n"
    pool = after.pool.clone()
    changeset = with_authors(replacing(text, after.atext), pool)
    rev, delta = before.head + 1, after.time - before.time if before.exists else 0
    wire = encode_wire(rev, changeset, pool, SYSTEM_AUTHOR, after.time, delta)
    return Revision(rev, SYSTEM_AUTHOR, after.time, None, chain_of(before.chain, wire), wire)


def _renumbered(saved: list[SavedRevision], known: int, bridged: int) -> list[SavedRevision]:
    """Returns the saved revisions under their new numbers, without those that are missing."""
    shift = bridged - (known + 1)
    return [
        one if one.rev <= known else one._replace(rev=one.rev - shift)
        for one in saved
        if one.rev <= known or one.rev >= bridged
    ]
