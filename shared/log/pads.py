"""Read-only ids, and the settings of the fleet as a whole."""

import secrets
from typing import NamedTuple, cast

from padfleet.shared.log.agreement import agree
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import PadKeys, read_only_key


async def settle_partitions(redis: Redis, configured: int) -> None:
    """Records the partition count at the first start of a fleet, and holds everyone to it, as
    `Disagreement` says. For tools; processes that stay have a `Membership`.

    A pad's partition follows from the count: with another one, its history would seem gone.
    """
    (await agree(redis, configured)).check(configured)


async def read_only_id(redis: Redis, keys: PadKeys, pad_id: str) -> str:
    """The pad's read-only id, made if it has none. ``r.`` and 32 random hex digits."""
    known = (await glance(redis, keys)).read_only_id
    return known if known is not None else await make_read_only_id(redis, keys, pad_id)


async def make_read_only_id(redis: Redis, keys: PadKeys, pad_id: str) -> str:
    """Makes a read-only id for a pad that had none a moment ago."""
    return await settle_read_only_id(redis, keys, await way_back(redis, pad_id))


async def way_back(redis: Redis, pad_id: str) -> str:
    """A fresh read-only id that leads to the pad. That comes first: an id that somebody has seen
    must lead to its pad."""
    fresh = "r." + secrets.token_hex(16)
    await redis.client.set(read_only_key(fresh), pad_id)
    return fresh


async def settle_read_only_id(redis: Redis, keys: PadKeys, fresh: str) -> str:
    """The pad's read-only id: the fresh one, unless it has got another meanwhile."""
    pipeline = redis.client.pipeline(transaction=False)
    _ = pipeline.hsetnx(keys.meta, "readonly", fresh)
    # Not what HSETNX says: repeated after a lost answer, it would say that another was first.
    _ = pipeline.hget(keys.meta, "readonly")
    _, known = await pipeline.execute()
    if known != fresh.encode():
        await redis.client.delete(read_only_key(fresh))
    return cast("bytes", known).decode()


class Glance(NamedTuple):
    """What can be seen of a pad from afar: enough to begin with, and nothing to rely on."""

    exists: bool
    read_only_id: str | None  #: None: it has none yet
    damaged: bool = False  #: it can only be read, see `PadMeta.damaged`


async def glance(redis: Redis, keys: PadKeys) -> Glance:
    """Raises what `UNREACHABLE` lists, and ResponseError where the key holds something else."""
    readonly, head, damaged = await _glanced(redis, keys)
    if head is None and redis.elsewhere is not None and await redis.elsewhere.bring(keys.pad_id):
        readonly, head, damaged = await _glanced(redis, keys)
    exists = head is not None and not head.startswith(b"-")
    return Glance(exists, readonly.decode() if readonly is not None else None, bool(damaged))


async def _glanced(redis: Redis, keys: PadKeys) -> tuple[bytes | None, bytes | None, bytes | None]:
    return cast(
        "tuple[bytes | None, bytes | None, bytes | None]",
        await redis.rush.hmget(keys.meta, ["readonly", "head", "damaged"]),
    )


async def pad_of_read_only(redis: Redis, read_only_id: str) -> str | None:
    """The pad that a read-only id stands for; None if there is none."""
    pad = cast("bytes | None", await redis.client.get(read_only_key(read_only_id)))
    if pad is None and redis.elsewhere is not None:
        return await redis.elsewhere.pad_of_read_only(read_only_id)
    return pad.decode() if pad is not None else None


async def claim_read_only(redis: Redis, read_only_id: str | None, pad_id: str) -> str | None:
    """The id if it leads to this pad from now on. If it leads to another one already, it stays
    there, and this pad gets one of its own when it is first opened."""
    if read_only_id is None:
        return None
    key = read_only_key(read_only_id)
    await redis.client.set(key, pad_id, nx=True)
    return read_only_id if await redis.client.get(key) == pad_id.encode() else None


async def forget_read_only(redis: Redis, read_only_id: str, of: str | None = None) -> None:
    """The id leads nowhere from now on, if it leads to the pad `of`; None: wherever it leads. Its
    pad still has it, if it is there. Raises what `UNREACHABLE` lists."""
    key = read_only_key(read_only_id)
    if of is None or await redis.client.get(key) == of.encode():
        await redis.client.delete(key)
