"""This module takes a snapshot of a fleet, from its Redis alone."""

import asyncio
import time
from contextlib import suppress

from redis.exceptions import ResponseError

from padfleet.shared.fleet.record import Kind, decode
from padfleet.shared.fleet.snapshot import FleetSnapshot, InboxStatus, Seen, UnreadInbox
from padfleet.shared.log.connection.connect import UNREACHABLE, Redis
from padfleet.shared.log.connection.keeping import unwritable
from padfleet.shared.log.fleet.processes import read_record, silences
from padfleet.shared.log.inboxes.standing import read_standing
from padfleet.shared.log.keys import WORKERS, WRITERS, Keyspace

PATIENCE = 2.5
"""The seconds allowed for one part of a look. If one shard does not respond, an operator wants to
see the rest of the fleet, and soon."""


async def take_snapshot(redis: Redis, keyspace: Keyspace) -> FleetSnapshot:
    """Takes one look, with a script for each partition and two more, and a record for each process.

    Raises what `UNREACHABLE` lists when the server that knows the processes does not answer.
    """
    workers, writers, failing, standings = await asyncio.gather(
        _processes(redis, "worker", WORKERS),
        _processes(redis, "writer", WRITERS),
        _unwritable(redis),
        asyncio.gather(*(_standing(redis, keyspace, n) for n in range(keyspace.partitions))),
    )
    return FleetSnapshot(
        at=time.time(),
        processes=(*workers, *writers),
        partitions=tuple(found for found in standings if isinstance(found, InboxStatus)),
        unread=tuple(found for found in standings if isinstance(found, UnreadInbox)),
        unwritable=tuple(failing),
    )


async def _unwritable(redis: Redis) -> list[str]:
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            return await unwritable(redis)
    return []


async def _processes(redis: Redis, kind: Kind, key: str) -> list[Seen]:
    async with asyncio.timeout(PATIENCE):
        beats = await silences(redis, key)
    return list(await asyncio.gather(*(_seen(redis, kind, *beat) for beat in beats)))


async def _seen(redis: Redis, kind: Kind, process: str, silence_ms: int) -> Seen:
    try:
        async with asyncio.timeout(PATIENCE):
            packed = await read_record(redis, kind, process)
    except (*UNREACHABLE, ResponseError):
        # The record is on another shard than the count, or is not a string. It is known all the
        # same that the process lives.
        packed = None
    record = decode(packed) if packed else None
    return Seen(kind, process, silence_ms, record if record and record.kind == kind else None)


async def _standing(redis: Redis, keyspace: Keyspace, partition: int) -> InboxStatus | UnreadInbox:
    try:
        async with asyncio.timeout(PATIENCE):
            return InboxStatus(partition, *await read_standing(redis, keyspace, partition))
    except (*UNREACHABLE, ResponseError) as error:
        # A key of a wrong type must not hide all the others either.
        return UnreadInbox(partition, str(error) or f"no answer within {PATIENCE:g} s")
