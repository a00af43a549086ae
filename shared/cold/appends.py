"""This module reads what a pad in Redis has that the cold store lacks, and checks it by its
chain."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from typing import NamedTuple

from padfleet.shared.archive.entries import PadHead, Revisions, flat
from padfleet.shared.batches import slices
from padfleet.shared.cold.noted import Behind
from padfleet.shared.cold.pads import ColdAppend, ColdState
from padfleet.shared.cold.rows import (
    Diverged,
    LaterRecords,
    Row,
    Uncopied,
    authors_of,
    followed,
    rows_of,
    wires_of,
)
from padfleet.shared.cold.turns import AS_RECORDS, in_turn
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import readable
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.chat import NO_MESSAGES, ChatMessage
from padfleet.shared.log.pad.deletion import deletion_field
from padfleet.shared.log.pad.history import read_records, read_revisions, without_gap
from padfleet.shared.log.pad.moving import StoredPad
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.log.people.identities import stored_authors
from padfleet.shared.log.records import Snapshot

MOST_REVISIONS = 2000
"""The maximum number of revisions in one part, which are some hundred kilobytes."""

MOST_BYTES = 4 << 20
"""The number of bytes of revisions after which a part is full."""

STEP = 250
"""How many revisions, messages or authors one read fetches and one turn of the event loop handles,
which takes a millisecond or two."""

SNAPSHOT_DISTANCE = 500
"""The number of revisions between two snapshots that are brought of a pad while it is in use."""

_NAMED = frozenset(
    ("head", "epoch", "chain", "time", "creator", "readonly", "settings", "public", "sessions")
)
_OURS = frozenset(("reigns", "first", "snap", "idle", "cold"))
"""Fields of the meta hash that mean something in Redis alone, or are stored elsewhere."""


async def part_of(
    redis: Redis,
    keys: PadKeys,
    stored: StoredPad,
    behind: Behind,
    first: int,
    *,
    whole: bool,
    uncopied: Uncopied | None = None,
) -> ColdAppend:
    """Returns what follows from `first` up to the head, or as much of it as one part may have.

    Arguments:
        behind: what the store has.
        whole: whether the records of all authors are included, since their names may have changed.
        uncopied: revisions that need not be read from Redis.

    Raises `Diverged` if the revisions do not follow what the store has, `CorruptPad`, or what
    `UNREACHABLE` lists.
    """
    meta = stored.meta
    with readable(keys.meta):
        head, snap = int(meta[b"head"]), int(meta.get(b"snap", b"-1"))
    part = await _history(redis, keys, stored, behind, first, head, uncopied)
    last = first + len(part.records) - 1
    time = part.rows[-1][1] if part.rows else 0
    if last == head:
        if part.chain != meta.get(b"chain", b""):
            raise Diverged("the revisions do not lead to the head that the pad's meta names")
        time = int(meta.get(b"time", b"0"))
    there = behind.snap if first else -1
    newest, snapshot = None, None
    if snap >= 0 and (whole or is_worth_a_snapshot(snap, there)):
        newest = await PadStore(redis, keys).snapshot()
    if newest is not None:
        with readable(keys.snap):
            of = Snapshot.rev_of(newest)
        snapshot = newest if there != of <= last else None
    fresh = not first
    said = NO_MESSAGES if fresh else behind.chat
    chat = await _chat(redis, keys, said) if stored.chat > said else []
    saved, saved_last = None, stored.saved
    if fresh or saved_last != behind.saved:
        saved = await _saved(redis, keys) if saved_last else []
        saved_last = saved[-1] if saved else b""
    names = _speakers(chat)
    with readable(keys.revs):
        names |= await in_turn(part.size // AS_RECORDS, authors_of, part.rows)
    if fresh or whole:
        names |= {_text(meta.get(b"creator", b""))}
    if whole:
        names |= await _in_the_pad(redis, keys, newest, head)
    state = state_of(
        keys.pad_id,
        stored,
        last,
        part.chain,
        time,
        max([said, *_ids(chat)]),
        saved_last,
    )
    return ColdAppend(
        state,
        Revisions(first, part.records),
        chat,
        saved,
        await _records(redis, names - {"", SYSTEM_AUTHOR}),
        snapshot,
        part.follows,
        part.rows,
        part.exact,
    )


def is_worth_a_snapshot(here: int, there: int) -> bool:
    """Returns whether a newer snapshot is brought before the pad is frozen, which costs as much as
    its text. The store needs one only if the pad is lost in Redis, and then has to apply a few
    hundred revisions to the snapshot that it has. This function is pure.

    Arguments:
        here: the revision of the snapshot that Redis has; -1 if there is none.
        there: the revision of the snapshot that the store has.
    """
    return there < 0 <= here or here - there >= SNAPSHOT_DISTANCE


def state_of(
    pad: str, stored: StoredPad, head: int, chain: bytes, time: int, chat: int, saved: bytes
) -> ColdState:
    """Returns the small parts of a pad, as of this revision. This function is pure."""
    meta = stored.meta
    epoch = int(meta.get(b"epoch", b"0"))
    deletion = deletion_field(epoch)
    readonly = meta.get(b"readonly")
    pad_head = PadHead(
        pad,
        epoch,
        head,
        chain,
        time,
        _text(meta.get(b"creator", b"")),
        _text(readonly) if readonly else None,
        meta.get(b"settings", b""),
        meta.get(deletion.encode(), b""),
        chat,
        saved,
        meta.get(b"public") == b"1",
    )
    more = {
        name: value
        for field, value in meta.items()
        if (name := _text(field)) not in _NAMED | _OURS and name != deletion
    }
    return ColdState(
        pad_head,
        int(meta.get(b"sessions", b"0")),
        _text(meta.get(b"reigns", b"")),
        {_text(author): int(order) for author, order in stored.fences.items()},
        {_text(author): _text(history) for author, history in stored.seen.items()},
        more,
    )


class _Part(NamedTuple):
    """Some consecutive revisions of a pad."""

    records: Sequence[bytes]
    size: int  #: about how many bytes they have
    rows: Sequence[Row]  #: the same records, unpacked
    follows: bytes  #: the chain before the first; empty before revision 0
    chain: bytes  #: the chain after the last
    exact: bool  #: whether the rows come from the writer that made them


async def _history(
    redis: Redis,
    keys: PadKeys,
    stored: StoredPad,
    behind: Behind,
    first: int,
    head: int,
    uncopied: Uncopied | None,
) -> _Part:
    """Returns the revisions from `first` on, as many as one part may have."""
    cold, follows = behind.head, b""
    if first and cold is not None:
        follows = cold.chain if first == cold.head + 1 else await _chain_at(redis, keys, first - 1)
    chain = stored.meta.get(b"chain", b"")
    if uncopied and first and (rows := uncopied.between(first, head, follows, chain)):
        # Their chain was computed from them as each of them was made.
        size = sum(map(len, wires_of(rows)))
        return _Part(LaterRecords(rows), size, rows, follows, rows[-1][4], exact=True)
    records, read, chain = await _revisions(redis, keys, first, head, follows)
    return _Part(records, sum(map(len, records)), read, follows, chain, exact=False)


async def _revisions(
    redis: Redis, keys: PadKeys, first: int, head: int, chain: bytes
) -> tuple[list[bytes], list[Row], bytes]:
    """Returns the records, the same records unpacked, and the chain after the last; `chain` is the
    one before the first."""
    records: list[bytes] = []
    rows: list[Row] = []
    size = 0
    async with aclosing(_pages(redis, keys, first, head)) as pages:
        async for page in pages:
            came, at = sum(map(len, page)), first + len(records)
            with readable(keys.revs):
                found, chain = await in_turn(came // AS_RECORDS, _rows, at, page, chain)
            records += page
            rows += found
            size += came
            if len(records) >= MOST_REVISIONS or size >= MOST_BYTES:
                break
    return records, rows, chain


def _rows(first: int, records: list[bytes], chain: bytes) -> tuple[Sequence[Row], bytes]:
    """Returns the records unpacked, and the chain after the last. Raises `Diverged`, or
    ValueError."""
    rows = rows_of(records)
    return rows, followed(first, rows, chain)


async def _pages(
    redis: Redis, keys: PadKeys, first: int, last: int
) -> AsyncGenerator[list[bytes], None]:
    """Yields the records of these revisions, `STEP` at a time."""
    with without_gap():
        for start in range(first, last + 1, STEP):
            yield await read_records(redis, keys, start, min(start + STEP - 1, last))


async def _chain_at(redis: Redis, keys: PadKeys, rev: int) -> bytes:
    (found,) = await read_revisions(redis, keys, rev, rev)
    return found.chain


async def _chat(redis: Redis, keys: PadKeys, after: int) -> list[tuple[str, list[bytes]]]:
    found = []
    async for page in PadStore(redis, keys).chat_pages(STEP, after=after):
        for entry_id, fields in page:
            found.append((entry_id.decode(), flat(fields)))
    return found


async def _saved(redis: Redis, keys: PadKeys) -> list[bytes]:
    return [record async for page in PadStore(redis, keys).saved_pages(STEP) for record in page]


def _ids(chat: Iterable[tuple[str, list[bytes]]]) -> Iterator[int]:
    for entry_id, _ in chat:
        yield int(entry_id.partition("-")[0])


def _speakers(chat: Iterable[tuple[str, list[bytes]]]) -> set[str]:
    found = set()
    for _, items in chat:
        record = dict(zip(items[::2], items[1::2], strict=True)).get(b"m", b"")
        try:
            found.add(ChatMessage.from_record(0, record).author)
        except (ValueError, TypeError):
            continue  # not written by padfleet
    return found


async def _in_the_pad(redis: Redis, keys: PadKeys, newest: bytes | None, head: int) -> set[str]:
    """Returns the authors in the newest snapshot, if there is one, and in all that follows it."""
    found, after = set[str](), -1
    if newest is not None:
        with readable(keys.snap):
            snapshot = Snapshot.from_bytes(newest)
        found |= {value for key, value in snapshot.pool if key == "author"}
        after = snapshot.rev
    async for page in _pages(redis, keys, after + 1, head):
        with readable(keys.revs):
            found |= authors_of(rows_of(page))
    return found


async def _records(redis: Redis, names: set[str]) -> list[tuple[str, list[bytes]]]:
    found: list[tuple[str, list[bytes]]] = []
    for some in slices(sorted(names), STEP):
        known = await stored_authors(redis, some)
        found += [(author, flat(known.get(author, {}))) for author in some]
    return found


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
