"""Reads this writer's inboxes, whatever is in them."""

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import Collection

from redis.exceptions import RedisError

from padfleet.shared.log.connection.connect import PATIENCE, UNREACHABLE, Redis
from padfleet.shared.log.inboxes.reading import next_entry, read_carefully, read_inboxes
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.supervision.progress import progress, rest

log = logging.getLogger(__name__)

BLOCK_MS = 250
"""The longest wait, in ms, of a read of some of a reader's inboxes; a partition that was just taken
can wait that long for its first read. This costs four idle reads a second."""

WHOLE_BLOCK_MS = 750
"""The same for a read of all of a reader's inboxes: none can join them while it waits. A partition
that was lost in the meantime, and taken again, can wait that long, and so can the end of a writer
that is idle. A server that owes a reply may be silent for `COMMAND_TIMEOUT`, which leaves it more
than a second."""

AGAIN = 1.0
"""An inbox that could not be read is tried again after this many seconds."""

ATTEMPTS = 3
"""How many careful reads of one entry may take too long before it is skipped unread."""

AT_ONCE = 20
"""How many careful reads may be in progress at a time."""

Batches = dict[int, list[Received]]


class Inboxes:
    """The inboxes that are read together. One that cannot be read is tried alone from then on, and
    the others go on."""

    def __init__(self, redis: Redis, keyspace: Keyspace, *, count: int) -> None:
        """Takes the largest number of entries of a partition in one read."""
        self._redis = redis
        self._keyspace = keyspace
        self._count = count
        self._due: dict[int, float] = {}  #: when the inboxes that failed are tried again
        self._late: dict[int, int] = defaultdict(int)
        self.trouble: dict[int, str] = {}  #: why each could not be read when it was last tried
        self.read_at: dict[int, float] = {}  #: when each was last read, by the event loop's clock

    def forget(self, partition: int) -> None:
        """Forgets a partition that is no longer this writer's."""
        for known in (self._due, self._late, self.trouble, self.read_at):
            known.pop(partition, None)

    async def next(
        self, positions: dict[int, str], seconds: float = math.inf, *, whole: bool = False
    ) -> Batches:
        """Returns the next entries after these positions, by partition; waits for the first of
        them. Never raises an error of Redis.

        Arguments:
            seconds: how long it waits at most, which is never longer than `BLOCK_MS`, or
                `WHOLE_BLOCK_MS`.
            whole: whether these are all inboxes that this reader will ever read.
        """
        loop = asyncio.get_running_loop()
        sound = positions
        if self._due:
            sound = {p: position for p, position in positions.items() if p not in self._due}
        batches: Batches = {}
        longest = WHOLE_BLOCK_MS if whole and not self._due else BLOCK_MS
        seconds = min(seconds, longest / 1000)
        if sound:
            batches = await self._together(sound, seconds)
        else:
            await rest(seconds)
        if not self._due:
            return batches
        now = loop.time()
        doubtful = [p for p in positions if self._due.get(p, now + 1) <= now]
        for partition, received in await self._each(doubtful, positions):
            if received:
                batches[partition] = received
        return batches

    async def beyond(self, partition: int, position: str) -> list[Received]:
        """Returns the next entries of one partition after a position, without waiting; none if they
        cannot be read."""
        try:
            return await self._carefully(partition, position)
        except (*UNREACHABLE, RedisError):
            return []  # found out, and said, when it is read in turn

    async def _together(self, positions: dict[int, str], seconds: float) -> Batches:
        block = max(1, math.ceil(seconds * 1000))  # 0 would wait forever
        try:
            batches = await read_inboxes(
                self._redis, self._keyspace, positions, block_ms=block, count=self._count
            )
        except (*UNREACHABLE, RedisError) as error:
            log.warning("inboxes not read", extra={"error": str(error)})
            for partition in positions:
                self._due[partition] = 0.0
                self.trouble[partition] = _named(error)
            return {}
        self._were_read(positions)
        return batches

    async def _each(
        self, partitions: list[int], positions: dict[int, str]
    ) -> list[tuple[int, list[Received]]]:
        found: list[tuple[int, list[Received]]] = []
        for start in range(0, len(partitions), AT_ONCE):
            progress()
            part = partitions[start : start + AT_ONCE]
            results = await asyncio.gather(*(self._alone(p, positions[p]) for p in part))
            found += [(p, r) for p, r in zip(part, results, strict=True) if r is not None]
            if all(result is None for result in results):
                break  # it is the server, not the inboxes: the others need not wait for it as well
        return found

    async def _alone(self, partition: int, position: str) -> list[Received] | None:
        """Returns None if the inbox could not be read."""
        try:
            return await self._carefully(partition, position)
        except (*UNREACHABLE, RedisError) as error:
            self.trouble[partition] = _named(error)
            self._due[partition] = asyncio.get_running_loop().time() + AGAIN
            log.warning("inbox not read", extra={"partition": partition, "error": str(error)})
            return await self._pass(partition, position) if _is_late(error) else None

    async def _carefully(self, partition: int, position: str) -> list[Received]:
        async with asyncio.timeout(PATIENCE):
            received = await read_carefully(
                self._redis, self._keyspace, partition, position, count=self._count
            )
        self._were_read([partition])
        return received

    async def _pass(self, partition: int, position: str) -> list[Received] | None:
        """Skips an entry unread that repeatedly takes too long to read, if the server can say what
        it is."""
        self._late[partition] += 1
        if self._late[partition] < ATTEMPTS:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                received = await next_entry(self._redis, self._keyspace, partition, position)
        except (*UNREACHABLE, RedisError, ValueError):
            return None
        self._were_read([partition])
        return [received]

    def _were_read(self, partitions: Collection[int]) -> None:
        self.read_at |= dict.fromkeys(partitions, asyncio.get_running_loop().time())
        if self.trouble or self._due or self._late:
            for partition in partitions:
                self.trouble.pop(partition, None)
                self._due.pop(partition, None)
                self._late.pop(partition, None)


def _is_late(error: Exception) -> bool:
    return "imeout" in type(error).__name__


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
