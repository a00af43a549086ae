"""How large a pad is, roughly, before it is read."""

from typing import Final

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys

ENOUGH: Final = 64 << 20
"""Bytes from which on it does not matter how much larger it is."""


async def weight(redis: Redis, keys: PadKeys) -> int:
    """Returns the bytes from which the newest text is read: the snapshot and the revisions since;
    of a pad elsewhere, all of it. 0 if there is no pad, or something else in its place. Raises what
    `UNREACHABLE` lists, or `CorruptPad`."""
    found = int(await scripts.WEIGHT(redis.client, [keys.meta, keys.snap, keys.revs], [ENOUGH]))
    if not found and redis.elsewhere is not None:
        return min(await redis.elsewhere.weight(keys.pad_id), ENOUGH)
    return found
