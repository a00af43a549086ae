"""Adds what a pad's channel brings to the replica, and corrects the replica by comparing it with
what is stored."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from padfleet.services.fanout import metrics
from padfleet.services.fanout.pads.feed import Doubt, FeedGap
from padfleet.services.fanout.pads.gate import Sender, SendingGate
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.pads.vouching import Vouching
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.retry import RetryPauses
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.history import HistoryEnds, HistoryGap, revision_pages
from padfleet.shared.log.pad.meta import PadMeta, read_told_meta
from padfleet.shared.log.records import Revision
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

READ_STEP = 200
"""How many revisions one read fetches when filling a gap."""


class Concerned(Protocol):
    """The interface of whatever has shown the pad to clients, and is responsible for what they have
    been shown."""

    def deleted(self, epoch: int, reason: str) -> None:
        """Drops everything, since the pad is gone, and tells clients that were shown it the
        `reason`. There may be another pad in its place."""

    def rolled_back(self, kept: int) -> int:
        """Takes in that everything after revision `kept` is gone. Returns how many sessions had
        been sent some of it; they have to reload, since a page that stayed would be on a history of
        its own (I5)."""

    def continue_under_new_reign(self) -> list[str]:
        """Takes in that what is held is the pad's history under a new reign, too. Returns the
        authors of the sessions that have been sent some of it."""


class Resync:
    """Keeps the replica of one pad correct. Revisions come by pub/sub, which may lose them, and a
    fail-over may take back some that have come."""

    def __init__(
        self,
        redis: Redis,
        pad_id: str,
        keys: PadKeys,
        replica: PadReplica,
        gate: SendingGate,
        sender: Sender,
        concerned: Concerned,
    ) -> None:
        """Takes the replica to keep correct, and those who have to know.

        Arguments:
            gate: shut while sessions may not be sent anything.
            sender: told when there is something to send.
            concerned: told what becomes of the history.
        """
        self._redis = redis
        self._pad_id = pad_id
        self._keys = keys
        self._replica = replica
        self._sender = sender
        self._concerned = concerned
        self._running: asyncio.Task[None] | None = None
        self._tasks = Tasks()
        self.vouching = Vouching(redis, pad_id, keys, replica, gate, sender, self.done)

    def take(self, revisions: Sequence[Revision], reign: str) -> None:
        """Handles revisions that have been committed under this reign, according to the channel."""
        replica = self._replica
        match self._advance(revisions, reign):
            case FeedGap(first, last):
                metrics.GAPS.inc()
                log.info("gap", extra={"pad": self._pad_id, "first": first, "last": last})
                self.begin()
            case Doubt(rev):
                log.info("revision under a doubtful reign", extra={"pad": self._pad_id, "rev": rev})
                self.begin()
            case None if revisions and replica.feed.head >= revisions[-1].rev:
                self._holds_under(reign)
            case None if reign != replica.reign:
                self.begin()

    def begin(self) -> None:
        """Compares, and reads what is missing, in the background; one such pass at a time."""
        if self._running is None or self._running.done():
            self._running = self._tasks.begin(self._run(), "resync", pad=self._pad_id)

    async def done(self) -> None:
        """Returns when the feed has what is in the stream by now."""
        self.begin()
        if self._running is not None:
            await asyncio.wait([self._running])

    def close(self) -> None:
        self._tasks.close()
        self.vouching.close()

    async def _run(self) -> None:
        metrics.REPAIRS.inc()
        pauses = RetryPauses()
        while True:
            try:
                if await self._compare():
                    return
                await self._start_over()
            except UNREACHABLE as error:
                log.warning("resync postponed", extra={"pad": self._pad_id, "error": str(error)})
                await pauses.sleep()
            except (HistoryGap, CorruptPad, ValueError) as error:
                # Sessions that are here keep reading what there is. The writer answers those that
                # write.
                log.error("pad not readable", extra={"pad": self._pad_id, "error": str(error)})
                return

    async def _compare(self) -> bool:
        """Brings the feed up to what is stored; returns False if that is another history."""
        replica = self._replica
        had = replica.feed.head
        meta = await read_told_meta(self._redis, self._keys)
        if meta.epoch > replica.epoch:
            self._concerned.deleted(meta.epoch, "rejected" if meta.exists else "deleted")
            had = -1
        if meta.epoch < replica.epoch or meta.head < had:
            return False
        if replica.feed.head < 0 <= meta.head:
            # Nobody here has any of it, so there is no need for all of it, which may be very long.
            meta, document = await replica.read()
            if meta.epoch != replica.epoch:
                return await self._compare()
            if replica.feed.head < 0:
                replica.begin(meta, document)
        if not await self._reads_up_to(meta):
            return False
        if replica.feed.head > meta.head and meta.reign != replica.reign:
            # The rest came while we asked, from a server that may not be the pad's any more.
            return await self._compare()
        self._holds_under(meta.reign)
        return True

    async def _reads_up_to(self, meta: PadMeta) -> bool:
        """Adds what the feed lacks of what is stored; returns False if the two differ."""
        feed = self._replica.feed
        pages = revision_pages(self._redis, self._keys, feed.head + 1, meta.head, step=READ_STEP)
        try:
            async for revisions in pages:
                if self._advance(revisions, meta.reign) is not None:
                    return False  # deleted or rolled back while we read; the next look finds out
        except HistoryEnds:
            return False  # likewise
        return self._replica.feed.chain_at(meta.head) in (None, meta.chain)

    async def _start_over(self) -> None:
        """Starts over with what is stored, which is another history than the one held here.

        If revisions that were held here are gone, a replica that lacked them was promoted, or a
        server came back with less than it had. If none are, there is nothing to report: a pad that
        nobody wrote in was removed with its epoch, after its deletion had been announced."""
        head = self._replica.feed.head
        meta, document = await self._replica.read()
        kept = await self._replica.common(meta)
        # From here on nothing is awaited: nobody may join a history that is about to go.
        sessions = self._concerned.rolled_back(kept)
        if head > kept or sessions:
            log.error(
                "history rolled back",
                extra={
                    "pad": self._pad_id,
                    "lost_from": kept + 1,
                    "lost_to": head,
                    "head": meta.head,
                    "sessions_told_to_reload": sessions,
                },
            )
            metrics.ROLLBACKS.inc()
        self._replica.begin(meta, document)

    def _advance(self, revisions: Sequence[Revision], reign: str) -> FeedGap | Doubt | None:
        """Adds revisions to the replica, and has them sent."""
        before = self._replica.feed.head
        trouble = self._replica.advance(revisions)
        if self._replica.feed.head > before:
            # This comes first: sessions that are sent these revisions have to be known to be under
            # the reign.
            self._holds_under(reign)
            self._sender.revisions_due()
        return trouble

    def _holds_under(self, reign: str) -> None:
        """Notes that the feed has been found to be the pad's history under this reign, too, and so
        has everything that the sessions here have been sent of it. It must be called before they
        are sent more."""
        if reign != self._replica.reign:
            self._replica.reign = reign
            self.vouching.begin(self._concerned.continue_under_new_reign())
