"""This module lists the pads of a fleet, and the tokens of its authors."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, NamedTuple, cast

from redis.asyncio import RedisCluster

from padfleet.shared.batches import batches
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import CANARY, CONFIG, Keyspace, token_key

SCAN_COUNT = 1000
"""The number of keys that the server examines in one step, which takes it a millisecond."""


class NoFleet(Exception):
    """No fleet has ever been started on this Redis."""


async def stored_keyspace(redis: Redis) -> Keyspace:
    """Returns the keyspace of the fleet in this Redis. Raises `NoFleet`."""
    stored = await redis.client.hget(CONFIG, "partitions")
    if stored is None:
        raise NoFleet("this Redis holds no fleet: is it the right one, and the right database?")
    return Keyspace(int(stored))


async def pad_ids(redis: Redis, keyspace: Keyspace) -> AsyncGenerator[str, None]:
    """Yields the ids of all pads, including deleted ones, each once and in no particular order.
    Pads of canaries are left out.

    Pads that are made or removed meanwhile may or may not be included.
    """
    known: set[str] = set()
    async for key in redis.client.scan_iter(match=_METAS, count=SCAN_COUNT):
        pad_id = _pad_of(keyspace, key)
        if pad_id is not None and pad_id not in known:
            known.add(pad_id)
            yield pad_id


_METAS = "pf:{*}:pad:*:meta"


def _pad_of(keyspace: Keyspace, key: bytes) -> str | None:
    """Returns the pad whose meta has this key, or None if it is a canary's pad or belongs to a
    fleet with another number of partitions."""
    pad_id = key.decode().partition(":pad:")[2].removesuffix(":meta")
    if pad_id.startswith(CANARY) or keyspace.pad(pad_id).meta != key.decode():
        return None
    return pad_id


class ScanPlace(NamedTuple):
    """How far the scan of all keys has come. It is small, and the caller can keep it."""

    #: the name of the cluster's node; empty for the first, or where there is only one
    node: str = ""
    cursor: int = 0  #: the server's cursor; 0 for the beginning


async def some_pad_ids(
    redis: Redis, keyspace: Keyspace, place: ScanPlace, *, keys_looked_at: int
) -> tuple[list[str], ScanPlace | None]:
    """Does one step of `pad_ids`, over about this many keys. Returns the ids found, and where to
    continue, or None if that was all. A pad may be returned twice. Raises what `UNREACHABLE` lists.
    """
    keys, following = await _scanned(redis, place, min(keys_looked_at, SCAN_COUNT))
    found = (_pad_of(keyspace, key) for key in keys)
    return [pad for pad in found if pad is not None], following


async def _scanned(
    redis: Redis, place: ScanPlace, count: int
) -> tuple[list[bytes], ScanPlace | None]:
    client = redis.client
    asked: dict[str, Any] = {"cursor": place.cursor, "match": _METAS, "count": count}
    if not isinstance(client, RedisCluster):
        at, found = await client.scan(**asked)
        return cast("list[bytes]", found), ScanPlace("", int(at)) if at else None
    nodes = {node.name: node for node in client.get_primaries()}
    # A node that has left meanwhile has given its keys to others, which are scanned as well.
    left = sorted(name for name in nodes if name >= place.node)
    if not left:
        return [], None
    name, *others = left
    if name != place.node:
        asked["cursor"] = 0
    cursors, found = await client.scan(**asked, target_nodes=nodes[name])
    keys = cast("list[bytes]", found)
    (cursor,) = cast("dict[str, int]", cursors).values()
    if cursor:
        return keys, ScanPlace(name, int(cursor))
    return keys, ScanPlace(others[0], 0) if others else None


async def tokens(redis: Redis) -> AsyncGenerator[list[tuple[str, str]], None]:
    """Yields the hash and the author of all tokens, some hundreds at a time."""
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
