"""Settles edits that come from the worker in this process, without an inbox.

It is a short cut, and never needed: whatever is not simple (a partition that somebody works on for
long, a pad that is not in memory, a commit that fails or whose reply is lost) is left to the inbox.
The log remains the only truth. An edit is committed by the same script under the same lease, with
the inbox position left where it is, and a writer that finds it again in an inbox recognises it by
its origin (I2). Whatever is in the inbox, and whatever else happens to a partition, is kept apart
from it by the partition's lock.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any

from padfleet.services.writer import metrics
from padfleet.services.writer.leases.follower import Holdings, finish
from padfleet.services.writer.leases.pacing import RoundPace
from padfleet.services.writer.leases.partition_lock import PartitionLock
from padfleet.services.writer.settling.batch import Batch
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.shared.log.inboxes.local import DirectEdit
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

LOCK_PATIENCE = 0.2
"""How many seconds edits wait for a partition that somebody else works on. Nearly always that is a
commit, which takes a moment. An edit that went to the inbox instead would be another commit for the
next ones to find there, and on a busy writer they would soon all go that way, which costs three
times as much."""

Work = tuple[Batch, Sequence[DirectEdit]]
"""A batch, and the edits whose submissions are in it."""


class DirectEdits:
    """The edits for partitions that share their rounds. Those of one turn of the event loop are
    committed together; while a partition's commit is under way, its next edits gather."""

    def __init__(
        self, holdings: Holdings, processor: BatchProcessor, pace: RoundPace, *, count: int
    ) -> None:
        """Takes what the follower of the same partitions takes, and the largest number of edits of
        a partition in one commit."""
        self._holdings = holdings
        self._processor = processor
        self._pace = pace
        self._count = count
        self._waiting: dict[int, list[DirectEdit]] = {}
        self._committing: set[int] = set()  #: partitions, which are locked
        self._held_up: dict[int, asyncio.TimerHandle | None] = {}
        """The partitions that somebody else works on, with the end of our patience; None: it has
        ended, and until the partition is free, all of its edits are for the inbox."""
        self._is_due = False  #: whether `_settle` is called in this turn of the event loop
        self._later: asyncio.TimerHandle | None = None  #: or the timer that calls it
        self._later_at = 0.0  #: when that does (uvloop's handles for the near future do not say)
        self._tasks = Tasks()

    def take(self, edit: DirectEdit) -> bool:
        """Implements `LocalWriter.take`."""
        partition = edit.partition
        if self._holdings.stopping or partition not in self._holdings.held:
            return False
        if self._processor.waits_for_replicas:
            return False
        if partition in self._held_up:
            if self._held_up[partition] is None:
                return False
        elif partition not in self._committing:  # otherwise the reply to its commit comes first
            self._plan_for((partition,))
        self._waiting.setdefault(partition, []).append(edit)
        return True

    def _plan(self) -> None:
        """Sees to it that whatever waits has its turn."""
        self._plan_for(self._free())

    def _free(self) -> set[int]:
        """Returns the partitions with edits that have nothing but time to wait for."""
        return self._waiting.keys() - self._committing - self._held_up.keys()

    def _plan_for(self, free: Collection[int]) -> None:
        """Sees to it that what waits for these partitions has its turn."""
        if self._is_due or not free:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        wait = min(self._pace.wait(now, partition) for partition in free)
        if self._later is not None:
            if wait > 0 and self._later_at <= now + wait:
                return
            self._later.cancel()
            self._later = None
        if wait > 0:
            self._later_at = now + wait
            self._later = loop.call_at(self._later_at, self._settle)
        else:
            self._is_due = True
            loop.call_soon(self._settle)

    # --- To be committed -------------------------------------------------------------------------

    def _settle(self) -> None:
        """Commits what is due."""
        self._is_due, self._later = False, None
        now = asyncio.get_running_loop().time()
        begun: list[Work] = []
        for partition in self._free():
            if self._processor.turn.is_over():
                break  # the others have the next turn
            if self._pace.wait(now, partition) > 0:
                continue
            if self._lock(partition).take():
                begun += self._begin(partition, self._gathered(partition))
            else:
                self._hold_up(partition)
        if begun:
            self._pace.settled(now, {batch.lease.partition: len(edits) for batch, edits in begun})
            for together in self._groups(begun):
                self._post(together)
        self._plan()

    def _gathered(self, partition: int) -> Sequence[DirectEdit]:
        edits = self._waiting.pop(partition)
        if edits[self._count :]:
            self._waiting[partition] = edits[self._count :]
        return edits[: self._count]

    def _begin(self, partition: int, edits: Sequence[DirectEdit]) -> Iterable[Work]:
        """Takes these edits of a partition that has been locked, as long as there is time, or up to
        the first that is not light, which is declined; those behind it wait for the next commit.
        The partition is free again if nothing is taken."""
        lease = self._holdings.held.get(partition)
        if self._holdings.stopping or lease is None:
            self._lock(partition).release()
            _decline(edits)
            return ()
        # They come right after what is settled, and the position stays where it is.
        received = [Received(lease.position, edit.submission) for edit in edits]
        batch = self._processor.begin(lease, received)
        taken, others = edits[: batch.taken], edits[batch.taken :]
        batch.leave()
        if taken:
            self._committing.add(partition)
        else:
            self._lock(partition).release()
        if not (taken and self._processor.turn.is_over()):
            _decline(others[:1])
            others = others[1:]
        if others:
            self._waiting[partition] = [*others, *self._waiting.get(partition, ())]
        return [(batch, taken)] if taken else ()

    def _groups(self, begun: Sequence[Work]) -> Iterable[Sequence[Work]]:
        """Returns what may be sent in one message: on a cluster, each partition has a slot of its
        own."""
        return [[work] for work in begun] if self._processor.is_on_cluster else [begun]

    def _post(self, begun: Sequence[Work]) -> None:
        answer = self._processor.post([batch for batch, _ in begun])
        if answer is None:
            for batch, edits in begun:
                self._fails(batch, edits)
        else:
            answer.add_done_callback(partial(self._take_answer, begun))

    # --- Held up by somebody else ----------------------------------------------------------------

    def _hold_up(self, partition: int) -> None:
        """Lets the edits of a partition wait that somebody else works on."""
        loop = asyncio.get_running_loop()
        self._held_up[partition] = loop.call_later(LOCK_PATIENCE, self._wait_no_longer, partition)
        self._lock(partition).when_free(partial(self._is_free_again, partition))

    def _is_free_again(self, partition: int) -> None:
        patience = self._held_up.pop(partition)
        if patience is not None:
            patience.cancel()
        if partition in self._waiting:
            self._plan_for((partition,))

    def _wait_no_longer(self, partition: int) -> None:
        self._held_up[partition] = None
        _decline(self._waiting.pop(partition, ()))

    # --- Committed -------------------------------------------------------------------------------

    def _take_answer(self, begun: Sequence[Work], answer: "asyncio.Future[list[Any]]") -> None:
        replies = [None] * len(begun) if answer.cancelled() else answer.result()
        for (batch, edits), reply in zip(begun, replies, strict=True):
            is_over = reply is not None and self._processor.stored(batch, reply)
            if not is_over and not batch.upkeep:
                self._fails(batch, edits)
                continue
            if is_over:
                self._is_free(batch.lease.partition)
            else:
                self._keep_up(batch)
            metrics.DIRECT.add("committed", len(edits))
            for edit in edits:
                edit.committed(batch.lease.position)
        self._plan()

    def _keep_up(self, batch: Batch) -> None:
        """Has a pad compacted that needs it, before the partition is free."""

        def ended(_: "asyncio.Task[None]") -> None:
            self._is_free(batch.lease.partition)
            self._plan()

        work = finish(self._holdings, self._processor, batch)
        task = self._tasks.begin(work, "compaction", partition=batch.lease.partition)
        # Not within the task: one that is cancelled before it has started does nothing at all.
        task.add_done_callback(ended)

    def _fails(self, batch: Batch, edits: Sequence[DirectEdit]) -> None:
        """Leaves edits to the inbox that are not known to have been committed. What they did in
        memory is forgotten."""
        self._processor.begin_again(batch)
        self._is_free(batch.lease.partition)
        _decline(edits)

    def _is_free(self, partition: int) -> None:
        self._committing.discard(partition)
        self._lock(partition).release()

    def _lock(self, partition: int) -> PartitionLock:
        return self._holdings.lock(partition)


def _decline(edits: Sequence[DirectEdit]) -> None:
    metrics.DIRECT.add("declined", len(edits))
    for edit in edits:
        edit.declined()
