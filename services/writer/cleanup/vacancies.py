"""Removes pads that nobody ever wrote in, once nobody is on them."""

import logging
import time
from collections.abc import Sequence

from redis.exceptions import RedisError

from padfleet.services.writer import metrics
from padfleet.services.writer.pads.cache import PadCache
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.several import any_exists
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad import unwritten
from padfleet.shared.supervision.progress import progress

log = logging.getLogger(__name__)


class Vacancies:
    def __init__(self, redis: Redis, keyspace: Keyspace, pads: PadCache, *, after_ms: int) -> None:
        """Takes how long a pad is left alone after it was created, and after each check."""
        self._redis = redis
        self._keyspace = keyspace
        self._pads = pads
        self._after = after_ms

    @property
    def interval(self) -> float:
        """Returns the seconds between two checks of a partition."""
        return min(max(self._after / 4000, 0.05), 60.0)

    async def worth_a_look(self, partitions: Sequence[int]) -> list[int]:
        """Returns those partitions that have such pads, perhaps. Raises what `UNREACHABLE`
        lists."""
        keys = [(self._keyspace.unwritten(partition),) for partition in partitions]
        found = await any_exists(self._redis, keys)
        return [partition for partition, any_ in zip(partitions, found, strict=True) if any_]

    async def look(self, lease: Lease) -> int:
        """Removes such pads of the partition, and returns how many. No batch of the partition may
        be in progress, since the writer forgets these pads. Raises what `UNREACHABLE` lists."""
        now = time.time() * 1000
        gone = 0
        due = await unwritten.due(self._redis, self._keyspace, lease.partition, now - self._after)
        for one in due:
            progress()
            try:
                verdict = await unwritten.vacate(self._redis, self._keyspace, lease, one, now)
            except UNREACHABLE:
                raise
            except (CorruptPad, RedisError) as error:
                # Whatever one pad's keys hold does not keep other pads from going.
                log.warning("unwritten pad kept", extra={"pad": one.pad, "error": str(error)})
                await unwritten.put_off(self._redis, self._keyspace, lease.partition, one, now)
                continue
            if verdict == "lease":
                break
            if verdict == "gone":
                self._pads.forget(one.pad)
                gone += 1
        if gone:
            metrics.VACATED.inc(gone)
            log.info("unwritten pads removed", extra={"partition": lease.partition, "pads": gone})
        return gone
