"""Pads as they once were: read from their first revision on, a part at a time.

A pad of some age takes seconds of computing, in processes that have sockets to serve. So the loop
gets its turn between parts, and few are read at the same time.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from padfleet.shared.easysync import AttributePool
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.document import CorruptPad, Document, in_turns, replay
from padfleet.shared.log.history import HistoryGap, PadMeta, revision_pages
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.records import Revision
from padfleet.shared.wire.jsontext import loads

TURN = 50
"""Revisions that are applied before the loop gets its turn: some milliseconds."""


async def history(redis: Redis, keys: PadKeys, last: int) -> AsyncIterator[Revision]:
    """The revisions 0 to `last`. Raises `CorruptPad` where one is missing."""
    async for revisions in _pages(redis, keys, 0, last):
        for number, revision in enumerate(revisions):
            if number % TURN == TURN - 1:
                await asyncio.sleep(0)
            yield revision


async def _pages(
    redis: Redis, keys: PadKeys, first: int, last: int
) -> AsyncIterator[list[Revision]]:
    """As `revision_pages`, but raises `CorruptPad` where a revision is missing."""
    try:
        async for revisions in revision_pages(redis, keys, first, last):
            yield revisions
    except HistoryGap as error:
        raise CorruptPad(str(error)) from error


async def document_at(redis: Redis, keys: PadKeys, meta: PadMeta, rev: int) -> Document:
    """The pad at `rev`, which must not be after the head that `meta` names."""
    document = Document(meta.epoch)
    async for revisions in _pages(redis, keys, 0, rev):
        await replay(document, revisions)
    return document


class Pools:
    """Attribute pools in which numbers are given in the order of the revisions, as in Etherpad.

    A document that is read from a snapshot has numbers of its own, which change from one snapshot
    to the next. What is told to others has to mean the same tomorrow.
    """

    def __init__(self, redis: Redis, *, size: int = 64) -> None:
        self._redis = redis
        self._size = size
        self._known: dict[tuple[str, int, str], tuple[int, AttributePool]] = {}
        self._turn = asyncio.Lock()

    async def at(self, keys: PadKeys, meta: PadMeta) -> AttributePool:
        """The pool at the head that `meta` names; not to be changed. Raises `CorruptPad`."""
        async with self._turn:
            name = (keys.channel, meta.epoch, meta.reign)
            known, pool = self._known.pop(name, (-1, AttributePool()))
            if known > meta.head:
                known, pool = -1, AttributePool()  # read before, and not told of since
            async for revisions in _pages(self._redis, keys, known + 1, meta.head):
                await in_turns(revisions, partial(_take, pool))
            self._known[name] = (meta.head, pool)
            if len(self._known) > self._size:
                del self._known[next(iter(self._known))]
            return pool


def _take(pool: AttributePool, revision: Revision) -> None:
    entries = loads(revision.wire)["apool"]["numToAttrib"]
    # What there is, and not up to a number that somebody has written there.
    for _, pair in sorted((int(number), pair) for number, pair in entries.items()):
        pool.put(*pair)
    if revision.author:
        pool.put("author", revision.author)
