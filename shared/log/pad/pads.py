"""This module makes and resolves read-only ids, and settles the number of partitions for the
commands."""

import secrets
from typing import NamedTuple, cast

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import of_right_type
from padfleet.shared.log.fleet.agreement import agree
from padfleet.shared.log.keys import PadKeys, read_only_key


async def settle_partitions(redis: Redis, configured: int) -> None:
    """Records the number of partitions at the first start of a fleet, and raises `Disagreement` if
    it is different later. This is for commands; long-running processes have a `Membership`.

    A pad's partition follows from that number: with another one, its history would seem gone.
    """
    (await agree(redis, configured)).check(configured)


async def read_only_id(redis: Redis, keys: PadKeys, pad_id: str) -> str:
    """Returns the pad's read-only id, ``r.`` and 32 random hex digits. Makes it if there is
    none."""
    known = (await glance(redis, keys)).read_only_id
    if known is not None:
        return known
    return await settle_read_only_id(redis, keys, await way_back(redis, pad_id))


async def way_back(redis: Redis, pad_id: str) -> str:
    """Stores a fresh read-only id that leads to the pad, before the pad names it: an id that
    somebody has seen must lead to its pad."""
    fresh = "r." + secrets.token_hex(16)
    await redis.client.set(read_only_key(fresh), pad_id)
    return fresh


async def settle_read_only_id(redis: Redis, keys: PadKeys, fresh: str) -> str:
    """Returns the pad's read-only id: the fresh one, unless the pad has got another meanwhile."""
    pipeline = redis.client.pipeline(transaction=False)
    _ = pipeline.hsetnx(keys.meta, "readonly", fresh)
    # The reply to HSETNX is not used: after a lost answer, it would say that another call was
    # first.
    _ = pipeline.hget(keys.meta, "readonly")
    _, known = await pipeline.execute()
    if known != fresh.encode():
        await redis.client.delete(read_only_key(fresh))
    return cast("bytes", known).decode()


class PadGlance(NamedTuple):
    """A quick look at a pad: enough to begin with, but not to rely on."""

    exists: bool
    read_only_id: str | None  #: None if it has none yet
    damaged: bool = False  #: whether it can only be read, see `PadMeta.damaged`
    away: bool = False  #: whether it is not in Redis, so that nothing else is known of it yet


async def glance(redis: Redis, keys: PadKeys, *, fetch: bool = True) -> PadGlance:
    """Looks at the pad. With `fetch`, a pad that is not in Redis is brought there first. Raises
    what `UNREACHABLE` lists, and ResponseError if a key has a wrong type."""
    readonly, head, damaged = await _glanced(redis, keys)
    if head is None and redis.elsewhere is not None:
        if not fetch:
            away = await redis.elsewhere.has(keys.pad_id)
            return PadGlance(away, None, away=away)
        if await redis.elsewhere.bring(keys.pad_id):
            readonly, head, damaged = await _glanced(redis, keys)
    exists = head is not None and not head.startswith(b"-")
    return PadGlance(exists, readonly.decode() if readonly is not None else None, bool(damaged))


async def is_away(redis: Redis, keys: PadKeys) -> bool:
    """Returns whether the pad would have to be fetched from the cold store. Raises what
    `UNREACHABLE` lists, and `CorruptPad` if a key has a wrong type."""
    if redis.elsewhere is None:
        return False
    with of_right_type(keys.meta):
        return (await glance(redis, keys, fetch=False)).away


async def _glanced(redis: Redis, keys: PadKeys) -> tuple[bytes | None, bytes | None, bytes | None]:
    return cast(
        "tuple[bytes | None, bytes | None, bytes | None]",
        await redis.auto_pipeline.hmget(keys.meta, ["readonly", "head", "damaged"]),
    )


async def pad_of_read_only(redis: Redis, read_only_id: str) -> str | None:
    """Returns the pad that a read-only id leads to, or None if there is none."""
    pad = cast("bytes | None", await redis.client.get(read_only_key(read_only_id)))
    if pad is None and redis.elsewhere is not None:
        return await redis.elsewhere.pad_of_read_only(read_only_id)
    return pad.decode() if pad is not None else None


async def claim_read_only(redis: Redis, read_only_id: str | None, pad_id: str) -> str | None:
    """Returns the id if it leads to this pad from now on. If it already leads to another pad, that
    stays so and this returns None; this pad gets another id when it is first opened."""
    if read_only_id is None:
        return None
    key = read_only_key(read_only_id)
    await redis.client.set(key, pad_id, nx=True)
    return read_only_id if await redis.client.get(key) == pad_id.encode() else None


async def forget_read_only(redis: Redis, read_only_id: str, of: str | None = None) -> None:
    """Makes the id lead nowhere, if it leads to the pad `of`; if `of` is None, wherever it leads.
    If the pad exists, it still has the id. Raises what `UNREACHABLE` lists."""
    key = read_only_key(read_only_id)
    if of is None or await redis.client.get(key) == of.encode():
        await redis.client.delete(key)
