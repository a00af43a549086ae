"""Shortens a pad's history: keeps the pad as of one revision, as if it had been written at once,
and what came after that. This is permanent, since what is cut off is not stored elsewhere."""

import asyncio

from padfleet.shared.etherpad.converting import as_one_revision
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import HotReader
from padfleet.shared.log.pad.rewriting import add_renumbered, attempted, put_in_place
from padfleet.shared.log.pad.saved import read_saved
from padfleet.shared.log.pad.staging import Staging, WrittenOn


async def shorten_pad(redis: Redis, keyspace: Keyspace, pad_id: str, keep: int) -> bool:
    """Keeps the newest `keep` revisions of the pad, after a first one that has the text as it was
    before them. Text, authors, chat and settings stay; of the saved revisions, those that are among
    the kept ones stay.

    People who have the pad open are told to reload (I5). Returns whether there was anything to cut
    off. Raises `WrittenOn` if people write faster than that, `ServerMoved`, `CorruptPad`, or what
    `UNREACHABLE` lists; nothing is changed then.
    """

    async def attempt() -> bool:
        meta = await read_meta(redis, keyspace.pad(pad_id))
        if not meta.exists:
            raise WrittenOn("it has been deleted meanwhile")
        if meta.head <= keep:
            return False
        await _shorten(redis, keyspace, pad_id, meta, keep)
        return True

    return await attempted(attempt)


async def _shorten(redis: Redis, keyspace: Keyspace, pad_id: str, meta: PadMeta, keep: int) -> None:
    keys = keyspace.pad(pad_id)
    cut = meta.head - keep
    before = await document_at(HotReader(redis, keys, meta), cut)
    # This runs in a thread, since it may be as much text as a pad holds.
    first = await asyncio.to_thread(as_one_revision, before.atext, before.pool, before.time)
    staging = await Staging.begin(redis, keyspace, pad_id, head=keep)
    try:
        await staging.add([first])
        await add_renumbered(redis, keys, staging, first, cut + 1, meta.head)
        kept = [one for one in await read_saved(redis, keys) if one.rev > cut]
        saved = [one._replace(rev=one.rev - cut) for one in kept]
        await put_in_place(redis, keys, staging, meta, saved)
    except BaseException:
        await staging.drop()
        raise
