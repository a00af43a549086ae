"""What is there: the pads of a fleet, and the tokens that its authors are known by."""

from collections.abc import AsyncGenerator, Sequence
from typing import cast

from padfleet.shared.batches import batches
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import CANARY, CONFIG, Keyspace, token_key

SCAN_COUNT = 1000
"""Keys that the server looks at in one step: a millisecond of its time."""


class NoFleet(Exception):
    """No fleet has ever been started on this Redis."""


async def stored_keyspace(redis: Redis) -> Keyspace:
    """The keyspace of the fleet that this Redis holds. Raises `NoFleet`."""
    stored = await redis.client.hget(CONFIG, "partitions")
    if stored is None:
        raise NoFleet("this Redis holds no fleet: is it the right one, and the right database?")
    return Keyspace(int(stored))


async def pad_ids(redis: Redis, keyspace: Keyspace) -> AsyncGenerator[str, None]:
    """The ids of all pads, deleted ones among them, each once and in no order. Canaries' are left
    out.

    Pads that are made or go away meanwhile may be among them or not.
    """
    known: set[str] = set()
    async for key in redis.client.scan_iter(match="pf:{*}:pad:*:meta", count=SCAN_COUNT):
        pad_id = key.decode().partition(":pad:")[2].removesuffix(":meta")
        if pad_id.startswith(CANARY):
            continue
        if pad_id not in known and keyspace.pad(pad_id).meta == key.decode():
            known.add(pad_id)
            yield pad_id


async def wanted_pads(
    redis: Redis, keyspace: Keyspace, named: Sequence[str] | None
) -> AsyncGenerator[str, None]:
    """Those that somebody has named, each once, whether they are there or not; or all."""
    if not named:
        async for pad in pad_ids(redis, keyspace):
            yield pad
    for pad in dict.fromkeys(named or ()):
        yield pad


async def tokens(redis: Redis) -> AsyncGenerator[list[tuple[str, str]], None]:
    """Hash and author of all tokens, some hundreds at a time."""
    prefix = token_key("")
    keys = redis.client.scan_iter(match=f"{prefix}*", count=SCAN_COUNT)
    async for batch in batches(keys, SCAN_COUNT):
        yield await _authors_of(redis, [key.decode().removeprefix(prefix) for key in batch])


async def _authors_of(redis: Redis, names: Sequence[str]) -> list[tuple[str, str]]:
    pipeline = redis.client.pipeline(transaction=False)
    for name in names:
        _ = pipeline.get(token_key(name))
    replies = cast("list[bytes | None]", await pipeline.execute())
    return [(n, author.decode()) for n, author in zip(names, replies, strict=True) if author]
