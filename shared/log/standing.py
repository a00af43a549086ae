"""How the inbox of a partition stands, and what its writers could not read in it."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple, cast

from redis.exceptions import ResponseError

from padfleet.shared.log import scripts
from padfleet.shared.log.connect import UNREACHABLE, Redis
from padfleet.shared.log.entries import UnreadEntry
from padfleet.shared.log.keys import Keyspace

MOST_PARKED = 100
"""Entries of a partition that are kept, and of each only its beginning."""


class InboxStanding(NamedTuple):
    """By what stands in Redis, not by what any process believes."""

    owner: str  #: the writer that had the partition last; empty: none ever had
    left_ms: int | None
    """For how long it stays that writer's; negative: since when it does not. None: given back."""
    waiting_ms: int | None  #: since when the oldest unsettled entry waits; None: there is none
    entries: int  #: that wait, up to a hundred settled ones among them
    parked: int  #: entries that could not be read, and were passed; the last `MOST_PARKED`


async def read_standing(redis: Redis, keyspace: Keyspace, partition: int) -> InboxStanding:
    """Raises what `UNREACHABLE` lists, and `ResponseError` where a key is of a wrong type."""
    (found,) = await _read(redis, keyspace, [partition])
    if isinstance(found, Exception):
        raise found
    return found


async def read_standings(
    redis: Redis, keyspace: Keyspace, partitions: Sequence[int]
) -> list[InboxStanding | Exception]:
    """How each of these stands, or what is wrong with its keys: in one call. On a cluster each is
    asked for by itself, and what `UNREACHABLE` lists is told of the one that it is about; else that
    is raised."""
    if not partitions:
        return []
    if not redis.is_cluster:
        return await _read(redis, keyspace, partitions)
    return list(await asyncio.gather(*(_alone(redis, keyspace, p) for p in partitions)))


async def _alone(redis: Redis, keyspace: Keyspace, partition: int) -> InboxStanding | Exception:
    try:
        (found,) = await _read(redis, keyspace, [partition])
    except UNREACHABLE as error:
        return error
    return found


async def _read(
    redis: Redis, keyspace: Keyspace, partitions: Sequence[int]
) -> list[InboxStanding | Exception]:
    keys = [
        key
        for p in partitions
        for key in (keyspace.state(p), keyspace.inbox(p), keyspace.parked(p))
    ]
    replies: list[Any] = await scripts.STANDING(redis.rush, keys, [])
    return [
        ResponseError(reply.decode()) if isinstance(reply, bytes) else _standing(*reply)
        for reply in replies
    ]


def _standing(
    owner: bytes, left: bytes, waiting: bytes, entries: int, parked: int
) -> InboxStanding:
    return InboxStanding(
        owner.decode(),
        int(left) if left else None,
        int(waiting) if waiting else None,
        int(entries),
        int(parked),
    )


async def park(
    redis: Redis, keyspace: Keyspace, partition: int, entry_id: str, unread: UnreadEntry
) -> None:
    """Keeps what can be said of an entry that is passed unread; the oldest of `MOST_PARKED` makes
    room. Under the entry's own ID, so that what is passed twice stands there once: then, and where
    a later entry stands there already, raises `ResponseError`; or what `UNREACHABLE` lists."""
    fields = {
        "reason": unread.reason,
        "detail": unread.detail.encode("utf-8", "replace"),
        "bytes": unread.size,
        "pad": (unread.pad or "").encode("utf-8", "surrogatepass"),
        "start": unread.start,
    }
    await cast(
        "Awaitable[object]",
        redis.client.xadd(
            keyspace.parked(partition),
            fields,  # type: ignore[arg-type]
            id=entry_id,
            maxlen=MOST_PARKED,
            approximate=False,
        ),
    )
