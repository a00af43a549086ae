"""Decides what becomes of the entries in one partition's inbox; `committer` stores the result."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from redis.exceptions import RedisError

from padfleet.services.writer import metrics
from padfleet.services.writer.damaged_pads import DamagedPads
from padfleet.services.writer.pads.cache import PadAway, PadCache
from padfleet.services.writer.settling.batch import Batch
from padfleet.services.writer.settling.entry_handler import EntryHandler
from padfleet.services.writer.settling.heavy import More, Rest, ToStop, nothing_more
from padfleet.services.writer.settling.light import take_light
from padfleet.services.writer.settling.turn import Turn
from padfleet.services.writer.storing.committer import Committer, LeaseLost, Spoilt, patiently
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.services.writer.storing.replicas import Replicas
from padfleet.shared.easysync.effort import TooMuchWork
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.damage import CorruptPad, is_forbidden
from padfleet.shared.log.entries import Deletion, Entry, Submission
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.reading import drop_staged, read_staged
from padfleet.shared.log.inboxes.received import (
    Received,
    Staged,
    UnreadableEntry,
    UnreadEntry,
    unread,
)
from padfleet.shared.log.keys import CANARY, Keyspace
from padfleet.shared.log.outcomes import OVERTAKEN, Outcome
from padfleet.shared.log.pad.meta import read_meta_here
from padfleet.shared.log.pad.moving import note_hot
from padfleet.shared.log.pad.pads import forget_read_only
from padfleet.shared.task_faults import Boxed, TaskFault, forget
from padfleet.shared.tasks import awaited

log = logging.getLogger(__name__)

COMMIT_BYTES = 4 << 20
"""Approximate bytes of edits after which the part of a batch that is done is committed."""

NAMED_PADS = 1_000
"""For how many pads the names of their keys are kept, at 2 KB each. Making them takes as long as
the check of a short edit."""

COMMITS_PER_LEASE = 30
"""How many times within one lease the finished part of a long batch is committed: every 100 ms with
the default lease."""


class Stuck(Exception):
    """Nothing of the partition can be stored at the moment, whatever is in its inbox."""


class BatchProcessor:
    """Turns batches of inbox entries into commits, for any partition whose lease we hold."""

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
        self._keys_of = lru_cache(NAMED_PADS)(keyspace.pad)
        self._pads = pads
        self._compaction = compaction
        self._replicas = replicas
        self._committer = Committer(redis, keyspace, replicas, lease_ms)
        self._between_commits = lease_ms / 1000 / COMMITS_PER_LEASE
        self.turn = Turn()
        self.entries = EntryHandler(redis, keyspace, pads)
        self._made: set[str] = set()  #: pads of which the cold store may not know yet

    @property
    def damages(self) -> DamagedPads:
        """Returns the pads that could not be read, or only in part, since the writer began."""
        return self.entries.damages

    def begin(self, lease: Lease, received: list[Received]) -> Batch:
        """Begins a batch of entries that come right after the lease's position. Everything in it
        that has nothing to wait for is taken, but not stored."""
        batch = Batch(lease, [*received])
        try:
            take_light(batch, self._pads.known, self._keys_of, self.turn.is_over)
        except Exception:
            self.begin_again(batch)  # met again when it is the entry's turn, and said then
        return batch

    def post(self, batches: Sequence[Batch]) -> "asyncio.Future[list[Any]] | None":
        """Sends the work of batches of several partitions to be stored, without waiting; each of
        them `is_whole`. Pass the replies to `stored`. Returns None if all of them have to go
        through `settle`."""
        if self.waits_for_replicas:
            return None  # the workers are told later
        return self._committer.post(
            [(batch.lease, batch.position, batch.work) for batch in batches]
        )

    def stored(self, batch: Batch, reply: Any) -> bool:
        """Takes in the reply to `post`. Returns whether that completes the batch; if not, it has to
        go through `settle`."""
        lease = self._committer.lease_after(batch.lease, batch.position, reply)
        if lease is None:
            return False
        work = batch.work
        batch.stored(lease)
        _count(work)
        batch.upkeep = self._compaction.due(work)
        metrics.BATCH.observe(batch.done)
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - batch.began)
        return not batch.upkeep

    @property
    def waits_for_replicas(self) -> bool:
        """Returns whether nobody is told of a commit before replicas have it, so that nothing can
        be posted."""
        return bool(self._replicas.wanted)

    @property
    def is_on_cluster(self) -> bool:
        """Returns whether batches of different partitions have to be posted one by one."""
        return self._redis.is_cluster

    async def settle(self, batch: Batch, more: More = nothing_more) -> Lease:
        """Settles the rest of a batch that has begun; returns the lease at its new position.

        An edit that takes long is processed in a thread. Until it is done, only its own pad is
        blocked: entries of others are settled out of turn, including those that `more` reads
        meanwhile.

        Bad entries, and entries of pads with bad keys, are skipped: those entries are refused, and
        nobody else is affected. Raises `LeaseLost`, or `Stuck` if nothing of the partition can be
        stored. While the server is away it keeps trying: entries that have been read are ours only
        until somebody else has the lease.
        """
        if batch.upkeep:
            await self._keep_up(batch.lease, batch.upkeep)
        if batch.done == len(batch.received):
            return batch.lease
        while batch.done < len(batch.received):
            try:
                await self._settle(batch, more)
            except ToStop:
                self.begin_again(batch)
                batch.leave()
            except Spoilt as error:
                self.begin_again(batch)
                batch.blame(error.pad, error.why, damaged=error.damaged)
            except (LeaseLost, *UNREACHABLE):
                raise
            except Exception as error:
                self.begin_again(batch)
                # What is forbidden now will be allowed again, so nobody's entries are to blame.
                if is_forbidden(error) or not batch.find_culprit(_named(error)):
                    raise Stuck(_named(error)) from error
                log.warning("batch not stored", extra={"error": str(error), "at": batch.position})
        metrics.BATCH.observe(batch.done)
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - batch.began)
        return batch.lease

    async def _settle(self, batch: Batch, more: More) -> None:
        committed = time.perf_counter()
        while batch.taken < len(batch.received):
            received = batch.received[batch.taken]
            if batch.weight > COMMIT_BYTES:
                await self._commit(batch)
            if (now := time.perf_counter()) - committed > self._between_commits:
                # Rebasing very stale submissions takes long. If a batch of them were committed only
                # at its end, the lease could run out first, and the next writer would fare no
                # better with the same batch. So the finished part is committed.
                await self._commit(batch)
                committed = now
            await self.turn.come()
            entry_id, entry, faulty = await self._fetch(batch, received)
            if isinstance(entry, Deletion):
                # A deletion removes the pad's keys, and therefore has a call of its own.
                await self._commit(batch)
                await self._delete(batch, entry_id, entry)
                continue
            if faulty is not None:
                await self.entries.refuse_unread(
                    batch, received._replace(entry=None, unread=faulty)
                )
            elif entry is not None:
                try:
                    await self.entries.take(batch, entry_id, entry)
                except TooMuchWork:
                    await self._take_heavy(batch, entry_id, entry, more)
                    committed = time.perf_counter()
            batch.taken += 1
            if batch.singly:
                await self._commit(batch)
        await self._commit(batch)

    async def _take_heavy(self, batch: Batch, entry_id: str, entry: Entry, more: More) -> None:
        """Takes an entry that is too much for the event loop; others are settled meanwhile. Raises
        `ToStop`, without any lasting effect of the entry."""
        # The results of earlier entries need not wait. This entry is not settled by storing them.
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
        taking = awaited(
            Boxed(self.entries.take(batch, entry_id, entry, heavy=True)), "heavy entry"
        )
        try:
            while not await rest.is_over(taking, more):
                await self._settle_aside(batch, rest)
            if isinstance(outcome := await taking, TaskFault):
                raise outcome.take()
        finally:
            if not taking.done() and (item := batch.work.get(entry.pad)) is not None:
                # A thread cannot be cancelled. It ends at its next check, and its result is not
                # used.
                item.pad.give_up()
                self._pads.forget(entry.pad)
            forget(taking)
            batch.received[batch.taken + 1 :] = rest.left
            batch.read_to = rest.read_to

    async def _settle_aside(self, batch: Batch, rest: Rest) -> None:
        """Settles entries of pads that do not have to wait, out of turn. If something goes wrong
        with one, that is found out in its turn."""
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
            self.begin_again(aside)
            rest.end()

    async def _take_aside(self, aside: Batch, received: Received, rest: Rest) -> bool:
        """Returns False if the entry has to wait for its turn."""
        if rest.has_to_wait(received):
            return False
        staged = len(aside.staged)
        await self.turn.come()
        entry_id, entry, _ = await self._fetch(aside, received)
        if entry is not None and not rest.has_to_wait(received, entry):
            try:
                await self.entries.take(aside, entry_id, entry)
                return True
            except TooMuchWork:
                pass
        rest.wait(received)
        del aside.staged[staged:]
        return False

    def begin_again(self, batch: Batch) -> None:
        """Gives up the work of a batch that is not known to have been stored, and forgets the pads
        in memory that are ahead because of it."""
        for pad_id in batch.begin_again():
            self._pads.forget(pad_id)

    async def _fetch(
        self, batch: Batch, received: Received
    ) -> tuple[str, Entry | None, UnreadEntry | None]:
        """Returns the entry, read from beside the inbox if it is stored there; or what is wrong
        with it."""
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

    async def _commit(self, batch: Batch) -> None:
        if batch.position != batch.lease.position:
            await self._store(batch, batch.position)

    async def _store(self, batch: Batch, position: str, *aside: str) -> None:
        work = batch.work
        staged = batch.staged
        if self._redis.elsewhere is not None:
            created = (pad for pad, item in work.items() if item.created)
            self._made.update(pad for pad in created if not pad.startswith(CANARY))
        batch.stored(await self._committer.commit(batch.lease, position, work, *aside))
        await self._clear_away(staged)
        await self._note_made()
        _count(work)
        await self._keep_up(batch.lease, self._compaction.due(work))

    async def _keep_up(self, lease: Lease, work: Mapping[str, PadBatch]) -> None:
        for pad_id, item in work.items():
            await self._compaction.after_commit(lease, pad_id, item.pad, item.wrote)

    async def _note_made(self) -> None:
        """Lets the cold store know of new pads. Those whose commit failed are among them, since it
        may have been done all the same. If this is not done, it is after the next commit; if the
        writer dies, it is made up for when another one takes the partition."""
        if made := list(self._made):
            try:
                await note_hot(self._redis, self._keyspace, made)
                self._made.difference_update(made)
            except (*UNREACHABLE, RedisError) as error:
                log.warning("new pads not recorded", extra={"error": str(error)})

    async def _clear_away(self, staged: list[str]) -> None:
        if staged:
            try:
                await drop_staged(self._redis, staged)
            except (*UNREACHABLE, RedisError) as error:
                log.warning("staged entry not removed, it expires", extra={"error": str(error)})

    async def tell_untold(self, lease: Lease) -> None:
        """Publishes what the previous writer committed and did not live to publish. Raises
        `LeaseLost`."""
        await self._committer.tell_untold(lease)

    async def _delete(self, batch: Batch, entry_id: str, entry: Deletion) -> None:
        keys = self._keyspace.pad(entry.pad)
        batch.taken += 1
        try:
            if why := batch.refused.get(entry.pad):
                raise CorruptPad(why)
            pad = await patiently(self._pads.get, entry.pad)
        except PadAway as error:
            self.entries.away(batch, entry, error)
            await self._commit(batch)
            return
        except CorruptPad as error:
            await self.entries.corrupt(batch, entry, error)
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
        batch.stored(await self._committer.delete(batch.lease, entry_id, keys, pad.epoch + 1))
        self._pads.forget(entry.pad)
        if meta.read_only_id is not None:
            await patiently(forget_read_only, self._redis, meta.read_only_id)
        log.info("pad deleted", extra={"pad": entry.pad, "author": entry.author})


def _count(work: Mapping[str, PadBatch]) -> None:
    for item in work.values():
        metrics.REVISIONS.value += len(item.revisions)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
