"""This module has the inboxes: one stream of entries for each partition, written by workers and
read by the partition's writer.

All entries pass through here, and all are checked here: however an edit comes in, one that is too
large for a pad or an inbox goes no further. A large entry is stored beside the inbox in parts, and
the inbox names it.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import Any, TypeVar

from redis.exceptions import RedisError

from padfleet.shared import tracing
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.retry import LONGEST_OF_FEW, RetryPauses
from padfleet.shared.log.entries import Entry, Submission, encode_entry, takes_long
from padfleet.shared.log.inboxes.entry_lane import (
    PIPELINE_BYTES,
    EntryLane,
    NotTaken,
    Receipt,
    WaitingEntry,
)
from padfleet.shared.log.inboxes.heaviness import is_heavy, is_short
from padfleet.shared.log.inboxes.limits import (
    ENTRY_BYTES,
    PART_BYTES,
    UNLIMITED,
    PadLimits,
    check,
    most_bytes,
)
from padfleet.shared.log.inboxes.received import Staged, encode_staged
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import inbox_order
from padfleet.shared.log.pad.staging import STAGED_S
from padfleet.shared.supervision.keeper import Keeper, Loose
from padfleet.shared.turnstile import Turnstile, TurnstileFull

SLOWEST = 1 << 20
"""The bytes per second at which a large entry has to get to Redis, in addition to the time that
every entry has."""

LANES = 16
"""The number of lanes on a cluster. Each carries a range of partitions, and entries wait only for
others in their lane: while one shard is away, entries for the others go on."""

LOOK_AFTER = 1.0
"""The seconds without an answer after which the entry's state is looked up. A client whose
submission was lost in a fail-over has to wait that much longer than others."""

HEAVY_AT_ONCE = 2
"""The maximum number of heavy entries (`heaviness`) of one process that a writer has not settled
yet."""

HEAVY_WAITING = 50
HEAVY_PATIENCE = 10.0
"""How many more heavy entries wait for their turn, and for how many seconds at most."""

T = TypeVar("T")


class EntryStatus(Enum):
    PASSED = "a writer has settled it, and has said so"
    WAITING = "the writer has not come to it yet"
    LOST = "a fail-over took it out of the inbox before it was settled"


class InboxWriter:
    """Puts entries into inboxes, in the order of the calls within a partition."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        *,
        timeout: float,
        limits: PadLimits = UNLIMITED,
        keeper: Keeper | None = None,
    ) -> None:
        """Makes a writer for the inboxes of all partitions.

        Arguments:
            timeout: how many seconds an entry may take to get into its inbox.
            limits: what no entry may make a pad exceed.
            keeper: runs the tasks.
        """
        self.redis = redis
        self.keyspace = keyspace
        self._timeout = timeout
        self.limits = limits
        self._turns: dict[str, _Turn] = {}
        self.look_after = min(timeout, LOOK_AFTER)
        """The seconds without an answer after which an entry's state is looked up."""
        lanes = min(LANES, keyspace.partitions) if redis.is_cluster else 1
        keeper = keeper or Loose()
        self._heavy = Turnstile(
            at_once=HEAVY_AT_ONCE, waiting=HEAVY_WAITING, patience=HEAVY_PATIENCE
        )
        self._lanes = [EntryLane(redis, keyspace, keeper, str(number)) for number in range(lanes)]

    async def put(self, entry: Entry) -> str:
        """Puts the entry into its inbox, and returns its ID there.

        Raises `EditTooLarge` before anything is stored, and `NotTaken` if the server refused the
        entry or could not be reached within the timeout. An attempt that failed half-way is
        repeated, so an entry may be in the inbox twice; the writer recognises it by its origin.
        """
        data = None if takes_long(entry) else self._encoded(entry)
        began = time.time_ns()
        partition = self.keyspace.partition_of(entry.pad)
        if data is not None and len(data) <= ENTRY_BYTES and entry.pad not in self._turns:
            done = self._add(partition, "e", data)
        else:
            # The session's next entry must not overtake it: it would then be taken for a
            # repetition.
            async with self._turn(entry.pad):
                field = "e"
                if data is None:
                    data = await asyncio.to_thread(self._encoded, entry)
                if len(data) > ENTRY_BYTES:
                    field, data = "s", await self._stage(entry, partition, data)
                done = self._add(partition, field, data)
        entry_id = await done
        if (trace := tracing.chosen(entry.origin)) is not None:
            trace.span("put into the inbox", began, partition=partition)
        return entry_id

    def _add(self, partition: int, field: str, data: bytes) -> "asyncio.Future[str]":
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._hand_in(partition, field, data, done)
        return done

    def _hand_in(self, partition: int, field: str, data: bytes, receipt: Receipt) -> None:
        deadline = time.monotonic() + self._timeout
        lane = self._lanes[partition * len(self._lanes) // self.keyspace.partitions]
        lane.add(WaitingEntry(partition, field, data, deadline, receipt))

    def offer(self, entry: Entry, receipt: Receipt) -> bool:
        """Does what `put` does for callers that do not wait: `receipt` is told the result. Returns
        False, and does nothing, if the entry would have to wait first, because it is large, heavy
        or traced, or comes after one that is waiting.

        Raises `EditTooLarge`.
        """
        if is_heavy(entry) or self._has_to_wait(entry):
            return False
        data = self._encoded(entry)
        if len(data) > ENTRY_BYTES:
            return False
        self._hand_in(self.keyspace.partition_of(entry.pad), "e", data, receipt)
        return True

    def is_plain(self, entry: Submission) -> bool:
        """Returns whether the entry is certain to be one that `offer` takes, which nearly all are.
        It need not be encoded to find that out.

        Raises `EditTooLarge`.
        """
        size = most_bytes(entry)
        if not is_short(entry) or size > ENTRY_BYTES or self._has_to_wait(entry):
            return False
        check(entry, size, self.limits)
        return True

    def _has_to_wait(self, entry: Entry) -> bool:
        return entry.pad in self._turns or tracing.chosen(entry.origin) is not None

    def _encoded(self, entry: Entry) -> bytes:
        data = encode_entry(entry)
        check(entry, len(data), self.limits)
        return data

    @asynccontextmanager
    async def _turn(self, pad: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(pad, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[pad]

    async def _stage(self, entry: Entry, partition: int, data: bytes) -> bytes:
        """Stores an entry beside its inbox, and returns what to put into the inbox instead. The
        stored entry is removed when the writer has settled it, or expires."""
        staged = Staged(
            entry.pad,
            entry.origin,
            secrets.token_hex(8),
            -(-len(data) // PART_BYTES),
            len(data),
        )
        key = self.keyspace.staging(partition, staged.token)
        deadline = time.monotonic() + self._timeout + len(data) / SLOWEST
        step = PIPELINE_BYTES // PART_BYTES
        for first in range(0, staged.parts, step):
            parts: dict[Any, Any] = {
                str(number): data[number * PART_BYTES : (number + 1) * PART_BYTES]
                for number in range(first, min(first + step, staged.parts))
            }
            await self._bring(key, parts, deadline)
        return encode_staged(staged)

    async def _bring(self, key: str, parts: dict[Any, Any], deadline: float) -> None:
        pauses = RetryPauses(LONGEST_OF_FEW)
        while True:
            pipeline = self.redis.client.pipeline(transaction=False)
            _ = pipeline.hset(key, mapping=parts)
            _ = pipeline.expire(key, STAGED_S)
            try:
                await pipeline.execute()
                return
            except UNREACHABLE as error:
                if time.monotonic() >= deadline:
                    raise NotTaken(f"Redis did not take it: {error}") from error
            except RedisError as error:
                raise NotTaken(f"Redis did not take it: {error}") from error
            await pauses.sleep()

    async def settle(
        self,
        entry: Entry,
        answer: "asyncio.Future[T]",
        entry_id: str | None = None,
        *,
        patience: float | None = None,
    ) -> bool:
        """Puts an entry into its inbox, unless it is already there under this ID, and returns when
        the writer has answered it. Whoever follows the pad's channel has to set the answer in
        `answer`. If a fail-over takes the entry back before it is answered, it is put in again.
        Returns False if it has been answered but the answer was lost on the way.

        Arguments:
            patience: how many seconds an answer may take once the entry is in the inbox; None waits
                for as long as it takes.

        Raises `EditTooLarge` or `NotTaken`, and `TimeoutError` after `patience`: then the entry may
        still become part of the pad.
        """
        with tracing.whole(entry.origin, type(entry).__name__.lower(), pad=entry.pad):
            if entry_id is None and is_heavy(entry):
                async with self.heavy_turn():
                    return await self._settle(entry, answer, None, patience)
            return await self._settle(entry, answer, entry_id, patience)

    @asynccontextmanager
    async def heavy_turn(self) -> AsyncIterator[None]:
        """Lets the caller have a heavy entry in the inbox while it is inside: a writer can cope
        with a few of them, but not with hundreds. Raises `NotTaken`."""
        try:
            async with self._heavy.turn():
                yield
        except TurnstileFull as error:
            raise NotTaken(f"others have large edits under way: {error}") from error

    async def _settle(
        self,
        entry: Entry,
        answer: "asyncio.Future[T]",
        entry_id: str | None,
        patience: float | None,
    ) -> bool:
        entry_id = entry_id or await self.put(entry)
        async with asyncio.timeout(patience):
            # `wait_for` would need a shield for the answer; this takes half the time.
            await asyncio.wait((answer,), timeout=self.look_after)
            return await self.follow(entry, answer, entry_id)

    async def follow(self, entry: Entry, answer: "asyncio.Future[T]", entry_id: str) -> bool:
        """Does what `settle` does for an entry that is in its inbox under this ID and has not been
        answered for `look_after` seconds."""
        while not answer.done():
            # While the writer has not got to the entry, giving it up would only add to the work.
            # And while Redis is away, nobody else knows more.
            with suppress(*UNREACHABLE):
                standing = await self.standing(entry, entry_id)
                if standing is EntryStatus.LOST:
                    entry_id = await self.put(entry)
                elif standing is EntryStatus.PASSED:
                    return answer.done()
            await asyncio.wait((answer,), timeout=self.look_after)
        return True

    async def standing(self, entry: Entry, entry_id: str) -> EntryStatus:
        """Returns what has become of an entry that was put in with this ID."""
        partition = self.keyspace.partition_of(entry.pad)
        names = ["told", "position"]
        told, position = await self.redis.auto_pipeline.hmget(self.keyspace.state(partition), names)
        settled = (told or position or b"0-0").decode()
        if inbox_order(settled) >= inbox_order(entry_id):
            return EntryStatus.PASSED
        # If the entry is settled and trimmed between the two reads, it counts as lost, is put in
        # again, and is recognised by its origin.
        inbox = self.keyspace.inbox(partition)
        found = await self.redis.auto_pipeline.xrange(inbox, entry_id, entry_id)
        return EntryStatus.WAITING if found else EntryStatus.LOST

    async def close(self) -> None:
        for lane in self._lanes:
            await lane.close()


class _Turn:
    """Says who has something large in flight to a pad's inbox, and who comes next."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
