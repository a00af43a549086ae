"""An Etherpad that keeps its records in Redis: a key for each, with JSON in it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.source import failing
from padfleet.shared.settings import mask
from padfleet.shared.wire.jsontext import loads

SCAN_COUNT = 1000


class RedisRecords:
    def __init__(self, url: str) -> None:
        self._where = mask(url)
        self._client = Redis.from_url(url)

    async def get(self, keys: Sequence[str]) -> list[Any]:
        with failing(self._where, RedisError, OSError):
            values = await self._client.mget(keys) if keys else []
        return [decoded(key, value) for key, value in zip(keys, values, strict=True)]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        pattern = "".join(f"\\{char}" if char in "*?[]\\" else char for char in prefix) + "*"
        cursor = 0
        while True:
            with failing(self._where, RedisError, OSError):
                cursor, found = await self._client.scan(cursor, match=pattern, count=SCAN_COUNT)
            for key in found:
                yield key.decode() if isinstance(key, bytes) else key
            if cursor == 0:
                return

    async def close(self) -> None:
        await self._client.aclose()


def decoded(key: str, value: bytes | str | None) -> Any:
    """A value as a database keeps it, which is JSON. Raises `BadRecord`."""
    if value is None:
        return None
    try:
        return loads(value)
    except ValueError as error:
        raise BadRecord(f"{key}: {error}") from error
