"""Keeps pads quick to open and small in memory, with snapshots and with chunks of old revisions."""

import logging
from collections.abc import Mapping

from padfleet.services.writer import metrics
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes import commits
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS
from padfleet.shared.log.pad.document import MANY_ATTRIBUTES
from padfleet.shared.log.pad.history import read_revisions
from padfleet.shared.log.people import contributions, visitors
from padfleet.shared.tasks import aside

SMALL = 20_000
"""Code units up to which a pad is assembled in the event loop: each may have attributes of its own,
which take a microsecond."""

log = logging.getLogger(__name__)


class Compaction:
    """Runs between commits, on the pads that were just written to.

    All of it can be lost and done later, so an attempt ends if the server is away. Each step checks
    the lease's term in its script.
    """

    def __init__(
        self, redis: Redis, keyspace: Keyspace, *, snapshot_every: int, keep_revisions: int
    ) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._snapshot_every = snapshot_every
        self._keep = keep_revisions

    def due(self, work: Mapping[str, PadBatch]) -> dict[str, PadBatch]:
        """Returns the part of a commit's work that is on pads which need `after_commit`."""
        return {
            pad_id: item
            for pad_id, item in work.items()
            if item.revisions and not item.unreadable and self._is_due(item)
        }

    def _is_due(self, item: PadBatch) -> bool:
        pad = item.pad
        return (
            pad.indexed_up_to < len(pad.pool)
            or self._wants_snapshot(pad)
            or self._wants_packing(pad)
            or not item.wrote <= pad.kept
        )

    def _wants_snapshot(self, pad: WriterPad) -> bool:
        return pad.head - max(pad.snapshot_rev, 0) >= self._snapshot_every

    def _wants_packing(self, pad: WriterPad) -> bool:
        return pad.head + 1 - pad.first_kept >= self._keep + CHUNK_REVISIONS

    async def after_commit(
        self, lease: Lease, pad_id: str, pad: WriterPad, wrote: set[str]
    ) -> None:
        """Makes a snapshot of the pad, and packs its oldest revisions, if that is due.

        Arguments:
            wrote: the authors of the revisions that were committed, who are recorded permanently.
        """
        try:
            if not wrote <= pad.kept:
                await visitors.keep(self._redis, wrote - pad.kept)
                pad.kept |= wrote
            if pad.indexed_up_to < len(pad.pool):
                await self._index_authors(pad_id, pad)
            if self._wants_snapshot(pad):
                await self._snapshot(lease, pad_id, pad)
            # One chunk at a time, so that a pad with a long backlog does not hold up the others.
            if self._wants_packing(pad):
                await self._pack_oldest(lease, pad_id, pad)
        except UNREACHABLE as error:
            log.warning("compaction postponed", extra={"pad": pad_id, "error": str(error)})
        except Exception:
            # What was committed is committed: a fault here must not cost the lease.
            log.exception("compaction failed", extra={"pad": pad_id})

    async def up_to_date(self, lease: Lease, pad_id: str, pad: WriterPad) -> None:
        """Makes sure that there is a snapshot of the head, so that nobody who opens the pad has to
        replay revisions. It is meant for a pad that does not change meanwhile. Raises what
        `UNREACHABLE` lists."""
        if pad.exists and pad.snapshot_rev < pad.head:
            await self._snapshot(lease, pad_id, pad)

    async def _index_authors(self, pad_id: str, pad: WriterPad) -> None:
        # The authors' keys are in other slots than the pad's, so this cannot be part of the commit.
        # What gets lost is made up for when the pad is next loaded and written to.
        size = len(pad.pool)
        begin = pad.indexed_up_to
        found = await aside(size - begin > MANY_ATTRIBUTES, pad.pool.authors_from, begin)
        await contributions.note(self._redis, found, pad_id, pad.epoch, kept=pad.kept)
        pad.indexed_up_to = size

    async def _snapshot(self, lease: Lease, pad_id: str, pad: WriterPad) -> None:
        keys = self._keyspace.pad(pad_id)
        # Nobody changes the pad meanwhile: its partition is locked.
        snapshot = await aside(pad.body.units >= SMALL, pad.to_snapshot)
        await commits.put_snapshot(self._redis, lease, keys, snapshot)
        pad.snapshot_rev = snapshot.rev
        metrics.SNAPSHOTS.inc()

    async def _pack_oldest(self, lease: Lease, pad_id: str, pad: WriterPad) -> None:
        keys = self._keyspace.pad(pad_id)
        number = pad.first_kept // CHUNK_REVISIONS
        start, end = number * CHUNK_REVISIONS, (number + 1) * CHUNK_REVISIONS
        revisions = await read_revisions(self._redis, keys, start, end - 1)
        if len(revisions) != CHUNK_REVISIONS:
            log.error("chunk not packed: revisions are missing", extra={"pad": pad_id})
            return
        if await commits.pack_chunk(self._redis, lease, keys, pad.epoch, revisions):
            pad.first_kept = end
            metrics.CHUNKS.inc()
