"""This module sends commands for many items, and asks about several pads, in as few round trips as
possible.

Each function raises what `UNREACHABLE` lists. Where it takes one round trip, the caller chooses the
number of pads: some hundreds keep a pipeline short.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from padfleet.shared.batches import ASKED_AT_ONCE, slices
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.keys import Keyspace, PadKeys

T = TypeVar("T")


async def of_each(redis: Redis, items: Sequence[T], ask: Callable[[Any, T], object]) -> list[Any]:
    """Sends one command for each of any number of items, some hundreds to a round trip.

    Arguments:
        ask: puts the command for an item into the pipeline that it is given.

    Returns the replies, in the order of the items. Raises `ResponseError` if one of them is an
    error.
    """
    replies: list[Any] = []
    for some in slices(items, ASKED_AT_ONCE):
        pipeline = redis.client.pipeline(transaction=False)
        for item in some:
            _ = ask(pipeline, item)
        replies += await pipeline.execute()
    return replies


async def any_exists(redis: Redis, groups: Sequence[Sequence[str]]) -> list[bool]:
    """Returns for each group of keys whether one of them exists, in the order of the groups.

    The keys of a group must be of one partition. If a server cannot say, its groups count as
    existing, so that whoever reads them learns why. If no server can say, this raises what
    `UNREACHABLE` lists.
    """
    replies: list[Any] = []
    for some in slices(groups, ASKED_AT_ONCE):
        replies += await redis.hot.exchange([("EXISTS", *keys) for keys in some])
    if replies and all(isinstance(reply, UNREACHABLE) for reply in replies):
        raise replies[0].with_traceback(None)
    return [reply != 0 for reply in replies]


class StoredHead(NamedTuple):
    """Where a pad's history stands, according to its meta."""

    head: int  #: -1 if there is no such pad
    epoch: int
    chain: bytes


async def read_heads(redis: Redis, pads: Sequence[PadKeys]) -> list[StoredHead | Exception]:
    """Reads the head of each pad, in this order. If a pad's key cannot be used, the error takes its
    place (redis-py's, or a ValueError), and the other heads are still read."""
    replies = await redis.auto_pipeline.hmget_each(
        [keys.meta for keys in pads], ("head", "epoch", "chain")
    )
    for reply in replies:
        if isinstance(reply, UNREACHABLE):
            raise reply.with_traceback(None)
    return [_head(reply) for reply in replies]


def _head(reply: Any) -> StoredHead | Exception:
    if isinstance(reply, Exception):
        return reply
    head, epoch, chain = reply
    try:
        return StoredHead(int(head or -1), int(epoch or 0), chain or b"")
    except ValueError as error:
        return error


async def are_here(redis: Redis, pads: Sequence[PadKeys]) -> list[bool]:
    """Returns for each of the pads, in this order, whether Redis is to be asked about it rather
    than the cold store. This is so if Redis has the pad; if Redis has deleted it, so that what is
    in the store is about to be removed; or if Redis has something that cannot be read."""
    heads = await read_heads(redis, pads)
    return [isinstance(head, Exception) or head.head >= 0 or head.epoch > 0 for head in heads]


async def are_there(redis: Redis, pads: Sequence[PadKeys]) -> list[bool]:
    """Returns for each of the pads, in this order, whether it exists in Redis. Raises
    `ResponseError` if a key has a wrong type, and ValueError if its head is invalid."""
    pipeline = redis.client.pipeline(transaction=False)
    for keys in pads:
        _ = pipeline.hget(keys.meta, "head")
    return [int(head or -1) >= 0 for head in await pipeline.execute()]


async def pads_with_sessions(
    redis: Redis, keyspace: Keyspace, pads: Sequence[str]
) -> list[tuple[str, int]]:
    """Returns those of these pads that somebody is on, each with its number of sessions, in one
    round trip."""
    counts = await count_sessions(redis, [keyspace.pad(pad) for pad in pads])
    return [(pad, count) for pad, count in zip(pads, counts, strict=True) if count]


async def count_sessions(redis: Redis, pads: Sequence[PadKeys]) -> list[int]:
    """Returns the number of sessions on each of the pads, in this order. Sessions of dead workers
    count until somebody removes them. Raises `ResponseError` if a key has a wrong type."""
    pipeline = redis.client.pipeline(transaction=False)
    for keys in pads:
        _ = pipeline.hlen(keys.members)
    return cast("list[int]", await pipeline.execute())
