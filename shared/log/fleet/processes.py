"""This module reads and writes what the processes of a fleet report about themselves: their beats,
and a record that each of them keeps.

A process reports its beats with `beat` and `retire` of `shared.log.people.presence`.
"""

from typing import Any, cast

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import process_key


async def silences(redis: Redis, key: str) -> list[tuple[str, int]]:
    """Returns the processes listed under this key (`keys.WORKERS` or `keys.WRITERS`), sorted by
    name, with the milliseconds since the last beat of each, by Redis's clock. Removes no process
    from the list.

    Raises what `UNREACHABLE` lists.
    """
    found: list[Any] = await scripts.SILENCES(redis.auto_pipeline, [key], [])
    pairs = zip(found[::2], found[1::2], strict=True)
    return sorted((name.decode(), int(silence)) for name, silence in pairs)


async def put_record(redis: Redis, kind: str, process: str, record: bytes, seconds: int) -> None:
    """Replaces a process's record. It is kept for this many seconds, unless another follows. Raises
    what `UNREACHABLE` lists."""
    await redis.hot.call("SET", process_key(kind, process), record, "EX", seconds)


async def read_record(redis: Redis, kind: str, process: str) -> bytes | None:
    """Returns the process's last record, or None if it has none or the record has expired. Raises
    what `UNREACHABLE` lists, and `ResponseError` if the key has a wrong type."""
    return cast("bytes | None", await redis.auto_pipeline.get(process_key(kind, process)))


async def drop_record(redis: Redis, kind: str, process: str) -> None:
    """Deletes the record of a process that is ending. Raises what `UNREACHABLE` lists."""
    await redis.client.unlink(process_key(kind, process))
