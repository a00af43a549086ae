"""Reads inboxes round after round, and has what they bring settled.

A round is one read of all inboxes that have entries, and one message to Redis with all of their
results, together with the next read. Work that has to wait for something, or fails, becomes a task
of its partition, and does not hold up the others.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from padfleet.services.writer.leases.inboxes import BLOCK_MS, Batches, Inboxes
from padfleet.services.writer.leases.pacing import RoundPace
from padfleet.services.writer.leases.partition_lock import PartitionLock
from padfleet.services.writer.settling.batch import Batch
from padfleet.services.writer.settling.batch_processor import BatchProcessor, Stuck
from padfleet.services.writer.settling.heavy import More, nothing_more
from padfleet.services.writer.storing.committer import LeaseLost
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.supervision.progress import progress, rest
from padfleet.shared.task_faults import as_if_never_asked
from padfleet.shared.tasks import awaited

log = logging.getLogger(__name__)

ROUND = 0.05
"""How many seconds a round waits for its partitions, so that as many entries as possible are
settled together."""


class Holdings(Protocol):
    """The partitions of a writer, as `LeaseManager` has them."""

    stopping: bool

    @property
    def held(self) -> Mapping[int, Lease]:
        """Returns the leases at their positions, by partition."""

    def lock(self, partition: int) -> PartitionLock:
        """Returns the lock for working on what is stored of the partition."""

    def is_held(self, lease: Lease) -> bool:
        """Returns whether the lease is still ours, as far as we know, at any position."""

    def moved(self, lease: Lease) -> None:
        """Notes that the inbox has been settled up to the lease's position."""

    def lose(self, lease: Lease, why: str) -> None:
        """Notes that somebody else has the lease, or that what we know of the partition is void."""

    def is_stuck(self, lease: Lease, why: str) -> None:
        """Notes that nothing of the partition can be stored."""


