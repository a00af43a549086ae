"""Removes members of workers that died, on pads that no other worker has open.

A worker that has a pad open removes the members of dead workers from it. But if everybody on a pad
was on one worker, and that worker dies, no other worker does: the pad would seem to be in use, and
would stay in Redis permanently. So its writer occasionally checks pads that nobody edits.
"""

import logging
import time
from collections.abc import Collection

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.moving import PadStanding
from padfleet.shared.log.people import presence

log = logging.getLogger(__name__)


class GhostHunt:
    """One writer's search for such members."""

    def __init__(self, redis: Redis, keyspace: Keyspace, *, after_ms: int) -> None:
        """Takes how long a pad must not have been edited, which is also the time between two checks
        of who is on it."""
        self._redis = redis
        self._keyspace = keyspace
        self._after_ms = after_ms
        self._looked: dict[int, dict[str, float]] = {}  #: by partition and pad, `time.monotonic`

    def forget(self, held: Collection[int]) -> None:
        """Forgets what is known of partitions that others have by now."""
        for partition in self._looked.keys() - held:
            del self._looked[partition]

    def look_begins(self, partition: int, pads: Collection[str]) -> None:
        """Begins a look at a partition; `pads` are those that are in Redis now."""
        before = self._looked.get(partition, {})
        self._looked[partition] = {pad: before[pad] for pad in pads if pad in before}

    def is_due(self, partition: int, pad: str, standing: PadStanding) -> bool:
        """Returns whether it is time to check who is on a pad."""
        if not standing.people or time.time() * 1000 - standing.time < self._after_ms:
            return False
        before = self._looked[partition].get(pad)
        return before is None or (time.monotonic() - before) * 1000 >= self._after_ms

    async def look(self, partition: int, pad: str) -> None:
        """Removes members from the pad whose worker died long ago. Raises `CorruptPad`, or what
        `UNREACHABLE` lists."""
        self._looked[partition][pad] = time.monotonic()
        if taken := await presence.bury(self._redis, self._keyspace.pad(pad)):
            log.info("members of dead workers removed", extra={"pad": pad, "sessions": taken})
