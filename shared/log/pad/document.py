"""This module has a pad's text at one revision, which can be moved forward one revision at a time.
It is pure except for `load` and `load_from`."""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    make_atext,
    move_ops_to_new_pool,
    unpack,
)
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.edit_script import EditScript, patches_of
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad as CorruptPad
from padfleet.shared.log.damage import readable
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.history import without_gap
from padfleet.shared.log.pad.meta import PadMeta
from padfleet.shared.log.pad.reader import HotReader, PadReader
from padfleet.shared.log.records import Revision, Snapshot
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import loads

log = logging.getLogger(__name__)

REPLAYED_AT_ONCE = 50
"""The maximum number of revisions that are replayed in one turn of the event loop."""

LARGE_REVISION = 3_000
"""A revision with more bytes than this is replayed in a thread: its operations may take 20 ms."""

BYTES_AT_ONCE = 10_000
"""The maximum number of bytes of revisions that are replayed in one turn: as many as ordinary
revisions have."""

LARGE = 30_000
"""A snapshot whose attribute operations have at least this many characters is read in a thread,
which takes 20 ms. Its text counts for a hundredth."""

MANY_SPANS = 1_500
MANY_ATTRIBUTES = 3_000
MANY_UNITS = 500_000
"""The number of spans, attributes and code units above which a document is assembled, and encoded
as JSON, in a thread: each of these takes 10 ms."""

_ATTRIBUTE = re.compile(r"\*([0-9a-z]+)")


class DocumentChange(NamedTuple):
    """A revision's changeset, with the attribute numbers of the document's pool."""

    changeset: str
    author: str


