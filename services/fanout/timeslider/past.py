"""This module reads the history that the timeslider shows, wherever the pad is."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from padfleet.services.fanout.hub.room import Room
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.pad.history import HistoryPart, read_parts, read_snapshot
from padfleet.shared.log.pad.reader import PadReader
from padfleet.shared.log.records import Snapshot

READ_STEP = 200
"""How many single records are read at once, which takes a few milliseconds of the event loop."""

History = tuple[str, int, str]
"""A pad, an epoch and a reign: together with these, a rev always means the same revision."""


class PadPast(Protocol):
    """A pad as it was at some moment, with all of its past. Each call raises `HistoryGap`,
    `CorruptPad`, or what `UNREACHABLE` lists."""

    history: History
    head: int  #: its newest revision

    async def snapshot(self) -> Snapshot | None:
        """Returns the pad's snapshot, which may be of another epoch, or None if there is none."""
        ...

    def parts(self, first: int, last: int) -> AsyncGenerator[HistoryPart, None]:
        """Yields the revisions first…last as `read_parts` does."""
        ...


class RoomsPast:
    """Implements `PadPast` for a pad that this worker follows."""

    def __init__(self, redis: Redis, room: Room) -> None:
        self.history = (room.pad_id, room.epoch, room.reign)
        self.head = room.feed.head
        self._redis, self._keys = redis, room.keys

    async def snapshot(self) -> Snapshot | None:
        return await read_snapshot(self._redis, self._keys)

    def parts(self, first: int, last: int) -> AsyncGenerator[HistoryPart, None]:
        return read_parts(self._redis, self._keys, first, last, step=READ_STEP)


class ReadersPast:
    """Implements `PadPast` for a pad that is only read, and may be in the cold store."""

    def __init__(self, reader: PadReader) -> None:
        meta = reader.meta
        self.history = (reader.keys.pad_id, meta.epoch, meta.reign)
        self.head = meta.head
        self._reader = reader

    async def snapshot(self) -> Snapshot | None:
        return await self._reader.snapshot()

    async def parts(self, first: int, last: int) -> AsyncGenerator[HistoryPart, None]:
        async with aclosing(self._reader.pages(first, last, step=READ_STEP)) as pages:
            async for page in pages:
                yield HistoryPart(page[0].rev, None, [revision.to_record() for revision in page])
