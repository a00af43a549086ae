"""Reads a pad's whole history as it is stored, while others write on it, and checks it."""

import zlib
from collections.abc import Callable
from typing import NamedTuple

from padfleet.services.tools.verify.faults import StoredFault
from padfleet.services.tools.verify.story import Story
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS, decode_chunk
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.history import HistoryGap, read_snapshot
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.pads import pad_of_read_only
from padfleet.shared.log.pad.reader import PadReader
from padfleet.shared.log.records import Revision, Snapshot

ATTEMPTS = 3
"""How often a pad is read again if it is deleted or replaced while it is being read."""

SNAPSHOT_ATTEMPTS = 100
"""How often reading is tried; a writer makes a snapshot every few hundred revisions, so a second
attempt is rarely needed."""


class _Stored(NamedTuple):
    meta: PadMeta
    snapshot: Snapshot | None
    end: int  #: the last revision in the stream, read before the meta; -1 if there is none


async def verify_pad(
    redis: Redis, keyspace: Keyspace, pad_id: str, progress: Callable[[int, int], None]
) -> tuple[int, list[StoredFault]] | None:
    """Returns the head up to which the pad was verified, and what is wrong with it; None if there
    is no such pad. Raises what `UNREACHABLE` lists.

    It needs memory for the text, and for a thousand revisions at a time.
    """
    keys = keyspace.pad(pad_id)
    faults: list[StoredFault] = []
    for _ in range(ATTEMPTS):
        faults = []
        if redis.elsewhere is not None:
            try:
                reader = await redis.elsewhere.view(pad_id)
                if reader is not None:
                    return await _verify_elsewhere(redis, reader, faults, progress)
            except CorruptPad as error:
                return -1, [StoredFault(pad_id, -1, -1, str(error))]
        stored = await _read(redis, keys, pad_id, faults)
        meta = stored.meta
        if not meta.exists:
            if await PadStore(redis, keys).has_history() and (await read_meta(redis, keys)) == meta:
                what = "deleted, or never there, yet parts of its history are stored"
                return -1, [StoredFault(pad_id, -1, -1, what)]
            return None
        story = Story(pad_id, stored.snapshot, faults)
        await _follow(redis, keys, meta, story, progress)
        await _ends(redis, pad_id, stored, story)
        if (await read_meta(redis, keys)).epoch == meta.epoch:
            break
    return meta.head, faults


async def _read(redis: Redis, keys: PadKeys, pad_id: str, faults: list[StoredFault]) -> _Stored:
    """Reads the meta and the snapshot as of one moment, since the writer may make a snapshot at any
    time."""
    for _ in range(SNAPSHOT_ATTEMPTS):
        end = await PadStore(redis, keys).newest_in_stream()
        meta = await read_meta(redis, keys)
        snapshot, why = None, "" if meta.snap < 0 else "there is none"
        try:
            snapshot = await read_snapshot(redis, keys)
        except (ValueError, CorruptPad) as error:
            why = str(error)
        again = await read_meta(redis, keys)
        if (again.snap, again.epoch) != (meta.snap, meta.epoch):
            continue
        if snapshot is None:
            if why:
                faults.append(StoredFault(pad_id, -1, -1, f"the snapshot cannot be read: {why}"))
        elif (snapshot.rev, snapshot.epoch) != (meta.snap, meta.epoch):
            what = f"the snapshot is of revision {snapshot.rev} in epoch {snapshot.epoch}, not of "
            faults.append(StoredFault(pad_id, -1, -1, f"{what}{meta.snap} in {meta.epoch}"))
            snapshot = None
        elif snapshot.rev > meta.head:
            faults.append(StoredFault(pad_id, -1, -1, f"the snapshot is ahead, of {snapshot.rev}"))
        return _Stored(meta, snapshot, end)
    faults.append(StoredFault(pad_id, -1, -1, "its snapshot changes faster than it can be read"))
    return _Stored(meta, None, -1)


