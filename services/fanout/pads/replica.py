"""Holds what a worker knows of one pad: its newest revisions, and its text if somebody asks for
it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from padfleet.services.fanout import metrics
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.feed import Doubt, Feed, FeedGap
from padfleet.shared.log.connection.connect import Outdated, Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.document import CorruptPad, Document, load, replay
from padfleet.shared.log.pad.history import read_revisions
from padfleet.shared.log.pad.meta import PadMeta, is_beheaded, read_told_meta
from padfleet.shared.log.pad.opening import open_document
from padfleet.shared.log.records import Revision


class PadReplica:
    """A copy of a pad. `epoch` and `reign` name its history: all of the feed was found to be the
    pad's under this reign."""

    def __init__(self, redis: Redis, keys: PadKeys, *, ring: int) -> None:
        """Takes where the pad is stored. At least `ring` revisions are kept."""
        self.epoch = 0
        self.reign = ""
        self.feed = Feed(-1, ring)
        self.frames = Frames()
        self.unmade = ""  #: why there is no pad and none can be created
        self._redis = redis
        self._keys = keys
        self._ring = ring
        self._document = Document()
        self._moving = asyncio.Lock()  #: held while the document is moved forward
        self._changed = asyncio.Event()
        self._beginnings = 0

    @property
    def history(self) -> str:
        """Returns a name of the pad's present history: a different name means that the history may
        be different."""
        return f"{self._beginnings} {self.reign}"

    # --- What it holds ---------------------------------------------------------------------------

    def begin(self, meta: PadMeta, document: Document) -> None:
        """Starts from what has been read, whatever was held before."""
        self._document = document
        self._beginnings += 1
        self.epoch, self.reign = meta.epoch, meta.reign
        self.feed = Feed(document.head, self._ring, document.chain)
        self.frames.clear()
        self._changed.set()

    def forget(self, epoch: int) -> None:
        """Drops everything, since the pad was deleted; `epoch` is the one of whatever takes its
        place."""
        self.epoch = epoch
        self._beginnings += 1
        self.feed = Feed(-1, self._ring)
        self.frames.clear()
        self._document = Document(epoch)
        self._changed.set()

    def advance(self, revisions: Sequence[Revision]) -> FeedGap | Doubt | None:
        """Adds what continues the feed, and returns what keeps it from adding more. `Resync` calls
        it, and takes care of the consequences."""
        before = self.feed.head
        trouble = self.feed.offer(revisions)
        if self.feed.head > before:
            metrics.REVISIONS.value += self.feed.head - before
            metrics.arrived_in_feed(next(r.time for r in revisions if r.rev > before))
            self._changed.set()
        return trouble

    def differs(self, head: int, epoch: int, chain: bytes, had: int) -> bool:
        """Returns whether what is stored differs from the feed, which was at `had` before the
        stored values were asked for."""
        return (
            head > self.feed.head
            or head < had
            or epoch != self.epoch
            or self.feed.chain_at(head) not in (None, chain)
        )

    async def reached(self, rev: int) -> None:
        """Returns when the feed has `rev`, or when the pad has been deleted or cannot be
        created."""
        epoch = self.epoch
        while self.feed.head < rev and self.epoch == epoch and not self.unmade:
            self._changed.clear()
            await self._changed.wait()

    def cannot_be_made(self, why: str) -> None:
        """Notes that the writer has refused to create the pad."""
        self.unmade = why
        self._changed.set()

    # --- What is stored --------------------------------------------------------------------------

    async def load(self) -> None:
        """Begins with the pad as it is stored. Raises `CorruptPad`, or what `UNREACHABLE` lists."""
        self.begin(*(await open_document(self._redis, self._keys) or await self.read()))

    async def read(self) -> tuple[PadMeta, Document]:
        """Reads the pad as it is stored, without changing the replica. Raises the same as
        `load`."""
        while True:
            meta = await read_told_meta(self._redis, self._keys)
            document = Document(meta.epoch)
            if not meta.exists:
                if await is_beheaded(self._redis, self._keys):
                    raise CorruptPad("the pad's meta is gone, and its revisions are not")
                return meta, document
            try:
                await load(self._redis, self._keys, meta, document)
                return meta, document
            except CorruptPad:
                # These are several reads, between which it may have been deleted or rolled back.
                now = await read_told_meta(self._redis, self._keys)
                if (now.epoch, now.reign) == (meta.epoch, meta.reign) and now.head >= meta.head:
                    raise

    async def document(self) -> Document:
        """Returns the pad's text at the feed's head. It is moved forward only when somebody asks,
        and never while the caller uses it without awaiting anything."""
        async with self._moving:
            return await self._moved_on()

    @asynccontextmanager
    async def standing_still(self) -> AsyncIterator[Document]:
        """Returns a context with the pad's text at the feed's head, which is not moved forward
        inside, so that a thread can work on it."""
        async with self._moving:
            yield await self._moved_on()

    async def _moved_on(self) -> Document:
        while True:
            try:
                document = self._document
                revisions = self.feed.since(document.head)
                if not revisions:
                    return document
                try:
                    await replay(document, revisions)
                except asyncio.CancelledError:
                    # A thread may still be using it. The next caller reads the pad again.
                    if self._document is document:
                        self._document = Document(self.epoch)
                    raise
            except IndexError:
                # Nobody has asked for longer than the feed reaches back.
                meta, document = await self.read()
                if document.head <= self.feed.head and meta.epoch == self.epoch:
                    self._document = document
                else:
                    await self.reached(document.head)

    async def common(self, meta: PadMeta) -> int:
        """Returns the last revision of the feed that is still in the stored history; -1 if none can
        be found. The chain covers everything before, so a binary search finds it."""
        feed = self.feed
        if meta.epoch != self.epoch:
            return -1
        low, high = min(feed.first, feed.head), min(feed.head, meta.head)
        found = -1
        while low <= high:
            middle = (low + high) // 2
            stored = await read_revisions(self._redis, self._keys, middle, middle)
            if not stored:
                # It was there when `meta` was read: this is the answer of another server, or the
                # pad has changed again.
                raise Outdated(f"revision {middle} of {meta.head} is not there any more")
            if stored[0].chain == feed.chain_at(middle):
                found, low = middle, middle + 1
            else:
                high = middle - 1
        return found
