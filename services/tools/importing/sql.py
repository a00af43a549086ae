"""Reads from an Etherpad that stores its records in the table `store` of PostgreSQL or MySQL.

padfleet does not itself need the drivers: `pip install 'padfleet[import]'`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import SplitResult

from padfleet.shared.cold.etherpad.mysql import driver_options
from padfleet.shared.cold.etherpad.postgres import driver_url
from padfleet.shared.cold.etherpad.table import NoDriver as NoDriver
from padfleet.shared.cold.etherpad.table import driver
from padfleet.shared.etherpad.source import behind, failing, key_of, stored_key, value_of

PAGE = 1000
"""How many keys one read fetches."""


class PostgresRecords:
    def __init__(self, url: str) -> None:
        self._url = driver_url(url)
        self._driver: Any = driver("asyncpg", "PostgreSQL")
        self._connection: Any = None

    async def get(self, keys: Sequence[str]) -> list[Any]:
        query = "SELECT key, value FROM store WHERE key = ANY($1::text[])"
        rows = await self._fetch(query, list(keys))
        found = {row["key"]: row["value"] for row in rows}
        return [value_of(found.get(key)) for key in keys]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        # The order is by bytes, whatever collation the database has: pages need one order, and in
        # this one all keys with a prefix are adjacent.
        query = (
            'SELECT key FROM store WHERE key COLLATE "C" > $1 AND key COLLATE "C" < $2 '
            'ORDER BY key COLLATE "C" LIMIT $3'
        )
        last = prefix
        while rows := await self._fetch(query, last, behind(prefix), PAGE):
            for row in rows:
                yield row["key"]
            last = rows[-1]["key"]

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _fetch(self, query: str, *args: Any) -> list[Any]:
        # A database in SQL_ASCII may contain invalid UTF-8, on which the driver would fail.
        errors = (
            self._driver.PostgresError,
            self._driver.InterfaceError,
            OSError,
            UnicodeError,
        )
        with failing("PostgreSQL", *errors):
            if self._connection is None:
                self._connection = await self._driver.connect(self._url)
            return list(await self._connection.fetch(query, *args))


class MysqlRecords:
    """Uses a driver that blocks, and therefore a thread of its own, with one call after the
    other."""

    def __init__(self, parts: SplitResult) -> None:
        self._driver: Any = driver("pymysql", "MySQL")
        self._options = driver_options(parts)
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def get(self, keys: Sequence[str]) -> list[Any]:
        if not keys:
            return []
        marks = ", ".join(["%s"] * len(keys))
        rows = await self._rows(
            f"SELECT `key`, `value` FROM `store` WHERE `key` IN ({marks})",  # noqa: S608
            [stored_key(key) for key in keys],
        )
        found = {key_of(key): value for key, value in rows}
        return [value_of(found.get(key)) for key in keys]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        # The column is VARBINARY in databases that Etherpad has created, and text in older ones.
        query = (
            "SELECT `key` FROM `store` WHERE CAST(`key` AS BINARY) > %s "
            "AND CAST(`key` AS BINARY) < %s ORDER BY CAST(`key` AS BINARY) LIMIT %s"
        )
        last = prefix
        while rows := await self._rows(query, [stored_key(last), behind(prefix).encode(), PAGE]):
            for (key,) in rows:
                yield key_of(key)
            last = key_of(rows[-1][0])

    async def close(self) -> None:
        if self._connection is not None:
            await asyncio.to_thread(self._connection.close)

    async def _rows(self, query: str, args: list[Any]) -> list[Any]:
        def run() -> list[Any]:
            if self._connection is None:
                self._connection = self._driver.connect(**self._options)
            with self._connection.cursor() as cursor:
                cursor.execute(query, args)
                return list(cursor.fetchall())

        async with self._turn:
            with failing("MySQL", self._driver.Error, OSError, UnicodeError):
                return await asyncio.to_thread(run)
