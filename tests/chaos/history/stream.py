"""Represents a pad as it is stored, for the checker, and reads it back from Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from padfleet.shared.cold.opening import attach
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.fleet.agreement import agreed_cold
from padfleet.shared.log.keys import CONFIG, Keyspace, PadKeys
from padfleet.shared.log.pad.history import HistoryGap, read_revisions
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.records import Revision

READ_STEP = 500


@dataclass(frozen=True, slots=True)
class Stream:
    """A pad's revisions as they are in Redis, in any state."""

    pad: str
    head: int  #: from the pad's meta; -1: there is no such pad
    chain: bytes  #: the running hash at `head`, from the meta
    epoch: int
    revisions: tuple[Revision, ...]


@dataclass(frozen=True, slots=True)
class Rollback:
    """A deliberate rollback to `rev`: a replica was promoted that had no more. Later revisions may
    be gone for a client that was told to reload, and for no other."""

    rev: int


async def read_streams(redis_url: str, pads: Iterable[str], cold_url: str = "") -> list[Stream]:
    """Reads each pad whole, with the part that only the cold store has: the one of this URL, or the
    fleet's. A gap is not an error here; the checker reports it."""
    async with _opened(redis_url, cold_url) as (redis, keyspace):
        return [await _whole(redis, keyspace.pad(pad), pad) for pad in pads]


async def _whole(redis: Redis, keys: PadKeys, pad: str) -> Stream:
    meta = await read_meta(redis, keys)
    revisions: list[Revision] = []
    for first in range(0, meta.head + 1, READ_STEP):
        revisions += await _read(redis, keys, first, min(first + READ_STEP - 1, meta.head))
    return Stream(pad, meta.head, meta.chain, meta.epoch, tuple(revisions))


async def read_heads(redis_url: str, pads: Iterable[str]) -> dict[str, int]:
    """Returns the last revision of each pad, for `Typists.quiesce`."""
    async with _opened(redis_url) as (redis, keyspace):
        return {pad: (await read_meta(redis, keyspace.pad(pad))).head for pad in pads}


@asynccontextmanager
async def _opened(redis_url: str, cold_url: str = "") -> AsyncIterator[tuple[Redis, Keyspace]]:
    redis = open_redis(redis_url)
    thawing = None
    try:
        reply = cast("Awaitable[bytes | None]", redis.client.hget(CONFIG, "partitions"))
        partitions = await reply
        if partitions is None:
            raise LookupError(f"no fleet has ever been started on {redis_url}")
        keyspace = Keyspace(int(partitions))
        # The pad may have left Redis by now.
        url = cold_url or await agreed_cold(redis)
        thawing = attach(redis, keyspace, url, known=True)
        yield redis, keyspace
    finally:
        if thawing is not None:
            await thawing.cold.aclose()
        await redis.close()


async def _read(redis: Redis, keys: PadKeys, first: int, last: int) -> list[Revision]:
    try:
        return await read_revisions(redis, keys, first, last)
    except HistoryGap:
        found = []
        for rev in range(first, last + 1):
            found += await read_revisions(redis, keys, rev, rev)
        return found
