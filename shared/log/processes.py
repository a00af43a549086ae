"""What the processes of a fleet say of themselves: their beats, and a record that each keeps.

`presence.beat` and `presence.retire` are what a process does for itself to be counted.
"""

from typing import Any, cast

from padfleet.shared.log import scripts
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.keys import process_key


async def silences(redis: Redis, key: str) -> list[tuple[str, int]]:
    """The processes counted under this key (`keys.WORKERS` or `keys.WRITERS`), by name, with the
    milliseconds since the last beat of each, by Redis' clock. Nobody is counted out by this.

    Raises what `UNREACHABLE` lists.
    """
    found: list[Any] = await scripts.SILENCES(redis.rush, [key], [])
    pairs = zip(found[::2], found[1::2], strict=True)
    return sorted((name.decode(), int(silence)) for name, silence in pairs)


async def put_record(redis: Redis, process: str, record: bytes, seconds: int) -> None:
    """Puts a process' record in the place of the one before. It is kept for so many seconds, unless
    another follows. Raises what `UNREACHABLE` lists."""
    await redis.hot.call("SET", process_key(process), record, "EX", seconds)


async def read_record(redis: Redis, process: str) -> bytes | None:
    """The record that the process has put last; None: there is none (any more). Raises what
    `UNREACHABLE` lists, and `ResponseError` where the key is of a wrong type."""
    return cast("bytes | None", await redis.rush.get(process_key(process)))


async def drop_record(redis: Redis, process: str) -> None:
    """Takes away the record of a process that ends. Raises what `UNREACHABLE` lists."""
    await redis.client.unlink(process_key(process))
