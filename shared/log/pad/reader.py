"""This module reads a pad in the same way wherever it is: in Redis, or in a cold store, where it is
read without being brought back.

    reader = await open_reader(redis, keyspace, "pad")
    if reader is not None:
        async for revisions in reader.pages(0, reader.meta.head):
            ...
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Protocol

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad, PadReplaced
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.chat import ChatMessage, StreamEntry, decoded, stored_messages
from padfleet.shared.log.pad.history import READ_STEP, HistoryGap, read_snapshot, revision_pages
from padfleet.shared.log.pad.meta import PadMeta, read_meta, read_meta_here, read_told_meta
from padfleet.shared.log.pad.moving import hold
from padfleet.shared.log.pad.pad_store import PadStore, StoredFacts
from padfleet.shared.log.people import authors as records_of_authors
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.people.identities import stored_authors
from padfleet.shared.log.records import Revision, Snapshot

PAGE = 200
"""The number of chat messages, or authors, in one read."""


class PadReader(Protocol):
    """An existing pad, as of the moment when `meta` was read.

    Each call raises `CorruptPad` if what is stored cannot be used, and what `UNREACHABLE` lists.
    `pages` raises `PadReplaced` if that is because the pad is not there any more.
    """

    keys: PadKeys
    meta: PadMeta  #: may be shown to clients, see `read_told_meta`

    async def facts(self) -> StoredFacts:
        """Returns what belongs to the pad besides its history."""
        ...

    async def snapshot(self) -> Snapshot | None:
        """Returns the snapshot from which the newest text is read, or None if there is none."""
        ...

    def pages(
        self, first: int, last: int, *, step: int = READ_STEP
    ) -> AsyncGenerator[list[Revision], None]:
        """Yields revisions as `revision_pages` does, which says what it raises."""
        ...

    async def chat(self, first: int, last: int) -> list[StreamEntry]:
        """Returns those of the messages first…last, both included, that exist, in order and as they
        are stored."""
        ...

    async def saved(self) -> list[bytes]:
        """Returns the records of all saved revisions, in the order in which they were saved."""
        ...

    async def authors(self, names: Iterable[str]) -> dict[str, Author]:
        """Returns those of these authors who are on record."""
        ...

    async def author_records(self, names: Sequence[str]) -> dict[str, dict[bytes, bytes]]:
        """Does what `stored_authors` does."""
        ...


class HotReader:
    """A `PadReader` for a pad in Redis. If the pad leaves Redis while it is read, the rest is read
    from the cold store, since its history does not change."""

    def __init__(self, redis: Redis, keys: PadKeys, meta: PadMeta) -> None:
        self.keys = keys
        self.meta = meta
        self._redis = redis
        self._store = PadStore(redis, keys)

    async def facts(self) -> StoredFacts:
        return await self._store.facts(self.meta.epoch)

    async def snapshot(self) -> Snapshot | None:
        return await read_snapshot(self._redis, self.keys)

    async def pages(
        self, first: int, last: int, *, step: int = READ_STEP
    ) -> AsyncGenerator[list[Revision], None]:
        chain: bytes | None = None  #: of the revision before
        try:
            async with aclosing(
                revision_pages(self._redis, self.keys, first, last, step=step)
            ) as pages:
                async for page in pages:
                    if not self._continues(chain, page) and await self._is_replaced():
                        raise PadReplaced
                    yield page
                    chain = page[-1].chain
        except PadReplaced:
            raise
        except (HistoryGap, CorruptPad) as error:
            if await self._is_replaced():
                raise PadReplaced from error
            raise

    def _continues(self, chain: bytes | None, page: Sequence[Revision]) -> bool:
        """Returns whether the page belongs to the history of which the page before and `meta` are,
        as far as it borders on them. A pad that replaced this one may be longer, so that nothing is
        missing."""
        if chain is not None and not page[0].follows(chain):
            return False
        return page[-1].rev != self.meta.head or page[-1].chain == self.meta.chain

    async def _is_replaced(self) -> bool:
        """Returns whether the pad is not there any more, or has another history by now."""
        now = await read_meta(self._redis, self.keys)
        before = self.meta
        return now.epoch != before.epoch or now.head < before.head or now.reign != before.reign

    async def chat(self, first: int, last: int) -> list[StreamEntry]:
        return await stored_messages(self._redis, self.keys, first, last)

    async def saved(self) -> list[bytes]:
        return [record async for page in self._store.saved_pages(PAGE) for record in page]

    async def authors(self, names: Iterable[str]) -> dict[str, Author]:
        return await records_of_authors.read(self._redis, names)

    async def author_records(self, names: Sequence[str]) -> dict[str, dict[bytes, bytes]]:
        return await stored_authors(self._redis, names)


async def open_reader(
    redis: Redis, keyspace: Keyspace, pad: str, *, brief: bool = False
) -> PadReader | None:
    """Returns a reader of the pad as it is now, or None if there is no such pad. A pad in Redis
    stays there for as long as if somebody had been on it, unless it is only read for a `brief`
    moment.

    A pad that is on its way between the two places, or was lost in one of them, is brought into
    Redis first. Raises `CorruptPad`, or what `UNREACHABLE` lists.
    """
    keys, elsewhere = keyspace.pad(pad), redis.elsewhere
    meta = await read_told_meta(redis, keys, read_meta_here)
    if not meta.is_here and elsewhere is not None:
        cold = await elsewhere.view(pad)
        if cold is not None:
            return cold
        meta = await read_told_meta(redis, keys, read_meta_here)
    if not meta.exists:
        return None
    if elsewhere is not None and not brief:
        await hold(redis, keyspace, pad)
    return HotReader(redis, keys, meta)


async def is_there(redis: Redis, keyspace: Keyspace, pad: str) -> bool:
    """Returns whether there is a pad of this name. Raises what `open_reader` raises."""
    meta = await read_meta_here(redis, keyspace.pad(pad))
    if meta.is_here or redis.elsewhere is None:
        return meta.exists
    (there,) = await redis.elsewhere.are_there([pad])
    return there


async def messages(reader: PadReader, first: int, last: int) -> list[ChatMessage]:
    """Returns those of the messages first…last, both included, that exist, in order."""
    return await decoded(await reader.chat(first, last))


async def message_pages(reader: PadReader, newest: int) -> AsyncIterator[list[ChatMessage]]:
    """Yields all messages up to the one with the number `newest`, the oldest first. No page is
    empty."""
    for start in range(0, newest + 1, PAGE):
        page = await messages(reader, start, min(start + PAGE - 1, newest))
        if page:
            yield page
