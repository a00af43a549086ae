"""Read-only ids, and the settings of the fleet as a whole."""

import secrets
from typing import cast

from shared.log.agreement import agree
from shared.log.connect import Redis
from shared.log.keys import PadKeys, read_only_key


async def settle_partitions(redis: Redis, configured: int) -> None:
    """Records the partition count at the first start of a fleet, and holds everyone to it, as
    `Disagreement` says. For tools; processes that stay have a `Membership`.

    A pad's partition follows from the count: with another one, its history would seem gone.
    """
    (await agree(redis, configured)).check(configured)


async def read_only_id(redis: Redis, keys: PadKeys, pad_id: str) -> str:
    """The pad's read-only id, made if it has none. ``r.`` and 32 random hex digits."""
    known: str | bytes | None = await known_read_only_id(redis, keys)
    if known is None:
        fresh = "r." + secrets.token_hex(16)
        # The way back first: an id that somebody has seen must lead to its pad.
        await redis.client.set(read_only_key(fresh), pad_id)
        pipeline = redis.client.pipeline(transaction=False)
        _ = pipeline.hsetnx(keys.meta, "readonly", fresh)
        # Not what HSETNX says: repeated after a lost answer, it would say that another was first.
        _ = pipeline.hget(keys.meta, "readonly")
        _, known = await pipeline.execute()
        if known != fresh.encode():
            await redis.client.delete(read_only_key(fresh))
    return known if isinstance(known, str) else cast("bytes", known).decode()


async def known_read_only_id(redis: Redis, keys: PadKeys) -> str | None:
    """The pad's read-only id, if it has one."""
    known = cast("bytes | None", await redis.rush.hget(keys.meta, "readonly"))
    return known.decode() if known is not None else None


async def pad_of_read_only(redis: Redis, read_only_id: str) -> str | None:
    """The pad that a read-only id stands for; None if there is none."""
    pad = await redis.client.get(read_only_key(read_only_id))
    return cast("bytes", pad).decode() if pad is not None else None


async def claim_read_only(redis: Redis, read_only_id: str | None, pad_id: str) -> str | None:
    """The id if it leads to this pad from now on. If it leads to another one already, it stays
    there, and this pad gets one of its own when it is first opened."""
    if read_only_id is None:
        return None
    key = read_only_key(read_only_id)
    await redis.client.set(key, pad_id, nx=True)
    return read_only_id if await redis.client.get(key) == pad_id.encode() else None
