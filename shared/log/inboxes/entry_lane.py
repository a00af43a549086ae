"""This module sends entries to their inboxes, many of them in one round trip."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.pipe import Command
from padfleet.shared.log.connection.retry import LONGEST_OF_FEW, RetryPauses
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.supervision.keeper import Keeper
from padfleet.shared.supervision.progress import idle, progress
from padfleet.shared.task_faults import hand_over

log = logging.getLogger(__name__)

PIPELINE_MAX = 500
"""The maximum number of entries per round trip, which limits what has to be sent again after a
connection has broken."""

PIPELINE_BYTES = 1 << 20
"""The maximum number of bytes that are sent in one round trip, unless a single entry is larger."""


class NotTaken(Exception):
    """Says that the entry could not be put into its inbox in time. It may be there all the same."""


class Receipt(Protocol):
    """An object that is told when an entry is in its inbox: a future, or something with the same
    methods."""

    def done(self) -> bool:
        """Returns whether it has been told, or no longer wants to know."""

    def set_result(self, entry_id: str, /) -> None:
        """Says that the entry is in the inbox, and has this ID."""

    def set_exception(self, error: Exception, /) -> None:
        """Says that the entry could not be put there, with `NotTaken`."""


class WaitingEntry(NamedTuple):
    """An entry on its way into its inbox."""

    partition: int
    field: str  #: "e" for the entry, "s" for where a larger one is stored
    data: bytes
    deadline: float
    done: Receipt


class EntryLane:
    """The entries of neighbouring partitions, many of them in one round trip.

    What is added in one turn of the event loop is sent in one message, and while that is in flight
    the next one gathers. So a quiet worker adds no delay, a busy one does not pay a round trip for
    each entry, and the order is kept. Entries that fail, or have to wait for a connection, are left
    to a task, which repeats them before anything newer; that is why there are several lanes.
    """

    def __init__(self, redis: Redis, keyspace: Keyspace, keeper: Keeper, name: str) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._waiting: deque[WaitingEntry] = deque()
        self._batch: list[WaitingEntry] = []  #: the entries in flight
        self._is_due = False  #: whether the next batch is sent in this turn of the loop
        self._is_slow = False  #: whether the task sends everything
        self._wake = asyncio.Event()
        self._task = keeper.keep("inbox", self._run, part=name)

    def add(self, item: WaitingEntry) -> None:
        self._waiting.append(item)
        if not (self._batch or self._is_due or self._is_slow):
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._post)

    async def close(self) -> None:
        self._task.stop()
        await self._task.ended()
        for item in (*self._batch, *self._waiting):
            hand_over(item.done, NotTaken("shutting down"))

    # --- The quick way ---------------------------------------------------------------------------

    def _post(self) -> None:
        self._is_due = False
        if self._is_slow or not self._waiting:
            return
        batch = self._next()
        answer = (
            self._redis.hot.post(self._commands(batch)) if self._goes_to_one_server(batch) else None
        )
        if answer is None:
            self._slow_down(batch)
            return
        self._batch = batch
        answer.add_done_callback(self._take_answer)

    def _take_answer(self, answer: "asyncio.Future[list[Any]]") -> None:
        batch, self._batch = self._batch, []
        replies = [None] * len(batch) if answer.cancelled() else answer.result()
        failed = []
        for item, reply in zip(batch, replies, strict=True):
            if isinstance(reply, bytes):
                hand_over(item.done, reply.decode())
            else:
                failed.append(item)
        if failed:
            self._slow_down(failed)
        elif self._waiting:
            self._post()

    def _goes_to_one_server(self, batch: list[WaitingEntry]) -> bool:
        """Returns whether all of the batch is certain to go to the same server."""
        return not self._redis.is_cluster or len({item.partition for item in batch}) == 1

    def _commands(self, batch: list[WaitingEntry]) -> list[Command]:
        inbox = self._keyspace.inbox
        return [("XADD", inbox(item.partition), "*", item.field, item.data) for item in batch]

    # --- What has to wait, or to be repeated -----------------------------------------------------

    def _slow_down(self, first: list[WaitingEntry]) -> None:
        """Leaves these entries, and all after them, to the task."""
        self._waiting.extendleft(reversed(first))
        self._is_slow = True
        self._wake.set()

    async def _run(self) -> None:
        while True:
            idle()
            await self._wake.wait()
            while self._waiting:
                progress()
                batch = self._next()
                try:
                    await self._send(batch)
                except BaseException:
                    # These entries come first when the task is restarted. Those that are already in
                    # an inbox will be there twice, and the writer recognises them by their origin.
                    left = [item for item in batch if not item.done.done()]
                    self._waiting.extendleft(reversed(left))
                    raise
            self._wake.clear()
            self._is_slow = False

    def _next(self) -> list[WaitingEntry]:
        batch: list[WaitingEntry] = []
        size = 0
        while self._waiting and len(batch) < PIPELINE_MAX and size < PIPELINE_BYTES:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].data)
        return batch

    async def _send(self, batch: list[WaitingEntry]) -> None:
        # A batch is repeated as a whole and before anything newer, so the order within a session is
        # kept.
        pauses = RetryPauses(LONGEST_OF_FEW)
        while batch:
            results: Sequence[Any]
            try:
                results = await self._redis.hot.exchange(self._commands(batch), attempts=1)
            except Exception as error:
                # This catches every error: if one ended the task, everybody who comes later
                # would wait forever.
                log.exception("entries not put into their inboxes")
                results = [ConnectionError(str(error))] * len(batch)
            again = []
            for item, result in zip(batch, results, strict=True):
                if isinstance(result, bytes):
                    hand_over(item.done, result.decode())
                elif isinstance(result, UNREACHABLE) and time.monotonic() < item.deadline:
                    again.append(item)
                else:
                    hand_over(item.done, _not_taken(result))
            batch = again
            if batch:
                await pauses.rest()


def _not_taken(because: Any) -> NotTaken:
    fault = NotTaken(f"Redis did not take it: {because}")
    fault.__cause__ = because if isinstance(because, BaseException) else None
    return fault
