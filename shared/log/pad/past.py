"""This module reads pads as they once were, from their first revision on, in parts.

For an old pad this takes seconds of computing, in processes that have sockets to serve. So the
event loop gets its turn between parts, and few pads are read at the same time.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial

from padfleet.shared.easysync import AttributePool
from padfleet.shared.log.pad.document import MANY_ATTRIBUTES, Document, in_turns, load_from, replay
from padfleet.shared.log.pad.history import without_gap
from padfleet.shared.log.pad.reader import PadReader
from padfleet.shared.log.records import Revision
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import loads

TURN = 50
"""The number of revisions that are applied before the event loop gets its turn: some
milliseconds."""


async def history(reader: PadReader, last: int) -> AsyncIterator[Revision]:
    """Yields the revisions 0 to `last`. Raises `CorruptPad` if one is missing."""
    async for revisions in whole_pages(reader, 0, last):
        for number, revision in enumerate(revisions):
            if number % TURN == TURN - 1:
                await asyncio.sleep(0)
            yield revision


async def whole_pages(reader: PadReader, first: int, last: int) -> AsyncIterator[list[Revision]]:
    """Does what `PadReader.pages` does, but raises `CorruptPad` if a revision is missing."""
    with without_gap():
        async for revisions in reader.pages(first, last):
            yield revisions


async def document_at(reader: PadReader, rev: int | None = None) -> Document:
    """Returns the pad at `rev`, which must not be after its head. None stands for the head, which
    costs much less. Raises `CorruptPad`."""
    document = Document(reader.meta.epoch)
    if rev is None or rev == reader.meta.head:
        await load_from(reader, document)
        return document
    async for revisions in whole_pages(reader, 0, rev):
        await replay(document, revisions)
    return document


class Pools:
    """The attribute pools of pads, numbered in the order of the revisions, as in Etherpad.

    A document that is read from a snapshot has other numbers, which change from one snapshot to the
    next. What is given to others has to mean the same tomorrow.
    """

    def __init__(self, *, size: int = 64) -> None:
        self._size = size
        self._known: dict[tuple[str, int, str], tuple[int, AttributePool]] = {}
        self._turn = asyncio.Lock()

    async def at(self, reader: PadReader) -> AttributePool:
        """Returns the pool at the head of the pad, which must not be changed. Raises
        `CorruptPad`."""
        meta = reader.meta
        async with self._turn:
            name = (reader.keys.channel, meta.epoch, meta.reign)
            known, pool = self._known.pop(name, (-1, AttributePool()))
            if known > meta.head:
                known, pool = -1, AttributePool()  # this `meta` is older than the pool
            async for revisions in whole_pages(reader, known + 1, meta.head):
                await in_turns(revisions, partial(_take, pool))
            self._known[name] = (meta.head, pool)
            if len(self._known) > self._size:
                del self._known[next(iter(self._known))]
            return pool


async def authors_in(pool: AttributePool) -> Sequence[str]:
    """Returns all authors among these attributes, in the order of their numbers."""
    return await aside(len(pool) > MANY_ATTRIBUTES, pool.clone().authors)


def _take(pool: AttributePool, revision: Revision) -> None:
    entries = loads(revision.wire)["apool"]["numToAttrib"]
    # This takes as many as there are, rather than counting up to a number that somebody has stored.
    for _, pair in sorted((int(number), pair) for number, pair in entries.items()):
        pool.put(*pair)
    if revision.author:
        pool.put("author", revision.author)
