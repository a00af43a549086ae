"""This module imports an `.etherpad` file from a stranger into a fleet, in a separate process.

Reading a pool of half a million attributes, or applying ten thousand revisions, takes seconds in
which a worker's event loop would stand still for everybody on it. So the worker passes the file on
unread; the process reads it, checks it and installs it over its own connection. The process is
terminated if it takes too much time or memory. What it had stored outside the pad then expires, and
the pad is unchanged.
"""

import asyncio
import io
from collections.abc import Hashable
from typing import Any, NamedTuple

from padfleet.shared.bounds import MOST_ID
from padfleet.shared.etherpad.bring import Bounds, Brought, bring_pad
from padfleet.shared.etherpad.jsonfile import MOST_RECORDS, open_etherpad_file
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.source import pad_ids
from padfleet.shared.limited import JobLimits, JobPool, JobRefused, Overrun
from padfleet.shared.limited.job import taken_apart, with_data
from padfleet.shared.log.connection.connect import UNREACHABLE, open_redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.staging import ServerMoved
from padfleet.shared.log.records import pack, unpack

LIMITS = JobLimits(seconds=60, memory=1 << 30, answer=1 << 16)
"""What reading one file may take. A worker accepts files of up to 50 MB by default, which is some
300,000 revisions."""


class ImportJob(NamedTuple):
    """Everything that the job needs except the file itself."""

    redis_url: str
    partitions: int
    as_id: str
    bounds: Bounds


def pool() -> JobPool:
    """Returns a pool of processes that read files."""
    return JobPool("padfleet.shared.etherpad.apart:work", LIMITS)


async def bring_file(
    processes: JobPool,
    client: Hashable,
    data: bytes,
    keyspace: Keyspace,
    redis_url: str,
    *,
    as_id: str,
    bounds: Bounds,
) -> Brought:
    """Replaces the pad `as_id` by the pad in the file.

    Arguments:
        client: the owner of the file; clients take turns.
        data: the file.
        bounds: how large the pad may be.

    Raises `BadRecord`, `ServerMoved`, `ConnectionError`, or what `JobPool.do` raises except for
    `JobRefused`. In these cases nothing has changed.
    """
    head = pack(ImportJob(redis_url, keyspace.partitions, as_id, bounds))
    try:
        answer = await processes.do(client, *with_data(head, data))
    except JobRefused as error:
        raise BadRecord(str(error)) from error
    except Overrun as error:
        raise BadRecord(f"the file takes too much to read: {error}") from error
    kind, *fields = unpack(answer)
    match kind:
        case "brought":
            return Brought(*fields)
        case "moved":
            raise ServerMoved(*fields)
    raise ConnectionError(*fields)


def work(data: bytes) -> bytes:
    """Does one job, in the separate process (see `shared.limited.child`). Raises `BadRecord`, which
    is a ValueError."""
    head, file = taken_apart(data)
    redis_url, partitions, as_id, bounds = unpack(head)
    job = ImportJob(redis_url, partitions, as_id, Bounds(*bounds))
    return pack(asyncio.run(_bring(job, io.BytesIO(file))))


async def _bring(job: ImportJob, file: io.BytesIO) -> tuple[Any, ...]:
    """Reads the file, and returns the answer to the job."""
    records = await open_etherpad_file(file, most=MOST_RECORDS)
    found = await pad_ids(records)
    if len(found) != 1:
        raise BadRecord(f"the file has {len(found)} pads, not one")
    redis = open_redis(job.redis_url)
    try:
        await redis.start()
        brought = await bring_pad(
            redis,
            Keyspace(job.partitions),
            records,
            found[0],
            as_id=job.as_id,
            replace=True,
            bounds=job.bounds,
        )
    except ServerMoved as error:
        return "moved", str(error)
    except UNREACHABLE as error:
        return "unreachable", f"{type(error).__name__}: {error}"[: 5 * MOST_ID]
    finally:
        await redis.close()
    return "brought", *brought
