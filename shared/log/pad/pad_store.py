"""This module has a name for each read and write of one pad that takes a command or two.

Everything larger has a module to itself: `history` reads revisions, `document` the text, `chat` and
`saved` what belongs to the pad besides the revisions. The people on a pad are in `presence`, in the
room `people`.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, NamedTuple, cast

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import is_wrong_type, of_right_type, readable
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.chat import NO_MESSAGES, StreamEntry
from padfleet.shared.log.pad.deletion import deletion_field
from padfleet.shared.log.pad.options import parse_options
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.log.pad.saved import readable as readable_saved

log = logging.getLogger(__name__)

_LAST = (1 << 64) - 1
"""The highest second part of a stream's ID."""


class StoredMetadata(NamedTuple):
    """What sessions are told about a pad besides its text, at one moment."""

    exists: bool
    creator: str  #: an author's id; empty if it has none
    options: dict[str, Any]
    chat_head: int  #: the index of the newest message, or `NO_MESSAGES`
    saved: list[SavedRevision]


class StoredFacts(NamedTuple):
    """What a backup has of a pad besides its meta, revisions and chat, as it is stored."""

    settings: bytes
    deletion: bytes  #: the hash of the deletion token; empty if there is none
    public: bool  #: whether it is a group's pad that is open to people without a session
    chat_head: int  #: the index of the newest message, or `NO_MESSAGES`
    newest_saved: bytes  #: the record of the revision that was saved last; empty if none was


class PadStore:
    """The keys of one pad.

    Each method raises what `UNREACHABLE` lists, and, unless it says otherwise, redis-py's
    `ResponseError` if a key has a wrong type.
    """

    def __init__(self, redis: Redis, keys: PadKeys) -> None:
        self._redis = redis
        self._keys = keys

    # --- Beside the text -------------------------------------------------------------------------

    async def metadata(self) -> StoredMetadata:
        """Reads the metadata in one round trip. If a key other than the meta has a wrong type, an
        error is logged, and the pad is treated as having no chat, or no saved revisions: the text
        matters more."""
        pipeline = self._redis.client.pipeline(transaction=False)
        _ = pipeline.hmget(self._keys.meta, ["head", "creator", "settings"])
        _ = pipeline.xrevrange(self._keys.chat, count=1)
        _ = pipeline.lrange(self._keys.saved, 0, -1)
        meta, *lists = await pipeline.execute(raise_on_error=False)
        if isinstance(meta, Exception):
            raise meta
        head, creator, settings = meta
        newest, records = (self._or_nothing(each) for each in lists)
        return StoredMetadata(
            int(head or -1) >= 0,
            (creator or b"").decode(),
            parse_options(settings),
            _chat_head(newest),
            readable_saved(records),
        )

    def _or_nothing(self, reply: Any) -> Any:
        if not isinstance(reply, Exception):
            return reply
        if not is_wrong_type(reply):
            raise reply
        log.error(
            "part of the pad not readable", extra={"key": self._keys.meta, "error": str(reply)}
        )
        return ()

    async def facts(self, epoch: int) -> StoredFacts:
        """Reads the facts about the pad in this epoch, in one round trip."""
        pipeline = self._redis.client.pipeline(transaction=False)
        _ = pipeline.hmget(self._keys.meta, ["settings", deletion_field(epoch), "public"])
        _ = pipeline.xrevrange(self._keys.chat, count=1)
        _ = pipeline.lrange(self._keys.saved, -1, -1)
        (settings, deletion, public), newest, saved = await pipeline.execute()
        return StoredFacts(
            settings or b"",
            deletion or b"",
            public == b"1",
            _chat_head(newest),
            saved[0] if saved else b"",
        )

    async def note(self, name: str) -> bytes | None:
        """Returns what was stored in the meta hash under this name when the pad was brought (`more`
        of `Staging.install`), or None."""
        return cast("bytes | None", await self._redis.auto_pipeline.hget(self._keys.meta, name))

    async def set_public(self, public: bool) -> None:
        """Opens a group's pad to people without a session, or closes it to them."""
        await self._redis.client.hset(self._keys.meta, "public", "1" if public else "0")

    async def fence_orders(self) -> dict[str, int]:
        """Returns, by author, the lowest order of a session that may still submit. Raises
        `CorruptPad` if the key has a wrong type, or does not hold numbers."""
        with of_right_type(self._keys.fences):
            reply = self._redis.client.hgetall(self._keys.fences)
            fences = await cast("Awaitable[dict[bytes, bytes]]", reply)
        with readable(self._keys.fences):
            return {author.decode(): int(order) for author, order in fences.items()}

    async def chat_pages(self, size: int, after: int = -1) -> AsyncIterator[list[StreamEntry]]:
        """Yields the messages after the one with the number `after`, as they are stored, the oldest
        first, up to `size` in one read."""
        start = f"({after}-{_LAST}" if after >= 0 else "-"
        while messages := cast(
            "list[StreamEntry]",
            await self._redis.client.xrange(self._keys.chat, min=start, max="+", count=size),
        ):
            yield messages
            start = f"({messages[-1][0].decode()}"

    async def saved_pages(self, size: int) -> AsyncIterator[list[bytes]]:
        """Yields the records of all saved revisions, the oldest first, up to `size` in one read."""
        at = 0
        while records := await cast(
            "Awaitable[list[bytes]]",
            self._redis.client.lrange(self._keys.saved, at, at + size - 1),
        ):
            yield records
            at += len(records)

    # --- The history, for those who look for damage ----------------------------------------------

    async def snapshot(self) -> bytes | None:
        """Returns the newest snapshot, undecoded, or None if there is none."""
        return cast("bytes | None", await self._redis.client.get(self._keys.snap))

    async def newest_in_stream(self) -> int:
        """Returns the last revision in the stream, or -1 if the stream is empty."""
        reply = await self._redis.client.xrevrange(self._keys.revs, count=1)
        newest = cast("Sequence[StreamEntry]", reply)
        return int(newest[0][0].partition(b"-")[0]) if newest else -1

    async def has_history(self) -> bool:
        """Returns whether there is any key with a part of a history: revisions or a snapshot."""
        keys = self._keys
        return bool(await self._redis.client.exists(keys.revs, keys.chunks, keys.snap))

    async def entries(self, first: int, last: int) -> list[StreamEntry]:
        """Returns the stream's entries for the revisions first…last, both included, undecoded. They
        include entries with IDs that no revision has."""
        reply = await self._redis.client.xrange(self._keys.revs, min=f"{first}-0", max=str(last))
        return cast("list[StreamEntry]", reply)

    async def chunk(self, number: int) -> bytes | None:
        """Returns a chunk of packed revisions, undecoded, or None if there is none with this
        number."""
        reply = self._redis.client.hget(self._keys.chunks, str(number))
        return await cast("Awaitable[bytes | None]", reply)


def _chat_head(newest: Sequence[StreamEntry]) -> int:
    return int(newest[0][0].partition(b"-")[0]) if newest else NO_MESSAGES
