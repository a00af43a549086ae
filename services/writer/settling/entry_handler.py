"""Applies one entry of an inbox to its pad in memory; `batch_processor` says in which order, and
`committer` stores the result.

Whatever is wrong with an entry, or with the keys of its pad, only that entry is refused.
"""

import asyncio
import logging
import time
from functools import partial

from padfleet.services.writer import metrics
from padfleet.services.writer.damaged_pads import DamagedPads
from padfleet.services.writer.pads.cache import PadAway, PadCache
from padfleet.services.writer.pads.pad import MOST_WORK, SubmissionResult, WriterPad
from padfleet.services.writer.settling.batch import Batch
from padfleet.services.writer.settling.light import came_to
from padfleet.services.writer.settling.parking import park
from padfleet.services.writer.storing.committer import patiently
from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.shared import tracing
from padfleet.shared.easysync.effort import EACH_FOLLOWED, Effort, TooMuchWork
from padfleet.shared.log.births import new_birth
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.damage import CorruptPad, is_forbidden
from padfleet.shared.log.entries import Creation, Deletion, Entry, Fence, Submission
from padfleet.shared.log.inboxes.heaviness import LIGHT_WORK, is_heavy
from padfleet.shared.log.inboxes.reading import entered_at
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.outcomes import AWAY, CREATED, Outcome
from padfleet.shared.log.pad.document import DocumentChange
from padfleet.shared.log.pad.history import HistoryGap, read_revisions, revision_pages
from padfleet.shared.log.pad.meta import read_meta_here
from padfleet.shared.log.records import Revision

log = logging.getLogger(__name__)

BYTES_EACH = 300
"""How many bytes of a stored revision are read in the time that one operation takes."""


