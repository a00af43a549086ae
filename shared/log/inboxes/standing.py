"""This module reads the state of a partition's inbox, and keeps the entries that its writers could
not read."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple, cast

from redis.exceptions import ResponseError

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.inboxes.received import UnreadEntry
from padfleet.shared.log.keys import Keyspace

MOST_PARKED = 100
"""The number of unreadable entries of a partition that are kept. Only the beginning of each is
kept."""


class InboxStanding(NamedTuple):
    """The state of a partition and its inbox, according to Redis and not to any process."""

    owner: str  #: the writer that had the partition last; empty if none ever had it
    left_ms: int | None
    """For how long the partition remains that writer's, or, if negative, since when it no longer
    is. None if the lease was given back."""
    #: for how long the oldest unsettled entry has waited; None if there is none
    waiting_ms: int | None
    entries: int  #: how many are in the stream; up to a hundred of them may be settled
    #: how many entries could not be read and were skipped; only the last `MOST_PARKED` count
    parked: int


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
    """Reads the state of each partition in one call. If something is wrong with a partition's keys,
    the error takes the place of its state. On a cluster, each partition is asked for separately,
    and an error that `UNREACHABLE` lists is returned in its place as well; otherwise such an error
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
    replies: list[Any] = await scripts.STANDING(redis.auto_pipeline, keys, [])
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
    """Keeps what is known of an entry that is skipped because it cannot be read; if there are
    `MOST_PARKED` already, the oldest is removed. It gets the entry's own ID, so that an entry
    skipped twice is stored once. In that case, or if a later entry is already there, raises
    `ResponseError`. Also raises what `UNREACHABLE` lists."""
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
