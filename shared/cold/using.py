"""This module makes sure that only one fleet uses a cold store. If two fleets did, each would treat
the other's open pads as lost, and overwrite what the other has.

Fleets are distinguished by when they were begun (`Agreed.since`). While a fleet has writers, one of
them says repeatedly in the store that it is there. What another fleet has said counts for as long
as it is said again: a process that is started on the same store sees this change, and ends; one
that is to speak for its own fleet waits as long before it replaces what is there, and reports it if
it has changed. Clocks are not compared: a fleet whose Redis was lost, and that starts again with
all its processes, waits for as long as it takes to see that nothing changes. The last process of a
fleet says, when it ends, that nobody uses the store any more.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from prometheus_client import Counter
from redis.exceptions import RedisError

from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.cold.pads import ColdPads, UsedBy
from padfleet.shared.cold.trouble import StoreTrouble
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet.agreement import Disagreement, agreed_since
from padfleet.shared.log.fleet.processes import silences
from padfleet.shared.log.keys import WORKERS, WRITERS
from padfleet.shared.supervision.progress import rest, tick

log = logging.getLogger(__name__)

SAID_EVERY_S: Final = 3.0
"""How many seconds pass before the fleet announces again that it uses the store."""

WATCHED_S: Final = 8.0
"""How many seconds without an announcement must pass before the fleet that had the store is
presumed gone."""

NOBODY: Final = ""
"""What a fleet that has ended leaves in place of its name."""

LEFT_S: Final = 1.0
"""How many seconds a process that ends may take to announce that."""

OTHERS = Counter(
    "padfleet_cold_other_fleet_total",
    "Times that the cold store was found to be used by another fleet, too",
)


class OtherFleetsStore(Disagreement):
    """Another fleet is using the cold store."""


async def begin_to_use(cold: ColdPads, ours: Callable[[], Awaitable[str]]) -> None:
    """Returns when no other fleet uses the store. This takes a while only if another fleet has used
    it and has not announced that it ended.

    Arguments:
        cold: the store.
        ours: returns which fleet this is, which may change while this waits: Redis may be emptied,
            or a fail-over may take back how the fleet was begun.

    Raises `OtherFleetsStore`, `StoreAway`, `CorruptPad`, or what `ours` raises.
    """
    fleet = await ours()
    seen = await cold.used_by()
    if seen is not None and seen.fleet not in (NOBODY, fleet):
        log.warning("waiting whether the fleet is gone that had this cold store")
        await rest(WATCHED_S)
        if not (fleet := await ours()):
            return  # Redis was emptied just now; `StoreUse` goes on when that is known
        now = await cold.used_by()
        if now is not None and now.fleet not in (NOBODY, fleet) and now != seen:
            raise OtherFleetsStore(
                "another fleet, with another Redis, uses the cold store that PADFLEET_COLD_URL "
                "names: give each fleet a store of its own, as by another directory or prefix"
            )
    await cold.use(fleet)


class StoreUse:
    """Announces in the store that the fleet uses it. One process of the fleet does so at a time."""

    def __init__(
        self,
        redis: Redis,
        cold: ColdPads,
        *,
        is_mine: Callable[[], bool],
        trouble: StoreTrouble | None = None,
    ) -> None:
        """Prepares to announce the use.

        Arguments:
            is_mine: returns whether this process holds the first partition at present.
            trouble: is told whether the store answers.
        """
        self._redis = redis
        self._cold = cold
        self._trouble = trouble if trouble is not None else StoreTrouble()
        self._is_mine = is_mine
        self._ours: set[str] = {NOBODY}  #: names that our fleet has had, see `agree`
        self._seen: UsedBy | None = None  #: what this process last found in the store, or left
        self._seen_at = 0.0  #: when it found that first

    async def run(self) -> None:
        """Announces the use of the store repeatedly, for as long as the process runs."""
        while True:
            await tick(SAID_EVERY_S)
            if self._is_mine():
                try:
                    await self.say()
                except StoreAway as error:
                    self._trouble.failed(error)
                except (*UNREACHABLE, RedisError, CorruptPad) as error:
                    log.warning("not said that the store is used", extra={"error": str(error)})

    async def say(self) -> None:
        """Announces once that the fleet uses the store, unless it is not clear yet whether another
        fleet uses it. Raises what `UNREACHABLE` lists, or `CorruptPad`."""
        fleet = await agreed_since(self._redis)
        if not fleet:
            return  # it was lost, and will be put back in a moment
        self._ours.add(fleet)
        seen = await self._cold.used_by()
        if seen is not None and seen.fleet not in self._ours and self._is_to_wait(seen):
            return
        began = asyncio.get_running_loop().time()
        await self._cold.use(fleet)
        self._trouble.took(asyncio.get_running_loop().time() - began)
        self._seen = UsedBy(fleet, "")

    def _is_to_wait(self, seen: UsedBy) -> bool:
        """Reports another fleet if it has announced itself since this process last looked. Returns
        True while it is not known whether its announcement is only left over."""
        now = asyncio.get_running_loop().time()
        before, self._seen = self._seen, seen
        if before is None:
            self._seen_at = now
            return True
        if seen == before:
            return now - self._seen_at < WATCHED_S
        OTHERS.inc()
        log.error("another fleet uses the cold store, too: pads of both are in danger")
        return False


async def end_use(redis: Redis, cold: ColdPads, me: str) -> None:
    """Announces that nobody uses the store if the process with this name, which ends, is the last
    one of its fleet, so that a new fleet need not wait."""
    with suppress(*UNREACHABLE, RedisError, CorruptPad, TimeoutError):
        async with asyncio.timeout(LEFT_S):
            for key in (WORKERS, WRITERS):
                for process, silence_ms in await silences(redis, key):
                    if process != me and silence_ms < WATCHED_S * 1000:
                        return
            seen = await cold.used_by()
            if seen is not None and seen.fleet == await agreed_since(redis):
                await cold.use(NOBODY)
