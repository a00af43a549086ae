"""The state of a partition's inbox, and the entries that its writers could not read."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple, cast

from redis.exceptions import ResponseError

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.inboxes.entries import UnreadEntry
from padfleet.shared.log.keys import Keyspace

MOST_PARKED = 100
"""Unreadable entries of a partition that are kept; of each, only the beginning."""


class InboxStanding(NamedTuple):
    """The state according to Redis, and not according to any process."""

    owner: str  #: the writer that had the partition last; empty: none ever had
    left_ms: int | None
    """For how long the partition stays that writer's; negative: since when it does not. None: the
    lease was given back."""
    waiting_ms: int | None  #: since when the oldest unsettled entry waits; None: there is none
    entries: int  #: that wait, up to a hundred settled ones among them
    parked: int  #: entries that could not be read, and were passed; the last `MOST_PARKED`


async def read_standing(redis: Redis, keyspace: Keyspace, partition: int) -> InboxStanding:
    """Reads the state. Raises what `UNREACHABLE` lists, and `ResponseError` if a key has a wrong
    type."""
    (found,) = await _read(redis, keyspace, [partition])
    if isinstance(found, Exception):
        raise found
    return found


async def read_standings(
    redis: Redis, keyspace: Keyspace, partitions: Sequence[int]
) -> list[InboxStanding | Exception]:
    """Reads the state of each partition, or what is wrong with its keys, in one call. On a cluster,
    each is asked for separately, and an error that `UNREACHABLE` lists is reported for its
    partition; otherwise it is raised."""
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
    """Keeps what is known of an entry that is skipped unread; the oldest of `MOST_PARKED` makes
    room. It has the entry's own ID, so that an entry skipped twice is stored once. In that case, or
    if a later entry is there already, raises `ResponseError`; or what `UNREACHABLE` lists."""
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
