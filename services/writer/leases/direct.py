"""Settles edits that come from the worker in this process, without an inbox.

It is a short cut, and never needed: whatever is not simple (a partition that somebody is working
on, a pad that is not in memory, a commit that fails or whose reply is lost) is left to the inbox.
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
from padfleet.services.writer.settling.batch import Batch
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.shared.log.inboxes.local import DirectEdit
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

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
        # Whether somebody else works on the partition is seen when it is the edit's turn: often
        # they have finished by then, and it is only not known yet.
        self._waiting.setdefault(partition, []).append(edit)
        if partition not in self._committing:  # otherwise the reply to its commit comes first
            self._plan_for((partition,))
        return True

    def _plan(self) -> None:
        """Sees to it that whatever waits has its turn."""
        self._plan_for(self._waiting.keys() - self._committing)

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
        for partition in self._waiting.keys() - self._committing:
            if self._processor.turn.is_over():
                break  # the others have the next turn
            if self._pace.wait(now, partition) <= 0:
                begun += self._begin(partition, self._gathered(partition))
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
        """Takes what is light of these edits, and locks the partition if there is anything; the
        others are declined, or wait if only the time is up."""
        lease = self._holdings.held.get(partition)
        if self._holdings.stopping or lease is None or not locked_now(self._lock(partition)):
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
        if taken and self._processor.turn.is_over():
            self._waiting[partition] = [*others, *self._waiting.get(partition, ())]
        else:
            _decline(others)
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

    def _lock(self, partition: int) -> asyncio.Lock:
        return self._holdings.lock(partition)


def _decline(edits: Sequence[DirectEdit]) -> None:
    metrics.DIRECT.add("declined", len(edits))
    for edit in edits:
        edit.declined()


def locked_now(lock: asyncio.Lock) -> bool:
    """Locks it if nobody has it or waits for it; returns whether it did. (asyncio's lock can only
    be acquired by a coroutine. One that has nothing to wait for ends when it is first resumed.)"""
    if lock.locked():
        return False
    acquiring = lock.acquire()
    try:
        acquiring.send(None)
    except StopIteration:
        return True
    acquiring.close()
    return False
