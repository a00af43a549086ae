"""This module brings pads back into Redis, for a worker, a writer or a tool that needs one.

    thawing = Thawing(redis, keyspace, cold)
    if await thawing.bring("pad"):      # it is in Redis
        ...

Many callers may want the same pad at the same moment. Within a process they share one attempt; of
several processes one installs the pad, and the others find that it is there.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from prometheus_client import Counter, Histogram

from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.places import PadPlace, place_of
from padfleet.shared.cold.reading import ColdReader
from padfleet.shared.cold.thaw_steps import ThawSteps
from padfleet.shared.cold.trouble import StoreTrouble
from padfleet.shared.cold.went_back import refused, witness_against
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import CANARY, Keyspace
from padfleet.shared.log.pad import moving
from padfleet.shared.log.pad.moving import whereabouts
from padfleet.shared.log.records import Revision
from padfleet.shared.misses import Misses
from padfleet.shared.task_faults import Boxed, TaskFault
from padfleet.shared.tasks import all_of, awaited

ATTEMPTS = 20
"""How many attempts are made to bring a pad. An attempt fails only if another step of the same pad
happens in the same instant."""

PATIENCE = 20.0
"""How many seconds a pad may take to come; clients that want it have given up long before."""

THAW_SECONDS = Histogram(
    "padfleet_cold_thaw_seconds",
    "Time that it took to bring a pad from the cold store",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10),
)
AWAY = Counter(
    "padfleet_cold_store_errors_total",
    "Failed calls of the cold store, by operation",
    ["what"],
)


Attempts = dict[str, asyncio.Task[bool | TaskFault]]
"""What is under way, by pad."""


class Thawing:
    """Brings pads back. A process has one of these, which all of its calls go through."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        cold: ColdPads,
        *,
        patience_s: float = PATIENCE,
        trusting_s: float = 0.0,
    ) -> None:
        """Prepares to bring pads; nothing is sent yet.

        Arguments:
            patience_s: how many seconds a pad may take to come.
            trusting_s: for how many seconds it is believed that a pad does not exist, once that
                was found; anyone who then creates the pad does so through the writer, which looks.
        """
        self._redis = redis
        self._keyspace = keyspace
        self.cold = cold
        self.trouble = StoreTrouble()
        self._steps = ThawSteps(redis, keyspace, cold)
        self._patience_s = patience_s
        self._missed = Misses(trusting_s)
        self._under_way: Attempts = {}
        self._looking: Attempts = {}

    async def bring(self, pad: str) -> bool:
        """Returns True when the pad is in Redis, or False if there is none of this name.

        Raises `CorruptPad` if what the cold store has of it cannot be used, or what `UNREACHABLE`
        lists, which includes `StoreAway`.
        """
        if pad.startswith(CANARY):
            return False
        return await self._together(self._under_way, pad, self._bring)

    async def has(self, pad: str) -> bool:
        """Implements `Elsewhere.has`."""
        if self._is_missed(pad):
            return False
        return await self._together(self._looking, pad, self._has)

    async def bring_if_lost(self, pad: str) -> bool:
        """Brings the pad if it was in Redis and no longer is, though nothing has taken it out.
        Returns False if it is not there and need not be. Raises what `bring` raises."""
        here = await whereabouts(self._redis, self._keyspace, self._keyspace.pad(pad))
        if here.head is not None:
            return True
        if pad.startswith(CANARY) or place_of(here, await self.cold.look(pad)) is not PadPlace.LOST:
            return False
        return await self.bring(pad)

    async def view(self, pad: str) -> ColdReader | None:
        """Implements `Elsewhere.view`."""
        if self._is_missed(pad):
            return None
        keys = self._keyspace.pad(pad)
        async with self._in_time("view"):
            here = await whereabouts(self._redis, self._keyspace, keys)
            if here.head is not None:
                return None
            found = await self.cold.read(pad)
            self.trouble.answered()
            if found is None:
                await self._note_if_missed(pad)
                return None
            # Nobody can have written on a cold pad before it was read; any other state has to be
            # put right, or refused.
            with suppress(Overwritten):
                if await self._steps.place_of(pad, here, found) is PadPlace.COLD:
                    return ColdReader(self._redis, keys, found, self.cold)
        _ = await self.bring(pad)
        return None

    async def weight(self, pad: str) -> int:
        """Implements `Elsewhere.weight`."""
        if self._is_missed(pad):
            return 0
        async with self._in_time("view"):
            glance = await self.cold.glance(pad)
        return glance.bytes if glance is not None else 0

    async def past(self, pad: str, first: int, last: int) -> list[Revision]:
        """Implements `Elsewhere.past`."""
        found: list[Revision] = []
        kept = await moving.where_it_begins(self._redis, self._keyspace.pad(pad))
        if kept is not None:
            epoch, last = kept.epoch, min(last, kept.first - 1)
        elif (cold := await self.cold.look(pad)) is not None:
            # The pad was frozen while it is being read.
            epoch, last = cold.epoch, min(last, cold.head)
        else:
            return []
        if first <= last and not pad.startswith(CANARY):
            try:
                async for part in self.cold.revisions(pad, epoch, first, last):
                    found += part.revisions()
            except Overwritten:
                return []  # it was replaced or deleted just now
        return found

    async def are_there(self, pads: Sequence[str]) -> list[bool]:
        """Implements `Elsewhere.are_there`."""

        async def is_there(pad: str) -> bool:
            if self._is_missed(pad):
                return False
            async with self._redis.read_limit:
                return await self.cold.look(pad) is not None

        return await all_of(*(is_there(pad) for pad in pads))

    async def pads_of_author(self, author: str) -> list[str]:
        """Implements `Elsewhere.pads_of_author`."""
        return [pad async for pad in self.cold.pads_of_author(author)]

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        """Implements `Elsewhere.pad_of_read_only`."""
        return await self.cold.pad_of_read_only(read_only_id)

    @staticmethod
    async def _together(
        under_way: Attempts, pad: str, attempt: Callable[[str], Coroutine[Any, Any, bool]]
    ) -> bool:
        """Returns the outcome of the attempt, which all share who want it at the same time."""
        task = under_way.get(pad)
        if task is None:
            task = under_way[pad] = awaited(Boxed(attempt(pad)), "thaw")
            task.add_done_callback(lambda _: under_way.pop(pad, None))
        outcome = await asyncio.shield(task)
        if isinstance(outcome, TaskFault):
            raise outcome.again()
        return outcome

    async def _has(self, pad: str) -> bool:
        async with self._in_time("look"):
            found = await self.cold.look(pad) is not None
            self.trouble.answered()
            if not found:
                await self._note_if_missed(pad)
        return found

    async def _note_if_missed(self, pad: str) -> None:
        """Redis is asked after the store, since the pad may have been created meanwhile. Raises
        `StoreWentBack` if the store has lost the pad."""
        here = await whereabouts(self._redis, self._keyspace, self._keyspace.pad(pad))
        if here.head is not None:
            return
        if here.witness is not None and await self.cold.look(pad) is not None:
            return  # it has left Redis only just now
        await self._steps.require_nowhere(pad, here)
        self._missed.add(pad)

    async def require_not_behind(self, pad: str) -> None:
        """Checks that the store has no less of a cold pad than when it left Redis, for a caller
        that is about to change it there. Raises `StoreWentBack` otherwise, and what `UNREACHABLE`
        lists."""
        keys = self._keyspace.pad(pad)
        here = await whereabouts(self._redis, self._keyspace, keys)
        if here.witness is None:
            return
        head = await self.cold.look(pad)
        had = await witness_against(self._redis, self._keyspace, self.cold, keys, here, head)
        if had is not None:
            raise refused(pad, had, head)

    async def _bring(self, pad: str) -> bool:
        if self._is_missed(pad):
            return False
        found = await self._found(pad)
        if not found:
            self._missed.add(pad)
        return found

    def _is_missed(self, pad: str) -> bool:
        return pad.startswith(CANARY) or pad in self._missed

    async def _found(self, pad: str) -> bool:
        began = time.perf_counter()
        async with self._in_time("thaw"):
            for _ in range(ATTEMPTS):
                found = await self._steps.attempt(pad)
                if found is not None:
                    break
            else:
                raise StoreAway(
                    "the pad keeps moving between Redis and the cold store: try again later"
                )
        if found:
            THAW_SECONDS.observe(time.perf_counter() - began)
        return found

    @asynccontextmanager
    async def _in_time(self, what: str) -> AsyncIterator[None]:
        """Limits the wait for a pad to `patience_s`; `what` is for the metric."""
        try:
            async with asyncio.timeout(self._patience_s):
                yield
        except StoreAway as error:
            AWAY.labels(what).inc()
            self.trouble.failed(error)
            raise
        except TimeoutError as error:
            AWAY.labels(what).inc()
            late = StoreAway(f"a pad was not brought back within {self._patience_s:g} s")
            self.trouble.failed(late)
            raise late from error