async def _follow(
    redis: Redis, keys: PadKeys, meta: PadMeta, story: Story, progress: Callable[[int, int], None]
) -> None:
    store = PadStore(redis, keys)
    for first in range(0, meta.head + 1, CHUNK_REVISIONS):
        last = min(first + CHUNK_REVISIONS - 1, meta.head)
        # The stream is read first: a revision that moves into a chunk meanwhile is then found in
        # both places, and not in neither.
        singly = await _in_stream(store, first, last, story)
        packed = await _in_chunk(store, first, last, story)
        while story.next <= last:
            one, other = singly.get(story.next), packed.get(story.next)
            if one is not None and other is not None and one != other:
                story.fault("the stream and its chunk hold different ones", story.next)
            revision = one or other
            if revision is not None:
                story.take(revision)
                continue
            if past := await _in_cold_store(redis, keys, meta, story.next, last):
                for revision in past:
                    story.take(revision)
                continue
            there = [rev for rev in (*singly, *packed) if rev > story.next]
            story.missing(min(there, default=last + 1) - 1)
        progress(last, meta.head)


async def _in_stream(store: PadStore, first: int, last: int, story: Story) -> dict[int, Revision]:
    found: dict[int, Revision] = {}
    for entry_id, fields in await store.entries(first, last):
        rev, _, one = entry_id.partition(b"-")
        if one != b"1":
            story.fault(f"an entry of the stream that is none of ours, {entry_id!r}", int(rev))
            continue
        try:
            found[int(rev)] = Revision.from_record(int(rev), fields[b"r"])
        except (ValueError, KeyError, TypeError) as error:
            story.fault(f"cannot be read: {error!r}", int(rev))
    return found


async def _in_cold_store(
    redis: Redis, keys: PadKeys, meta: PadMeta, first: int, last: int
) -> list[Revision]:
    """Returns the revisions from `first` on, up to the first gap, that need not be in Redis any
    more."""
    if redis.elsewhere is None or first >= meta.first:
        return []
    found = await redis.elsewhere.past(keys.pad_id, first, min(last, meta.first - 1))
    return [revision for rev, revision in enumerate(found, first) if revision.rev == rev]


async def _in_chunk(store: PadStore, first: int, last: int, story: Story) -> dict[int, Revision]:
    number = first // CHUNK_REVISIONS
    blob = await store.chunk(number)
    if blob is None:
        return {}
    try:
        revisions = decode_chunk(number, blob)
    except (zlib.error, ValueError, TypeError) as error:
        story.fault(f"their chunk cannot be read: {error!r}", first, last)
        return {}
    if len(revisions) != CHUNK_REVISIONS:
        story.fault(f"their chunk holds {len(revisions)} of {CHUNK_REVISIONS}", first, last)
    return {revision.rev: revision for revision in revisions if revision.rev <= last}


async def _verify_elsewhere(
    redis: Redis,
    reader: PadReader,
    faults: list[StoredFault],
    progress: Callable[[int, int], None],
) -> tuple[int, list[StoredFault]]:
    """Verifies a pad that stays in the cold store. Damaged parts are not handed out by the
    store."""
    meta, pad_id = reader.meta, reader.keys.pad_id
    story = Story(pad_id, await reader.snapshot(), faults)
    try:
        async for page in reader.pages(0, meta.head):
            for revision in page:
                story.take(revision)
            progress(page[-1].rev, meta.head)
    except (HistoryGap, CorruptPad) as error:
        story.fault(str(error), story.next, meta.head)
        return meta.head, faults
    await _ends(redis, pad_id, _Stored(meta, None, meta.head), story)
    return meta.head, faults


async def _ends(redis: Redis, pad_id: str, stored: _Stored, story: Story) -> None:
    meta = stored.meta
    if stored.end > meta.head:
        story.fault("behind the head that the meta names", meta.head + 1, stored.end)
    if story.chain != meta.chain:
        story.fault("the meta names another chain", meta.head)
    if story.time != meta.time:
        story.fault("the meta names another time", meta.head)
    if meta.read_only_id is not None:
        leads_to = await pad_of_read_only(redis, meta.read_only_id)
        if leads_to != pad_id:
            where = "nowhere" if leads_to is None else f"to {leads_to!r}"
            story.fault(f"its read-only id leads {where}")
