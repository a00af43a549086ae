"""Does what a writer has to do on the partitions that it holds besides settling what is submitted.

Nobody waits for any of this. What fails because Redis is away is done at a later check.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from redis.exceptions import RedisError

from padfleet.services.writer.cleanup.vacancies import Vacancies
from padfleet.services.writer.cold.freezing import Freezing
from padfleet.services.writer.cold.leaving import PadLeaving
from padfleet.services.writer.leases.follower import Holdings
from padfleet.services.writer.leases.inboxes import BLOCK_MS
from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.log.connection.connect import PATIENCE, UNREACHABLE
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.supervision.progress import progress

log = logging.getLogger(__name__)

SEEK = 60.0
"""How many seconds pass, after leases were taken, between two searches for pads in Redis that
nobody has recorded."""


class HeldPartitions(Holdings, Protocol):
    """The partitions of a writer that may be asked to stop, as `LeaseManager` has them."""

    async def stops_within(self, seconds: float) -> bool:
        """Waits so long, or until the writer has to stop. Returns whether it has to."""


class Chores:
    """One writer's chores, each of which runs until the writer stops."""

    def __init__(self, held: HeldPartitions, leaving: PadLeaving) -> None:
        self._held = held
        self._leaving = leaving

    async def look_for_vacancies(self, vacancies: Vacancies) -> None:
        """Removes unwritten pads from one partition after another, each between two of its
        batches."""
        pause = BLOCK_MS / 1000  # until the writer has its first partitions
        while not await self._held.stops_within(pause):
            partitions: list[int] = []
            with _at_a_later_check("unwritten pads not checked"):
                async with asyncio.timeout(PATIENCE):
                    partitions = await vacancies.worth_a_look(list(self._held.held))
            for partition in partitions:
                progress()
                with _at_a_later_check("unwritten pads not checked", partition=partition):
                    async with self._held.lock(partition), asyncio.timeout(PATIENCE):
                        lease = self._held.held.get(partition)
                        if lease is not None:
                            await vacancies.look(lease)
            pause = vacancies.interval

    async def write_behind(self, freezing: Freezing) -> None:
        """Copies changes to the cold store, of some partitions at a time."""
        sought: dict[int, int] = {}
        sought_at = 0.0
        while not await self._held.stops_within(freezing.interval):
            held = dict(self._held.held)
            freezing.forget(set(held))
            terms = {partition: lease.term for partition, lease in held.items()}
            now = asyncio.get_running_loop().time()
            with _at_a_later_check("cold store not brought up to date"):
                if terms != sought and (not sought_at or now - sought_at > SEEK):
                    await freezing.find(set(held))
                    sought, sought_at = terms, now
                leases = await freezing.worth_a_look(list(held.values()))
                await freezing.look_at_all(leases, self._leaving, self._goes_on_with)

    def _goes_on_with(self, lease: Lease) -> bool:
        return not self._held.stopping and self._held.is_held(lease)


@contextmanager
def _at_a_later_check(what: str, **extra: Any) -> Iterator[None]:
    """Says in the log what was left for a later check because Redis, or the cold store, cannot be
    used."""
    try:
        yield
    except StoreAway as error:
        # The log says when this begins and ends (`StoreTrouble`), and not at each check.
        log.debug(what, extra={**extra, "error": str(error)})
    except (*UNREACHABLE, RedisError) as error:
        log.warning(what, extra={**extra, "error": str(error)})
