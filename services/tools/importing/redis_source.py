"""Reads from an Etherpad that stores its records in Redis, as JSON under one key for each."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from redis.exceptions import RedisError

from padfleet.shared.etherpad.source import failing, key_of, stored_key, value_of
from padfleet.shared.log.connection.foreign import ForeignRedis
from padfleet.shared.settings import mask


class RedisRecords:
    def __init__(self, url: str) -> None:
        self._where = mask(url)
        self._client = ForeignRedis(url)

    async def get(self, keys: Sequence[str]) -> list[Any]:
        with failing(self._where, RedisError, OSError):
            values = await self._client.values([stored_key(key) for key in keys])
        return [value_of(value) for value in values]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        cursor = 0
        while True:
            with failing(self._where, RedisError, OSError):
                cursor, found = await self._client.some_keys(cursor, prefix)
            for key in found:
                yield key_of(key)
            if cursor == 0:
                return

    async def close(self) -> None:
        await self._client.close()
