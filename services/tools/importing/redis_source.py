"""An Etherpad that keeps its records in Redis: a key for each, with JSON in it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from redis.exceptions import RedisError

from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.source import failing
from padfleet.shared.log.foreign import ForeignRedis
from padfleet.shared.settings import mask
from padfleet.shared.wire.jsontext import loads


class RedisRecords:
    def __init__(self, url: str) -> None:
        self._where = mask(url)
        self._client = ForeignRedis(url)

    async def get(self, keys: Sequence[str]) -> list[Any]:
        with failing(self._where, RedisError, OSError):
            values = await self._client.values(keys)
        return [decoded(key, value) for key, value in zip(keys, values, strict=True)]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        cursor = 0
        while True:
            with failing(self._where, RedisError, OSError):
                cursor, found = await self._client.some_keys(cursor, prefix)
            for key in found:
                yield key
            if cursor == 0:
                return

    async def close(self) -> None:
        await self._client.close()


def decoded(key: str, value: bytes | str | None) -> Any:
    """A value as a database keeps it, which is JSON. Raises `BadRecord`."""
    if value is None:
        return None
    try:
        return loads(value)
    except ValueError as error:
        raise BadRecord(f"{key}: {error}") from error
