"""This module reads a pad's revisions and its snapshot, wherever they are stored."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, cast

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import RevisionMissing, of_right_type, readable
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS, decode_chunk
from padfleet.shared.log.records import Revision, Snapshot

READ_STEP = 500
"""The number of revisions in one read of many: some hundred kilobytes, in one reply that takes some
milliseconds."""


class HistoryGap(Exception):
    """Says that a revision that must exist is in neither the stream nor a chunk."""


class HistoryEnds(HistoryGap):
    """Says that all revisions from some revision on are missing: the pad was deleted or rolled back
    while it was read, or its end has been lost."""


@contextmanager
def without_gap() -> Iterator[None]:
    """Wraps the reading of revisions that must exist. Raises `RevisionMissing` if one is not
    there."""
    try:
        yield
    except HistoryGap as error:
        raise RevisionMissing(str(error)) from error


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


async def is_in_redis(redis: Redis, keys: PadKeys, rev: int) -> bool:
    """Returns whether Redis itself has the revision. Raises `CorruptPad` if it is not readable."""
    if await _from_stream(redis, keys, rev, rev):
        return True
    number = rev // CHUNK_REVISIONS
    with of_right_type(keys.chunks):
        blob = await cast("Awaitable[bytes | None]", redis.client.hget(keys.chunks, str(number)))
    with readable(keys.chunks):
        return blob is not None and any(kept.rev == rev for kept in decode_chunk(number, blob))


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
