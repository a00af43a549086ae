"""Decides what the entries of one partition's inbox come to; `committer` stores it."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from redis.exceptions import RedisError

from padfleet.services.writer import metrics
from padfleet.services.writer.batch import Batch
from padfleet.services.writer.cache import PadAway, PadCache
from padfleet.services.writer.committer import Committer, LeaseLost, Spoilt, patiently
from padfleet.services.writer.compaction import Compaction
from padfleet.services.writer.damages import Damages
from padfleet.services.writer.heavy import More, Rest, ToStop, nothing_more
from padfleet.services.writer.light import came_to, take_light
from padfleet.services.writer.pad import MOST_WORK, Result, WriterPad
from padfleet.services.writer.pad_batch import PadBatch
from padfleet.services.writer.parking import park
from padfleet.services.writer.replicas import Replicas
from padfleet.shared import tracing
from padfleet.shared.easysync.effort import EACH_FOLLOWED, Effort, TooMuchWork
from padfleet.shared.log.births import new_birth
from padfleet.shared.log.connect import UNREACHABLE, Redis
from padfleet.shared.log.damage import CorruptPad, is_forbidden
from padfleet.shared.log.document import DocumentChange
from padfleet.shared.log.entries import Received, Staged, UnreadableEntry, UnreadEntry, unread
from padfleet.shared.log.heaviness import LIGHT_WORK, is_heavy
from padfleet.shared.log.history import (
    HistoryGap,
    read_meta_here,
    read_revisions,
    revision_pages,
)
from padfleet.shared.log.keys import CANARY, Keyspace, PadKeys
from padfleet.shared.log.leases import Lease
from padfleet.shared.log.moving import note_hot
from padfleet.shared.log.pads import forget_read_only
from padfleet.shared.log.reading import drop_staged, entered_at, read_staged
from padfleet.shared.log.records import (
    AWAY,
    CREATED,
    OVERTAKEN,
    Creation,
    Deletion,
    Entry,
    Fence,
    Outcome,
    Revision,
    Submission,
)
from padfleet.shared.supervisor import rest
from padfleet.shared.tasks import Boxed, TaskFault, awaited, forget

log = logging.getLogger(__name__)

BYTES_EACH = 300
"""Bytes of a revision, as it is stored, that are read in the time that an operation takes."""

COMMIT_BYTES = 4 << 20
"""Bytes of edits, about, after which a batch is committed as far as it has got."""

TURNS_PER_LEASE = 30
"""How many times within one lease a long batch is committed as far as it has got, and the event
loop is left to others: every 100 ms with the default lease."""


class Stuck(Exception):
    """Nothing of the partition can be stored as things are, whatever is in its inbox."""


class BatchProcessor:
    """Turns batches of inbox entries into commits, for any partition that we hold the lease of."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        pads: PadCache,
        compaction: Compaction,
        replicas: Replicas,
        lease_ms: int,
    ) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._pads = pads
        self._compaction = compaction
        self._replicas = replicas
        self._ledger = Committer(redis, keyspace, replicas, lease_ms)
        self._turn = lease_ms / 1000 / TURNS_PER_LEASE
        self.damages = Damages()

    def begin(self, lease: Lease, received: list[Received]) -> Batch:
        """A batch of entries that stand right behind the lease's position, of which all that waits
        for nothing is taken, but not stored."""
        batch = Batch(lease, [*received])
        try:
            take_light(batch, self._pads.known, self._keyspace.pad)
        except Exception:
            self._begin_again(batch)  # met again when it is the entry's turn, and said then
        return batch

    def post(self, batches: Sequence[Batch]) -> "asyncio.Future[list[Any]] | None":
        """Sends what batches of several partitions have come to on its way to be stored, without
        waiting for it; each of them `is_whole`. The replies are for `stored`. None: it is all for
        `settle`."""
        if self._replicas.wanted:
            return None  # the workers are told later
        return self._ledger.post([(batch.lease, batch.position, batch.work) for batch in batches])

    def stored(self, batch: Batch, reply: Any) -> bool:
        """Takes in what `post` has come to. Whether that is all; else the batch is for `settle`."""
        lease = self._ledger.lease_after(batch.lease, batch.position, reply)
        if lease is None:
            return False
        work = batch.work
        batch.stored(lease)
        _count(work)
        batch.upkeep = self._compaction.due(work)
        metrics.BATCH.observe(batch.done)
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - batch.began)
        return not batch.upkeep

    async def settle(self, batch: Batch, more: More = nothing_more) -> Lease:
        """Settles what is left of a batch that has begun; returns the lease at its new position.

        An edit that takes long is worked on beside the event loop. Until it is done its pad stands
        still, and no other: theirs are settled out of turn, also those that `more` reads meanwhile.

        Whatever stands in the entries, or in the keys of their pads, is passed: it costs those
        entries, which are refused, and nobody else. Raises `LeaseLost`, or `Stuck` where nothing of
        the partition can be stored. While the server is away it goes on trying: entries that have
        been read are only ours until somebody else has the lease.
        """
        if batch.upkeep:
            await self._keep_up(batch.lease, batch.upkeep)
        if batch.done == len(batch.received):
            return batch.lease
        while batch.done < len(batch.received):
            try:
                await self._settle(batch, more)
            except ToStop:
                self._begin_again(batch)
                batch.leave()
            except Spoilt as error:
                self._begin_again(batch)
                batch.blame(error.pad, error.why, damaged=error.damaged)
            except (LeaseLost, *UNREACHABLE):
                raise
            except Exception as error:
                self._begin_again(batch)
                # What is forbidden now will be allowed again: nobody's entries are to blame.
                if is_forbidden(error) or not batch.find_culprit(_named(error)):
                    raise Stuck(_named(error)) from error
                log.warning("batch not stored", extra={"error": str(error), "at": batch.position})
        metrics.BATCH.observe(batch.done)
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - batch.began)
        return batch.lease

    async def _settle(self, batch: Batch, more: More) -> None:
        turn = time.perf_counter()
        while batch.taken < len(batch.received):
            received = batch.received[batch.taken]
            if batch.weight > COMMIT_BYTES:
                await self._commit(batch)
            if (now := time.perf_counter()) - turn > self._turn:
                # Rebasing very stale submissions takes long. Were a batch of them committed only
                # at its end, the lease could run out first, and the next writer would fare no
                # better with the same batch. So what is done is committed, and the leases get
                # their turn.
                await self._commit(batch)
                await rest(0)
                turn = now
            entry_id, entry, faulty = await self._fetch(batch, received)
            if isinstance(entry, Deletion):
                # A deletion takes the pad's keys away and therefore has a call of its own.
                await self._commit(batch)
                await self._delete(batch, entry_id, entry)
                continue
            if faulty is not None:
                await self._pass(batch, received._replace(entry=None, unread=faulty))
            elif entry is not None:
                try:
                    await self._take(batch, entry_id, entry)
                except TooMuchWork:
                    await self._take_heavy(batch, entry_id, entry, more)
                    turn = time.perf_counter()
            batch.taken += 1
            if batch.singly:
                await self._commit(batch)
        await self._commit(batch)

    async def _take_heavy(self, batch: Batch, entry_id: str, entry: Entry, more: More) -> None:
        """Takes an entry that is too much for the event loop; others are settled meanwhile. Raises
        `ToStop`, with nothing done of the entry that counts."""
        # What others have come to waits for nobody. The entry itself is not settled by that yet.
        received = batch.received[batch.taken]
        own = [batch.staged.pop()] if isinstance(received.entry, Staged) else []
        await self._commit(batch)
        batch.staged += own
        if await more(None) is None:
            raise ToStop
        metrics.HEAVY.inc()
        rest = Rest(
            entry.pad,
            batch.received[batch.taken + 1 :],
            batch.read_to or batch.received[-1].id,
        )
        taking = awaited(Boxed(self._take(batch, entry_id, entry, heavy=True)), "heavy entry")
        try:
            while not await rest.is_over(taking, more):
                await self._settle_aside(batch, rest)
            if isinstance(outcome := await taking, TaskFault):
                raise outcome.take()
        finally:
            if not taking.done() and (item := batch.work.get(entry.pad)) is not None:
                # A thread cannot be cancelled. It ends where it looks next, and nobody wants what
                # it has done by then.
                item.pad.give_up()
                self._pads.forget(entry.pad)
            forget(taking)
            batch.received[batch.taken + 1 :] = rest.left
            batch.read_to = rest.read_to

    async def _settle_aside(self, batch: Batch, rest: Rest) -> None:
        """Settles entries of other pads than those that have to wait, out of turn. What goes wrong
        with that is found out when it is their turn."""
        aside = Batch(batch.lease, [], refused=batch.refused)
        settled: list[str] = []
        try:
            for received in rest.next():
                if not await self._take_aside(aside, received, rest):
                    continue
                settled.append(received.id)
                if aside.weight > COMMIT_BYTES:
                    await self._store(aside, aside.lease.position, *settled)
                    rest.settled(settled)
                    settled = []
            if settled:
                await self._store(aside, aside.lease.position, *settled)
                rest.settled(settled)
        except (LeaseLost, *UNREACHABLE):
            raise
        except Exception as error:
            log.warning("entries not settled out of turn", extra={"error": _named(error)})
            self._begin_again(aside)
            rest.end()

    async def _take_aside(self, aside: Batch, received: Received, rest: Rest) -> bool:
        """False: it has to wait for its turn."""
        if rest.has_to_wait(received):
            return False
        staged = len(aside.staged)
        entry_id, entry, _ = await self._fetch(aside, received)
        if entry is not None and not rest.has_to_wait(received, entry):
            try:
                await self._take(aside, entry_id, entry)
                return True
            except TooMuchWork:
                pass
        rest.wait(received)
        del aside.staged[staged:]
        return False

    def _begin_again(self, batch: Batch) -> None:
        for pad_id in batch.begin_again():
            self._pads.forget(pad_id)

    async def _fetch(
        self, batch: Batch, received: Received
    ) -> tuple[str, Entry | None, UnreadEntry | None]:
        """The entry, from beside the inbox if it stands there; or what is wrong with it."""
        entry = received.entry
        if not isinstance(entry, Staged):
            batch.weight += len(entry.changeset) if isinstance(entry, Submission) else 0
            return received.id, entry, received.unread
        partition = batch.lease.partition
        batch.weight += entry.size
        batch.staged.append(self._keyspace.staging(partition, entry.token))
        try:
            whole = await patiently(read_staged, self._redis, self._keyspace, partition, entry)
            return received.id, whole, None
        except UnreadableEntry as error:
            found = unread(error.reason, str(error), entry.size, b"")
            return received.id, None, found._replace(pad=entry.pad, origin=entry.origin)

    async def _pass(self, batch: Batch, received: Received) -> None:
        """What cannot be read is noted, and refused if it can be seen whose it is."""
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
        """Work on a pad that so far is to be given answers only."""
        keys = self._keyspace.pad(pad_id)
        try:
            if why := batch.refused.get(pad_id):
                raise CorruptPad(why)
            pad = await patiently(self._pads.get, pad_id)
            return PadBatch(keys, pad, pad.head, pad.chain)
        except PadAway as error:
            return PadBatch(keys, WriterPad(), None, away=str(error))
        except (CorruptPad, HistoryGap) as error:
            self._is_corrupt(pad_id, error)
            return await self._unreadable(keys, str(error))

    async def _take(
        self, batch: Batch, entry_id: str, entry: Entry, *, heavy: bool = False
    ) -> None:
        """Raises `TooMuchWork`, with nothing done, where it would hold the event loop and is not
        said to be `heavy`."""
        trace, began = tracing.chosen(entry.origin), time.time_ns()
        keys, work = self._keyspace.pad(entry.pad), batch.work
        item = work.get(entry.pad)
        try:
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
                item = work[entry.pad] = PadBatch(keys, pad, pad.head, pad.chain)
            await self._apply(entry, item, heavy=heavy)
        except TooMuchWork:
            if item is not None and item.is_empty:
                del work[entry.pad]
            raise
        except PadAway as error:
            item = self._is_away(batch, entry, error)
        except (CorruptPad, HistoryGap) as error:
            self._is_corrupt(entry.pad, error)
            if item is None:
                item = work[entry.pad] = await self._unreadable(keys, str(error))
            refusal = Outcome(entry.origin, "refused", -1, "corruptPad", str(error))
            item.outcomes.append(refusal)
        except UNREACHABLE:
            raise
        except Exception as error:
            if is_forbidden(error):
                raise
            # A fault of ours, met by this entry. It must not stop the partition for everyone.
            log.exception("entry refused because of a fault", extra={"pad": entry.pad})
            if item is None:
                item = work[entry.pad] = await self._unreadable(keys, "internal fault")
            else:
                await self._load_again(entry.pad, item)
            refusal = Outcome(
                entry.origin, "refused", item.pad.head, "badChangeset", "internal fault"
            )
            item.outcomes.append(refusal)
        if trace is not None:
            trace.span("wait for the writer", entered_at(entry_id), began)
            trace.span("rebase", began, head=item.pad.head)
            item.traces.append(trace)

    def _is_away(self, batch: Batch, entry: Entry, error: Exception) -> PadBatch:
        """An entry of a pad that cannot be had at present: whoever it is from has to come again."""
        log.warning("pad unavailable", extra={"pad": entry.pad, "error": str(error)})
        keys = self._keyspace.pad(entry.pad)
        item = batch.work.get(entry.pad)
        if item is None:
            item = batch.work[entry.pad] = PadBatch(keys, WriterPad(), None, away=str(error))
        item.outcomes.append(Outcome(entry.origin, "refused", -1, AWAY, str(error)))
        return item

    async def _unreadable(self, keys: PadKeys, why: str) -> PadBatch:
        """What is stored of the pad stays untouched; answers alone are published, under the epoch
        that its rooms know."""
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
        """What a fault has left of the pad in memory is not known. Brings it to where it was before
        the entry: what is stored, and what the batch has come to so far."""
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
    ) -> Result:
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
        """The changes from `first` on that the pad no longer has in memory. Raises `TooMuchWork`,
        before anything is read where their number says so."""
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

    async def _commit(self, batch: Batch) -> None:
        if batch.position != batch.lease.position:
            await self._store(batch, batch.position)

    async def _store(self, batch: Batch, position: str, *aside: str) -> None:
        work = batch.work
        staged = batch.staged
        batch.stored(await self._ledger.commit(batch.lease, position, work, *aside))
        await self._clear_away(staged)
        if self._redis.elsewhere is not None:
            await self._note_hot([pad for pad, item in work.items() if item.created])
        _count(work)
        await self._keep_up(batch.lease, self._compaction.due(work))

    async def _keep_up(self, lease: Lease, work: Mapping[str, PadBatch]) -> None:
        for pad_id, item in work.items():
            await self._compaction.after_commit(lease, pad_id, item.pad, item.wrote)

    async def _note_hot(self, made: list[str]) -> None:
        """So that the cold store gets to know of new pads. Lost, it is made up for when somebody
        takes the partition."""
        wanted = [pad for pad in made if not pad.startswith(CANARY)]
        if wanted:
            try:
                await note_hot(self._redis, self._keyspace, wanted)
            except (*UNREACHABLE, RedisError) as error:
                log.warning("new pads not recorded", extra={"error": str(error)})

    async def _clear_away(self, staged: list[str]) -> None:
        if staged:
            try:
                await drop_staged(self._redis, staged)
            except (*UNREACHABLE, RedisError) as error:
                log.warning("staged entry not removed, it expires", extra={"error": str(error)})

    async def tell_untold(self, lease: Lease) -> None:
        """Makes up for the writer before, which committed and did not live to tell. Raises
        `LeaseLost`."""
        await self._ledger.tell_untold(lease)

    async def _delete(self, batch: Batch, entry_id: str, entry: Deletion) -> None:
        keys = self._keyspace.pad(entry.pad)
        batch.taken += 1
        try:
            if why := batch.refused.get(entry.pad):
                raise CorruptPad(why)
            pad = await patiently(self._pads.get, entry.pad)
        except PadAway as error:
            self._is_away(batch, entry, error)
            await self._commit(batch)
            return
        except CorruptPad as error:
            self._is_corrupt(entry.pad, error)
            item = await self._unreadable(keys, str(error))
            item.outcomes.append(Outcome(entry.origin, "refused", -1, "corruptPad", str(error)))
            batch.work = {entry.pad: item}
            await self._commit(batch)
            return
        if not pad.exists or not (entry.allowed or pad.creator == entry.author):
            reason = "notCreator" if pad.exists else "deleted"
            refusal = Outcome(entry.origin, "refused", pad.head, reason, "only its creator may")
            batch.work = {entry.pad: PadBatch(keys, pad, None, outcomes=[refusal])}
            await self._commit(batch)
            return
        if entry.only_at not in (None, pad.head):
            why = f"it is at revision {pad.head} by now"
            refusal = Outcome(entry.origin, "refused", pad.head, OVERTAKEN, why)
            batch.work = {entry.pad: PadBatch(keys, pad, None, outcomes=[refusal])}
            await self._commit(batch)
            return
        meta = await patiently(read_meta_here, self._redis, keys)
        batch.work = {entry.pad: PadBatch(keys, pad, pad.head)}  # to be forgotten, should this fail
        batch.stored(await self._ledger.delete(batch.lease, entry_id, keys, pad.epoch + 1))
        self._pads.forget(entry.pad)
        if meta.read_only_id is not None:
            await patiently(forget_read_only, self._redis, meta.read_only_id)
        log.info("pad deleted", extra={"pad": entry.pad, "author": entry.author})

    def _is_corrupt(self, pad_id: str, error: Exception) -> None:
        log.error("corrupt pad", extra={"pad": pad_id, "error": str(error)})
        metrics.CORRUPT.inc()
        self.damages.note(pad_id, str(error))


async def _read_patiently(redis: Redis, keys: PadKeys, first: int, last: int) -> list[Revision]:
    return await patiently(read_revisions, redis, keys, first, last)


def _count(work: Mapping[str, PadBatch]) -> None:
    for item in work.values():
        metrics.REVISIONS.value += len(item.revisions)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _changes(pad: WriterPad, revisions: list[Revision]) -> list[DocumentChange]:
    return [pad.change_of(revision) for revision in revisions]
