"""Shortens a pad's history: keeps the pad as of one revision, as if it had been written at once,
and what came after that. This is permanent, since what is cut off is not stored elsewhere."""

import asyncio

from padfleet.shared.easysync import AttributePool
from padfleet.shared.etherpad.converting import as_one_revision
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.form import encode_wire
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.history import revision_pages
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import HotReader
from padfleet.shared.log.pad.saved import read_saved
from padfleet.shared.log.pad.staging import Staging, WrittenOn
from padfleet.shared.log.records import Revision, chain_of
from padfleet.shared.wire.jsontext import loads

ATTEMPTS = 5
"""An attempt fails only if somebody writes while it is made."""


async def shorten_pad(
    redis: Redis, keyspace: Keyspace, pad_id: str, meta: PadMeta, keep: int
) -> bool:
    """Keeps the newest `keep` revisions of the pad, after a first one that has the text as it was
    before them. Text, authors, chat and settings stay; of the saved revisions, those that are among
    the kept ones stay.

    People who have the pad open are told to reload (I5). Returns whether there was anything to cut
    off. Raises `WrittenOn` if people write faster than that, `ServerMoved`, `CorruptPad`, or what
    `UNREACHABLE` lists; nothing is changed then.
    """
    for attempt in range(ATTEMPTS):
        if meta.head <= keep:
            return False
        try:
            await _shorten(redis, keyspace, pad_id, meta, keep)
        except WrittenOn:
            meta = await read_meta(redis, keyspace.pad(pad_id))
            if attempt == ATTEMPTS - 1 or not meta.exists:
                raise
        else:
            return True
    raise AssertionError("unreachable")


async def _shorten(redis: Redis, keyspace: Keyspace, pad_id: str, meta: PadMeta, keep: int) -> None:
    keys = keyspace.pad(pad_id)
    cut = meta.head - keep
    before = await document_at(HotReader(redis, keys, meta), cut)
    # This runs in a thread, since it may be as much text as a pad holds.
    first = await asyncio.to_thread(as_one_revision, before.atext, before.pool, before.time)
    staging = await Staging.begin(redis, keyspace, pad_id, head=keep)
    try:
        await staging.add([first])
        last = first
        async for page in revision_pages(redis, keys, cut + 1, meta.head):
            renumbered = []
            for revision in page:
                last = _after(last, revision)
                renumbered.append(last)
            await staging.add(renumbered)
        saved = [one for one in await read_saved(redis, keys) if one.rev > cut]
        if saved:
            await staging.add_saved([one._replace(rev=one.rev - cut).to_record() for one in saved])
        facts = await PadStore(redis, keys).facts(meta.epoch)
        await staging.install(
            above_epoch=meta.epoch,
            creator=meta.creator,
            read_only_id=None,
            replace=True,
            settings=facts.settings,
            deletion=facts.deletion,
            more={"public": "1"} if facts.public else None,
            only_over=meta,
        )
    except BaseException:
        await staging.drop()
        raise


def _after(last: Revision, revision: Revision) -> Revision:
    """Returns the same change as the revision after `last`."""
    said = loads(revision.wire)
    pool = AttributePool.from_jsonable(said["apool"])
    number, delta = last.rev + 1, revision.time - last.time
    author, time = revision.author, revision.time
    wire = encode_wire(number, said["changeset"], pool, author, time, delta)
    return Revision(number, author, time, None, chain_of(last.chain, wire), wire)