class EntryHandler:
    """Takes entries, one at a time, for any partition that we hold the lease of."""

    def __init__(self, redis: Redis, keyspace: Keyspace, pads: PadCache) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._pads = pads
        self.damages = DamagedPads()

    async def refuse_unread(self, batch: Batch, received: Received) -> None:
        """Records an entry that cannot be read, and refuses it if its pad and origin can be read.

        Raises what `UNREACHABLE` lists.
        """
        faulty = received.unread
        assert faulty is not None
        mine = self._keyspace.partition_of
        pad_id, origin = faulty.pad, faulty.origin
        if pad_id is None or origin is None or mine(pad_id) != batch.lease.partition:
            await park(self._redis, self._keyspace, batch.lease.partition, received)
            return
        item = batch.work.get(pad_id)
        if item is None:
            item = batch.work[pad_id] = await self._answering(batch, pad_id)
        if item.pad.sessions.get(origin.session, (0, 0))[0] >= origin.seq:
            return  # it stood there twice, and what was brought with it has gone with the first
        await park(self._redis, self._keyspace, batch.lease.partition, received)
        detail = f"the edit could not be read: {faulty.detail}"
        item.outcomes.append(Outcome(origin, "refused", item.pad.head, "badChangeset", detail))

    async def _answering(self, batch: Batch, pad_id: str) -> PadBatch:
        """Returns work on a pad that so far has only answers to publish."""
        keys = self._keyspace.pad(pad_id)
        try:
            if why := batch.refused.get(pad_id):
                raise CorruptPad(why)
            pad = await patiently(self._pads.get, pad_id)
            return PadBatch(keys, pad, pad.head, pad.chain)
        except PadAway as error:
            return PadBatch(keys, WriterPad(), None, away=str(error))
        except (CorruptPad, HistoryGap) as error:
            self._note_corrupt(pad_id, error)
            return await self._unreadable(pad_id, str(error))

    async def take(self, batch: Batch, entry_id: str, entry: Entry, *, heavy: bool = False) -> None:
        """Applies the entry to its pad in memory, and adds the answer to the batch's work.

        Raises `TooMuchWork`, without having done anything, if the entry would hold the event loop
        and is not known to be `heavy`; or what `UNREACHABLE` lists.
        """
        trace, began = tracing.chosen(entry.origin), time.time_ns()
        item = batch.work.get(entry.pad)
        try:
            item = await self._item_of(batch, entry, heavy=heavy)
            await self._apply(entry, item, heavy=heavy)
        except TooMuchWork:
            if item is not None and item.is_empty:
                del batch.work[entry.pad]
            raise
        except PadAway as error:
            item = self.away(batch, entry, error)
        except (CorruptPad, HistoryGap) as error:
            item = await self.corrupt(batch, entry, error)
        except UNREACHABLE:
            raise
        except Exception as error:
            if is_forbidden(error):
                raise
            log.exception("entry refused because of a fault", extra={"pad": entry.pad})
            item = await self._failed(batch, entry)
        if trace is not None:
            trace.span("wait for the writer", entered_at(entry_id), began)
            trace.span("rebase", began, head=item.pad.head)
            item.traces.append(trace)

    async def _item_of(self, batch: Batch, entry: Entry, *, heavy: bool) -> PadBatch:
        """Returns the batch's work on the entry's pad, and loads the pad if necessary.

        Raises `PadAway`, `CorruptPad`, or `HistoryGap`.
        """
        work = batch.work
        item = work.get(entry.pad)
        if item is not None and item.away:
            raise PadAway(item.away)
        if why := item.unreadable if item is not None else batch.refused.get(entry.pad):
            raise CorruptPad(why)
        if item is None:
            pad = await patiently(self._pads.get, entry.pad, far=heavy)
            if isinstance(entry, Submission) and entry.epoch > pad.epoch:
                # Its session has been let into a pad that has come in the place of this one.
                self._pads.forget(entry.pad)
                pad = await patiently(self._pads.get, entry.pad)
            item = work[entry.pad] = PadBatch(
                self._keyspace.pad(entry.pad), pad, pad.head, pad.chain
            )
        return item

    async def corrupt(self, batch: Batch, entry: Entry, error: Exception) -> PadBatch:
        """Refuses an entry whose pad is damaged, and adds the refusal to the batch's work."""
        self._note_corrupt(entry.pad, error)
        item = batch.work.get(entry.pad)
        if item is None:
            item = batch.work[entry.pad] = await self._unreadable(entry.pad, str(error))
        refusal = Outcome(entry.origin, "refused", -1, "corruptPad", str(error))
        item.outcomes.append(refusal)
        return item

    async def _failed(self, batch: Batch, entry: Entry) -> PadBatch:
        """Refuses an entry on which our own code has failed. The fault must not stop the partition
        for everyone."""
        item = batch.work.get(entry.pad)
        if item is None:
            item = batch.work[entry.pad] = await self._unreadable(entry.pad, "internal fault")
        else:
            await self._load_again(entry.pad, item)
        refusal = Outcome(entry.origin, "refused", item.pad.head, "badChangeset", "internal fault")
        item.outcomes.append(refusal)
        return item

    def away(self, batch: Batch, entry: Entry, error: Exception) -> PadBatch:
        """Refuses an entry whose pad cannot be read at present; its sender has to come again."""
        log.warning("pad unavailable", extra={"pad": entry.pad, "error": str(error)})
        keys = self._keyspace.pad(entry.pad)
        item = batch.work.get(entry.pad)
        if item is None:
            item = batch.work[entry.pad] = PadBatch(keys, WriterPad(), None, away=str(error))
        item.outcomes.append(Outcome(entry.origin, "refused", -1, AWAY, str(error)))
        return item

    async def _unreadable(self, pad_id: str, why: str) -> PadBatch:
        """Returns work that leaves the stored pad untouched: only answers are published, under the
        epoch that the pad's rooms know."""
        keys = self._keyspace.pad(pad_id)
        try:
            epoch = (await patiently(read_meta_here, self._redis, keys)).epoch
        except Exception as error:
            log.error(
                "meta not readable",
                exc_info=not isinstance(error, CorruptPad),
                extra={"key": keys.meta, "error": str(error)},
            )
            epoch = 0
        return PadBatch(keys, WriterPad(epoch), None, unreadable=why)

    async def _load_again(self, pad_id: str, item: PadBatch) -> None:
        """Restores a pad in memory whose state is unknown after a fault. It brings the pad to where
        it was before the entry: what is stored, and what the batch has done so far."""
        self._pads.forget(pad_id)
        old = item.pad
        try:
            pad = await patiently(self._pads.get, pad_id)
            for revision in item.revisions:
                pad.replay(revision)
        except Exception:
            log.exception("pad not loaded again", extra={"pad": pad_id})
            self._pads.forget(pad_id)
            item.unreadable = "internal fault"
            return
        pad.sessions, pad.fences = old.sessions, old.fences
        if item.created:
            pad.creator, pad.epoch = old.creator, old.epoch
        item.pad = pad

    async def _apply(self, entry: Entry, item: PadBatch, *, heavy: bool) -> None:
        pad, now = item.pad, int(time.time() * 1000)
        if not heavy and is_heavy(entry):
            raise TooMuchWork
        match entry:
            case Submission():
                came_to(item, entry, await self._submitted(item, entry, now, heavy=heavy))
            case Fence():
                item.fences |= pad.fences.put_up(entry.author, entry.order, now)
                item.outcomes.append(Outcome(entry.origin, "done", pad.head))
            case Creation():
                made = not pad.exists
                if made:
                    create = partial(
                        pad.create,
                        entry.text,
                        entry.author,
                        now,
                        wrote_it=entry.wrote_it,
                        birth=new_birth(),
                    )
                    first = await asyncio.to_thread(create) if heavy else create()
                    item.revisions.append(first)
                    item.created, item.by_opening = True, entry.by_opening
                reason = CREATED if made else ""
                item.outcomes.append(Outcome(entry.origin, "done", pad.head, reason))
            case Deletion():  # pragma: no cover
                raise AssertionError("deletions have a call of their own")

    async def _submitted(
        self, item: PadBatch, entry: Submission, now: int, *, heavy: bool
    ) -> SubmissionResult:
        pad = item.pad
        older: list[DocumentChange] = []
        if (first := pad.oldest_needed(entry.base_rev)) is not None:
            try:
                older = await self._older_changes(item, first, heavy=heavy)
            except TooMuchWork:
                if not heavy:
                    raise
                return pad.refuse_too_much(entry, now)
        if not heavy:
            return pad.submit(entry, now, older, work=LIGHT_WORK)
        # Nobody else looks at the pad meanwhile: it is only a copy, and its partition is locked.
        return await asyncio.to_thread(pad.submit, entry, now, older)

    async def _older_changes(
        self, item: PadBatch, first: int, *, heavy: bool
    ) -> list[DocumentChange]:
        """Returns the changes from `first` on that the pad no longer has in memory. Raises
        `TooMuchWork`, before anything is read if their number alone is too large."""
        pad, last = item.pad, item.pad.oldest_recent - 1
        effort = Effort(MOST_WORK if heavy else LIGHT_WORK)
        effort.spend(EACH_FOLLOWED * (last + 1 - first))
        changes: list[DocumentChange] = []
        pages = revision_pages(self._redis, item.keys, first, last, read=_read_patiently)
        async for revisions in pages:
            for revision in revisions:
                effort.spend(len(revision.wire) // BYTES_EACH)
            if heavy:
                changes += await asyncio.to_thread(_changes, pad, revisions)
            else:
                changes += _changes(pad, revisions)
                await asyncio.sleep(0)
        return changes

    def _note_corrupt(self, pad_id: str, error: Exception) -> None:
        """Logs the fault, counts it, and shows it on the writer's health page."""
        log.error("corrupt pad", extra={"pad": pad_id, "error": str(error)})
        metrics.CORRUPT.inc()
        self.damages.note(pad_id, str(error))


async def _read_patiently(redis: Redis, keys: PadKeys, first: int, last: int) -> list[Revision]:
    return await patiently(read_revisions, redis, keys, first, last)


def _changes(pad: WriterPad, revisions: list[Revision]) -> list[DocumentChange]:
    return [pad.change_of(revision) for revision in revisions]
