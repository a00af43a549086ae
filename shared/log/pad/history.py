"""This module reads a pad back: its meta, its snapshot and its revisions, wherever they are
stored."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

from padfleet.shared.log import reigns
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad, of_right_type, readable
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS, decode_chunk
from padfleet.shared.log.records import Revision, Snapshot
from padfleet.shared.log.reigns import Reign

READ_STEP = 500
"""The number of revisions in one read of many: some hundred kilobytes, in one reply that takes some
milliseconds."""

TOLD_INTERVAL = 0.01
"""The seconds between two checks whether a commit that is held back has reached the replicas."""


class HistoryGap(Exception):
    """Says that a revision that must exist is in neither the stream nor a chunk."""


class HistoryEnds(HistoryGap):
    """Says that all revisions from some revision on are missing: the pad was deleted or rolled back
    while it was read, or its end has been lost."""


@contextmanager
def without_gap() -> Iterator[None]:
    """Wraps the reading of revisions that must exist. Raises `CorruptPad` if one is missing."""
    try:
        yield
    except HistoryGap as error:
        raise CorruptPad(str(error)) from error


class PadMeta(NamedTuple):
    """What the meta hash says. A pad that does not exist has head -1 (and may have an epoch)."""

    head: int
    epoch: int
    time: int
    chain: bytes
    creator: str
    read_only_id: str | None
    first: int  #: the oldest revision that is still in the stream
    snap: int  #: the revision of the snapshot; -1 if there is none
    reign: str  #: the reign under which this was read
    reigns: list[Reign]  #: the reigns that the pad has been through, up to the present one
    position: str  #: the inbox ID up to which the pad's partition is settled
    told: str  #: the inbox ID up to which the workers may know of it
    damaged: str = ""
    """What is wrong with the records from which the pad was brought; empty if nothing is. A damaged
    pad has only its present text, and can only be read."""

    @property
    def exists(self) -> bool:
        return self.head >= 0

    @property
    def is_here(self) -> bool:
        """Whether Redis alone says what there is of the pad: either it has the pad, or it has
        deleted it."""
        return self.exists or self.epoch != 0


_META_FIELDS = (
    *("head", "epoch", "time", "chain", "creator", "readonly", "first", "snap", "reigns"),
    "damaged",
)


async def read_meta(redis: Redis, keys: PadKeys) -> PadMeta:
    """Reads the meta. A pad that is not in Redis is brought there first, if it exists elsewhere.
    Raises `CorruptPad`, or what `UNREACHABLE` lists."""
    meta = await read_meta_here(redis, keys)
    if not meta.is_here and (others := redis.elsewhere) is not None:
        if not await others.bring(keys.pad_id):
            return meta
        meta = await read_meta_here(redis, keys)
    return meta


async def read_meta_here(redis: Redis, keys: PadKeys) -> PadMeta:
    """Reads what Redis alone says of the pad. Raises what `read_meta` raises."""
    with of_right_type(keys.meta):
        reply = await scripts.META(redis.client, [keys.state, keys.meta], _META_FIELDS)
    with readable(keys.meta):
        meta = _meta(reply)
    await redis.heard_under(keys.partition, meta.reign)
    return meta


def _meta(reply: Sequence[Any]) -> PadMeta:
    (
        reign,
        position,
        told,
        head,
        epoch,
        time,
        chain,
        creator,
        readonly,
        first,
        snap,
        record,
        damaged,
    ) = reply
    return PadMeta(
        int(head or -1),
        int(epoch or 0),
        int(time or 0),
        chain or b"",
        (creator or b"").decode(),
        readonly.decode() if readonly else None,
        int(first or 0),
        int(snap or -1),
        reign.decode(),
        reigns.entered(reigns.parse((record or b"").decode()), reign.decode(), int(head or -1)),
        position.decode(),
        told.decode(),
        (damaged or b"").decode("utf-8", "replace"),
    )


async def is_beheaded(redis: Redis, keys: PadKeys) -> bool:
    """Returns whether there are revisions of a pad whose meta is missing or says that it was
    deleted, because the key was lost, evicted or deleted by hand. Raises what `UNREACHABLE` lists.
    """
    there = await redis.client.exists(keys.revs, keys.chunks)
    # A pad that has been made meanwhile has revisions and meta.
    return bool(there) and not (await read_meta(redis, keys)).exists


ReadMeta = Callable[[Redis, PadKeys], Awaitable[PadMeta]]


async def read_told_meta(redis: Redis, keys: PadKeys, read: ReadMeta = read_meta) -> PadMeta:
    """Reads the meta with what may be shown to clients. If commits wait for replicas, a revision in
    the stream could still get lost; this waits until it no longer can. `read` is `read_meta` or
    `read_meta_here`."""
    meta = await read(redis, keys)
    told = meta.told
    while inbox_order(told) < inbox_order(meta.position):
        await asyncio.sleep(TOLD_INTERVAL)
        again = await read(redis, keys)
        if again.reign != meta.reign:
            meta = again
        told = again.told
    return meta


def inbox_order(entry_id: str) -> tuple[int, int]:
    """Returns a stream ID as numbers: compared as text, 10-0 would come before 9-0."""
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)


async def read_snapshot(redis: Redis, keys: PadKeys) -> Snapshot | None:
    """Reads the snapshot. Raises `CorruptPad`, or what `UNREACHABLE` lists."""
    with of_right_type(keys.snap):
        data = cast("bytes | None", await redis.client.get(keys.snap))
    with readable(keys.snap):
        return Snapshot.from_bytes(data) if data else None


async def read_revisions(redis: Redis, keys: PadKeys, first: int, last: int) -> list[Revision]:
    """Reads the revisions first…last, both included, in order; fewer if `last` is past the head.

    Raises `HistoryGap` if one is missing in between, and `CorruptPad` if one is not readable. All
    of them are held in memory, so ask for a few hundred at a time.
    """
    first = max(first, 0)
    if last < first:
        return []
    found = await _from_stream(redis, keys, first, last)
    # Compaction may move revisions while we read, but never removes them: one that is not in the
    # stream is in a chunk by now.
    missing_to = found[0].rev - 1 if found else last
    if missing_to >= first:
        found = await _from_chunks(redis, keys, first, missing_to) + found
    for expected, revision in enumerate(found, first):
        if revision.rev != expected:
            raise HistoryGap(
                f"revision {expected} is missing; the next one there is {revision.rev}"
            )
    return found


async def read_records(redis: Redis, keys: PadKeys, first: int, last: int) -> list[bytes]:
    """Reads the stored records of the revisions first…last, both included, without decoding them.
    For revisions in the stream, this takes a tenth of the time of `read_revisions`. Raises the
    same, and `HistoryEnds` if there are fewer."""
    with of_right_type(keys.revs):
        entries = await redis.auto_pipeline.xrange(keys.revs, f"{first}-1", f"{last}-1")
    # A missing revision may be in a chunk by now.
    if len(entries) == last - first + 1 and all(len(fields) == 2 for _, fields in entries):
        return [fields[1] for _, fields in entries]
    revisions = await read_revisions(redis, keys, first, last)
    if (missing := first + len(revisions)) <= last:
        raise HistoryEnds(f"revision {missing} is missing, and all after it")
    return [revision.to_record() for revision in revisions]


ReadRevisions = Callable[[Redis, PadKeys, int, int], Awaitable[list[Revision]]]
"""Reads revisions as `read_revisions` does."""


async def revision_pages(
    redis: Redis,
    keys: PadKeys,
    first: int,
    last: int,
    *,
    step: int = READ_STEP,
    read: ReadRevisions | None = None,
) -> AsyncGenerator[list[Revision], None]:
    """Yields the revisions first…last, both included, in order, one read at a time. No page is
    empty. Nothing is read ahead, so the caller may take its time with each page.

    Arguments:
        first: the first revision wanted; numbers below 0 are skipped.
        last: the last revision wanted, which must not be past the head. With `last` < `first`,
            there is nothing to read.
        step: the maximum number of revisions in one read.
        read: the function that reads, `read_revisions` by default; another may retry failed reads.

    Raises `HistoryEnds` if the last ones are missing, after those that exist; `HistoryGap` if one
    is missing in between; `CorruptPad` if one is not readable; or what `UNREACHABLE` lists.
    """
    for start in range(max(first, 0), last + 1, step):
        end = min(start + step - 1, last)
        revisions = await (read or read_revisions)(redis, keys, start, end)
        if revisions:
            yield revisions
        if (missing := start + len(revisions)) <= end:
            raise HistoryEnds(f"revision {missing} is missing, and all after it")


async def _from_stream(redis: Redis, keys: PadKeys, first: int, last: int) -> list[Revision]:
    with of_right_type(keys.revs):
        reply = await redis.client.xrange(keys.revs, min=f"{first}-1", max=f"{last}-1")
    with readable(keys.revs):
        entries = cast("Sequence[tuple[bytes, dict[bytes, bytes]]]", reply)
        return [
            Revision.from_record(int(entry_id.partition(b"-")[0]), fields[b"r"])
            for entry_id, fields in entries
        ]


async def _from_chunks(redis: Redis, keys: PadKeys, first: int, last: int) -> list[Revision]:
    numbers = range(first // CHUNK_REVISIONS, last // CHUNK_REVISIONS + 1)
    found: list[Revision] = []
    with of_right_type(keys.chunks):
        reply = redis.client.hmget(keys.chunks, [str(number) for number in numbers])
        blobs = await cast("Awaitable[list[bytes | None]]", reply)
    with readable(keys.chunks):
        for number, blob in zip(numbers, blobs, strict=True):
            if blob is not None:
                found += decode_chunk(number, blob)
    if None in blobs and redis.elsewhere is not None:
        brought = await redis.elsewhere.past(keys.pad_id, first, last)
        found = sorted({r.rev: r for r in (*brought, *found)}.values(), key=lambda r: r.rev)
    return [revision for revision in found if first <= revision.rev <= last]


class HistoryPart(NamedTuple):
    """Some consecutive revisions, as they are stored."""

    first: int
    #: a whole chunk, which may begin before `first`; None if the records follow
    chunk: bytes | None
    records: list[bytes]  #: those of single revisions, if there is no chunk

    @property
    def last(self) -> int:
        if self.chunk is not None:
            return (self.first // CHUNK_REVISIONS + 1) * CHUNK_REVISIONS - 1
        return self.first + len(self.records) - 1


async def read_parts(
    redis: Redis, keys: PadKeys, first: int, last: int, *, step: int
) -> AsyncGenerator[HistoryPart, None]:
    """Yields the revisions first…last, both included, undecoded. A chunk may hold more than these.

    At most `step` single records are read at a time. Raises `HistoryGap` if one is missing.
    """
    at = first
    while at <= last:
        reply = await redis.client.xrange(
            keys.revs, min=f"{at}-1", max=f"{min(at + step - 1, last)}-1"
        )
        entries = cast("Sequence[tuple[bytes, dict[bytes, bytes]]]", reply)
        if entries and entries[0][0] == b"%d-1" % at:
            yield HistoryPart(at, None, [fields[b"r"] for _, fields in entries])
            at += len(entries)
            continue
        # Compaction may move revisions while we read, but one that is not in the stream is in a
        # chunk.
        number = at // CHUNK_REVISIONS
        blob = await cast("Awaitable[bytes | None]", redis.client.hget(keys.chunks, str(number)))
        if blob is not None:
            yield HistoryPart(at, blob, [])
            at = (number + 1) * CHUNK_REVISIONS
            continue
        end = min(last, (number + 1) * CHUNK_REVISIONS - 1)
        past = await redis.elsewhere.past(keys.pad_id, at, end) if redis.elsewhere else ()
        if not past or past[0].rev != at:
            raise HistoryGap(f"revision {at} is missing")
        yield HistoryPart(at, None, [revision.to_record() for revision in past])
        at += len(past)
