"""Handles a writer's own copy of a pad that is about to leave Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from padfleet.services.writer.pads.cache import PadCache, load_pad
from padfleet.services.writer.pads.uncopied import UncopiedRevisions
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta_here


class PadLeaving:
    """Works alongside the batches of a partition, and between them."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        pads: PadCache,
        compaction: Compaction,
        lock: Callable[[int], asyncio.Lock],
    ) -> None:
        """Takes `lock`, which returns a partition's lock; it is held while one of its batches is
        being processed."""
        self._redis = redis
        self._keyspace = keyspace
        self._pads = pads
        self._compaction = compaction
        self._lock = lock

    def uncopied(self, pad: str) -> UncopiedRevisions | None:
        """Returns what this writer has made of the pad since it was first asked for, or None if the
        pad is not in its memory."""
        known = self._pads.known(pad)
        if known is None:
            return None
        if known.uncopied is None:
            known.uncopied = UncopiedRevisions(known.head, known.chain)
        return known.uncopied

    @asynccontextmanager
    async def between_batches(self, partition: int, pad: str) -> AsyncIterator[None]:
        """Waits until no batch of the partition is being processed, and keeps it that way inside
        the context. After that, the pad has to be read again."""
        async with self._lock(partition):
            try:
                yield
            finally:
                self._pads.forget(pad)

    async def newest_snapshot(self, lease: Lease, pad: str) -> None:
        """Makes sure that there is a snapshot of the pad's head, for those who open it when it has
        come back. Raises `CorruptPad`, or what `UNREACHABLE` lists."""
        async with self._lock(lease.partition):
            known = self._pads.known(pad)
            if known is not None:
                await self._compaction.up_to_date(lease, pad, known)
                return
        # A separate copy: no commit waits until it is read.
        keys = self._keyspace.pad(pad)
        meta = await read_meta_here(self._redis, keys)
        if meta.exists and meta.snap == meta.head:
            return
        copy = await load_pad(self._redis, keys, meta)
        await self._compaction.up_to_date(lease, pad, copy)