class Document:
    """A pad at revision `head`. Its pool has numbers that mean nothing outside the document."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self.head = -1  #: -1 if it has not been created yet
        self.time = 0  #: that of the head, in ms since 1970
        self.chain = b""
        self.body = Body(make_atext("\n"))
        self.pool = AttributePool()
        self._atext: AText | None = None

    @property
    def exists(self) -> bool:
        return self.head >= 0

    @property
    def is_large(self) -> bool:
        """Whether processing all of it takes so long that it should be done in a thread."""
        return (
            self.body.units > MANY_UNITS
            or len(self.pool) > MANY_ATTRIBUTES
            or self.body.spans > MANY_SPANS
        )

    @property
    def atext(self) -> AText:
        """The text with its attributes. The first use after a change goes through all of it."""
        if self._atext is None:
            self._atext = self.body.to_atext()
        return self._atext

    def start_over(self, epoch: int) -> None:
        """Drops everything, and makes this like a new document."""
        self.__dict__.update(type(self)(epoch).__dict__)

    def restore(self, snapshot: Snapshot) -> None:
        """Takes over the content of the snapshot. Only for a document that is still empty.

        Raises `CorruptPad` if the attributes do not fit the text, or are not in the pool.
        """
        numbers = {int(number, 36) for number in set(_ATTRIBUTE.findall(snapshot.attribs))}
        if numbers and max(numbers) >= len(snapshot.pool):
            raise CorruptPad(f"the snapshot's pool has no attribute {max(numbers)}")
        try:
            self.body = Body(AText(snapshot.text, snapshot.attribs))
        except EasysyncError as error:
            raise CorruptPad(f"the snapshot is inconsistent: {error}") from error
        self._atext = None
        self.epoch, self.head = snapshot.epoch, snapshot.rev
        self.time, self.chain = snapshot.time, snapshot.chain
        for key, value in snapshot.pool:
            self.pool.put(key, value)

    def replay(self, revision: Revision) -> None:
        """Applies a committed revision. Raises `CorruptPad` if it is not the next one of this
        history."""
        if revision.rev != self.head + 1:
            raise CorruptPad(f"revision {revision.rev} does not follow {self.head}")
        if not revision.follows(self.chain):
            raise CorruptPad(f"revision {revision.rev} belongs to another history")
        with readable(f"revision {revision.rev}"):
            try:
                change = self.change_of(revision)
                patches = patches_of(unpack(change.changeset), self.body, self.pool)
            except EasysyncError as error:
                raise CorruptPad(f"revision {revision.rev} does not apply: {error}") from error
        self.advance(revision, change.changeset, patches)

    def change_of(self, revision: Revision) -> DocumentChange:
        data = loads(revision.wire)
        pool = AttributePool.from_jsonable(data["apool"])
        return DocumentChange(
            move_ops_to_new_pool(data["changeset"], pool, self.pool), revision.author
        )

    def advance(self, revision: Revision, changeset: str, patches: EditScript) -> None:
        """Moves to `revision`, whose changeset does what `patches` say."""
        if revision.author:
            self.pool.put("author", revision.author)
        patches.apply()
        self._atext = None
        self.head, self.time, self.chain = revision.rev, revision.time, revision.chain

    def authors(self) -> Sequence[str]:
        """Returns everybody who has written in the pad, or whose text was imported into it."""
        return self.pool.authors()

    def twin(self) -> "Document":
        """Returns a copy at the same revision, to be read by another thread. The original must not
        be changed meanwhile. If it is, what is read is wrong, but nothing worse happens."""
        twin = Document(self.epoch)
        twin.head, twin.time, twin.chain = self.head, self.time, self.chain
        twin.body, twin.pool, twin._atext = self.body, self.pool.clone(), self._atext
        return twin


async def replay(document: Document, revisions: Sequence[Revision]) -> None:
    """Applies committed revisions without blocking the event loop. Nobody may use the document
    meanwhile. A caller that is cancelled here has to discard it, since a thread may go on changing
    it. Raises `CorruptPad` as `Document.replay` does."""
    await in_turns(revisions, document.replay)


async def in_turns(revisions: Sequence[Revision], take: Callable[[Revision], object]) -> None:
    """Calls `take` for one revision after another, in turns of the event loop of some milliseconds
    each, and in a thread for large ones."""
    number = size = 0
    for revision in revisions:
        if len(revision.wire) > LARGE_REVISION:
            await asyncio.to_thread(take, revision)
            continue
        number += 1
        size += len(revision.wire)
        if number > REPLAYED_AT_ONCE or size > BYTES_AT_ONCE:
            await asyncio.sleep(0)
            number = size = 0
        take(revision)


async def load(redis: Redis, keys: PadKeys, meta: PadMeta, document: Document) -> Snapshot | None:
    """Does what `load_from` does, for a pad in Redis with this `meta`."""
    return await load_from(HotReader(redis, keys, meta), document)


async def load_from(reader: PadReader, document: Document) -> Snapshot | None:
    """Brings a new document to the head of the pad, and returns the snapshot that it started from,
    or None if it used none.

    It reads a snapshot and the revisions after it, so the cost does not grow with the pad's age. If
    there is no usable snapshot, it reads the history from its beginning. Raises `CorruptPad`.
    """
    meta = reader.meta
    try:
        snapshot = await reader.snapshot()
        if snapshot is not None and snapshot.rev <= meta.head:
            large = len(snapshot.attribs) + len(snapshot.text) // 100 >= LARGE
            await aside(large, document.restore, snapshot)
            await _replay(reader, document)
            return snapshot
    except CorruptPad as error:
        log.warning("snapshot not used", extra={"key": reader.keys.snap, "error": str(error)})
        document.start_over(meta.epoch)
    await _replay(reader, document)
    return None


async def _replay(reader: PadReader, document: Document) -> None:
    meta = reader.meta
    with without_gap():
        async for revisions in reader.pages(document.head + 1, meta.head):
            await replay(document, revisions)
    if document.chain != meta.chain or document.epoch != meta.epoch:
        raise CorruptPad("the revisions do not lead to the head that the pad's meta names")
