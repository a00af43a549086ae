"""This module opens a pad in one round trip, if everything is as it should be.

A worker opens a pad while somebody waits for it, and each round trip is a wait. So meta, snapshot
and the revisions after it are requested together, before it is known which revisions these are. If
they do not fit together, the pad is left to `document.load`, which can deal with that.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from redis.exceptions import ResponseError

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.damage import CorruptPad, readable
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.document import BYTES_AT_ONCE, Document
from padfleet.shared.log.pad.history import READ_STEP
from padfleet.shared.log.pad.meta import PadMeta, read_told_meta
from padfleet.shared.log.records import Revision, Snapshot
from padfleet.shared.tasks import aside


class Opening(NamedTuple):
    """What is stored at one moment."""

    snapshot: bytes | None
    entries: Sequence[tuple[bytes, Sequence[bytes]]]
    there: int  #: how many of the two keys for revisions exist


async def open_document(redis: Redis, keys: PadKeys) -> tuple[PadMeta, Document] | None:
    """Returns the pad as it is stored, even if it does not exist, or None if that takes more than
    one read.

    Raises what `UNREACHABLE` lists, and what `read_told_meta` raises.
    """
    meta, opening = await asyncio.gather(read_told_meta(redis, keys), _read(redis, keys))
    if opening is not None and meta.exists and not opening.there:
        opening = await _read(redis, keys)  # the pad has just been brought into Redis
    if opening is None:
        return None
    read = sum(len(part) for _, fields in opening.entries for part in fields)
    size = len(opening.snapshot or b"") // 10 + read
    try:
        return meta, await aside(size > BYTES_AT_ONCE, _document, meta, opening)
    except CorruptPad:
        return None


async def _read(redis: Redis, keys: PadKeys) -> Opening | None:
    wanted = [keys.meta, keys.snap, keys.revs, keys.chunks]
    try:
        return Opening(*await scripts.OPENING(redis.client, wanted, [READ_STEP]))
    except UNREACHABLE:
        raise
    except ResponseError:
        return None  # one of the keys is of a wrong type


def _document(meta: PadMeta, opening: Opening) -> Document:
    """Returns the document. Raises `CorruptPad` if what is stored does not lead to the head that
    `meta` names."""
    document = Document(meta.epoch)
    if not meta.exists:
        if opening.there:
            raise CorruptPad("there are revisions, and no meta")
        return document
    with readable("what the pad is opened from"):
        if opening.snapshot:
            snapshot = Snapshot.from_bytes(opening.snapshot)
            if snapshot.rev <= meta.head:
                document.restore(snapshot)
        for entry_id, fields in opening.entries:
            rev = int(entry_id.partition(b"-")[0])
            if document.head < rev <= meta.head:
                document.replay(Revision.from_record(rev, _record(fields)))
    if (document.head, document.chain, document.epoch) != (meta.head, meta.chain, meta.epoch):
        raise CorruptPad("it does not lead to the head that the pad's meta names")
    return document


def _record(fields: Sequence[bytes]) -> bytes:
    return dict(zip(fields[::2], fields[1::2], strict=True))[b"r"]