class Follower:
    """Follows the inboxes of those of some partitions that are held."""

    def __init__(
        self,
        partitions: Sequence[int],
        holdings: Holdings,
        processor: BatchProcessor,
        inboxes: Inboxes,
        pace: RoundPace,
    ) -> None:
        self._partitions = partitions
        self._holdings = holdings
        self._processor = processor
        self._inboxes = inboxes
        self._pace = pace
        self._busy: dict[int, asyncio.Task[None]] = {}  #: work that goes on by itself, by partition
        self._begun: list[asyncio.Task[None]] = []  #: those that the next read waits for
        self._posted: dict[int, Batch] = {}  #: batches that are being stored; these are locked
        self._answer: asyncio.Future[list[Any]] | None = None  #: the answer to them

    async def follow(self) -> None:
        """Runs until the writer stops, and everything in progress has been settled."""
        try:
            while not self._holdings.stopping:
                progress()
                await self._round()
            await self._answered()
            if self._busy:
                await asyncio.wait(self._busy.values())
        finally:
            if self._answer is not None:
                self._answer.cancel()
            for task in self._busy.values():
                as_if_never_asked(task)
            self._busy = {}

    async def _round(self) -> None:
        held, busy = self._holdings.held, self._busy
        if self._begun:
            # Most work takes a moment. A partition with more work does not hold up the others: it
            # is left out of the next read, and goes on by itself.
            begun = [*self._begun]
            await asyncio.wait(begun, timeout=ROUND)
            del self._begun[: len(begun)]
        for p in [p for p, task in busy.items() if task.done()]:
            busy.pop(p).result()
        free = [p for p in self._partitions if p in held and p not in busy]
        if not free:
            await rest(ROUND if busy else BLOCK_MS / 1000)
            return
        now = asyncio.get_running_loop().time
        due, seconds = self._pace.next_read(now(), free)
        if not due:
            await rest(seconds)
            return
        posted = self._posted
        positions = {p: posted[p].position if p in posted else held[p].position for p in due}
        whole = len(positions) == len(self._partitions)
        found = await self._inboxes.next(positions, seconds, whole=whole)
        await self._answered()
        if found:
            self._pace.read(now(), {p: len(received) for p, received in found.items()})
            await self._begin(positions, found)

    async def _begin(self, positions: Mapping[int, str], found: Batches) -> None:
        """Begins to settle what was read after these positions."""
        whole: list[Batch] = []
        for partition, received in found.items():
            if partition in self._busy:
                continue  # what came before takes longer after all; this is read again behind it
            lock = self._holdings.lock(partition)
            if lock.locked():
                # Somebody is working on its pads at the moment, or is about to give it back.
                later = self._later(partition, positions[partition], received)
                self._keep(partition, awaited(later, "batch"))
                continue
            lease = self._holdings.held.get(partition)
            if lease is None or lease.position != positions[partition]:
                continue  # given back or lost while we read; its next owner reads it again
            await lock.acquire()  # which takes no time
            batch = self._processor.begin(lease, received)
            if batch.is_whole:
                whole.append(batch)
            else:
                self._go_on(batch)
        answer = self._processor.post(whole) if whole else None
        if answer is None:
            for batch in whole:
                self._go_on(batch)
            return
        self._posted = {batch.lease.partition: batch for batch in whole}
        self._answer = answer
        answer.add_done_callback(self._take_answer)

    # --- On its way to be stored -----------------------------------------------------------------

    async def _answered(self) -> None:
        """Returns when it is known what has become of what was posted."""
        if (answer := self._answer) is not None:
            if not answer.done():
                await answer
            self._take_answer(answer)  # if that is still to come

    def _take_answer(self, answer: "asyncio.Future[list[Any]]") -> None:
        if answer is not self._answer:
            return
        posted, self._posted, self._answer = self._posted, {}, None
        if answer.cancelled():
            for batch in posted.values():
                self._holdings.lose(batch.lease, "it was cancelled")
                self._holdings.lock(batch.lease.partition).release()
            return
        for batch, reply in zip(posted.values(), answer.result(), strict=True):
            if self._processor.stored(batch, reply):
                self._holdings.moved(batch.lease)
                self._holdings.lock(batch.lease.partition).release()
            else:
                self._go_on(batch)

    # --- What takes longer -----------------------------------------------------------------------

    def _keep(self, partition: int, task: "asyncio.Task[None]") -> None:
        self._busy[partition] = task
        self._begun.append(task)
        task.add_done_callback(partial(self._ended, partition))

    def _go_on(self, batch: Batch) -> None:
        """Settles the rest of a batch whose partition is locked, and unlocks it at the end."""
        partition = batch.lease.partition
        task = awaited(self._settle(batch), "batch")
        # Not within the task: one that is cancelled before it has started does nothing at all.
        task.add_done_callback(lambda _: self._holdings.lock(partition).release())
        self._keep(partition, task)

    async def _later(self, partition: int, read_from: str, received: list[Received]) -> None:
        async with self._holdings.lock(partition):
            lease = self._holdings.held.get(partition)
            if lease is not None and lease.position == read_from:
                await self._settle(self._processor.begin(lease, received))

    def _ended(self, partition: int, task: "asyncio.Task[None]") -> None:
        """Has a partition read on by itself if the others have been read without it: that read may
        wait for a quarter of a second, and where there is much work, most of the time would be
        spent waiting."""
        is_left_out = self._busy.get(partition) is task and task not in self._begun
        if is_left_out and not task.cancelled() and task.exception() is None:
            self._busy[partition] = awaited(self._read_alone(partition), "batch")

    async def _read_alone(self, partition: int) -> None:
        """Settles what has come to one inbox, until there is no more. Whoever else waits for the
        partition has it between two batches."""
        settled = None
        while not self._holdings.stopping:
            lease = self._holdings.held.get(partition)
            if lease is None or lease == settled:
                return  # lost, or nothing of it can be stored
            received = await self._inboxes.beyond(partition, lease.position)
            if not received:
                return
            await self._later(partition, lease.position, received)
            settled = lease

    async def _settle(self, batch: Batch) -> None:
        await finish(self._holdings, self._processor, batch, partial(self._read_on, batch.lease))

    async def _read_on(self, lease: Lease, behind: str | None) -> list[Received] | None:
        """Implements `heavy.More`."""
        if self._holdings.stopping:
            return None
        if not self._holdings.is_held(lease):
            raise LeaseLost("somebody else may have it by now")
        return await self._inboxes.beyond(lease.partition, behind) if behind is not None else []


async def finish(
    holdings: Holdings, processor: BatchProcessor, batch: Batch, more: More = nothing_more
) -> None:
    """Settles the rest of a batch whose partition is locked, and notes what has become of the
    lease. The arguments of `BatchProcessor.settle` come last."""
    lease = batch.lease
    try:
        holdings.moved(await processor.settle(batch, more))
    except LeaseLost as error:
        holdings.lose(lease, str(error))
    except Stuck as error:
        holdings.is_stuck(lease, str(error))
    except BaseException as error:
        # What this batch did in memory is not in the log. Start again from what is stored.
        holdings.lose(lease, "fault")
        if not isinstance(error, Exception):
            raise
        log.exception("batch failed", extra={"partition": lease.partition})
