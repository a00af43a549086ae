"""This module says roughly how large a pad is, before it is read."""

from typing import Final

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys

ENOUGH: Final = 64 << 20
"""The number of bytes above which it does not matter how much larger the pad is."""


async def weight(redis: Redis, keys: PadKeys) -> int:
    """Returns the number of bytes from which the newest text is read: the snapshot and the
    revisions after it, or, for a pad elsewhere, all of it. Returns 0 if there is no pad, or
    something else in its place. Raises what `UNREACHABLE` lists, or `CorruptPad`."""
    found = int(await scripts.WEIGHT(redis.client, [keys.meta, keys.snap, keys.revs], [ENOUGH]))
    if not found and redis.elsewhere is not None:
        return min(await redis.elsewhere.weight(keys.pad_id), ENOUGH)
    return found
