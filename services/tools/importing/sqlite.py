"""Reads from an Etherpad that stores its records in the table `store` of a SQLite file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from padfleet.shared.batches import slices
from padfleet.shared.etherpad.source import (
    SourceFailed,
    behind,
    failing,
    key_of,
    stored_key,
    value_of,
)

MAGIC: Final = b"SQLite format 3\0"
"""The beginning of such a file."""

PAGE: Final = 1000
"""How many keys one read fetches."""

AT_ONCE: Final = 500
"""How many values one statement asks for; older builds of SQLite accept 999."""

PATIENCE: Final = 30.0
"""How many seconds a statement waits while the Etherpad writes."""

_KEY: Final = "CAST(? AS TEXT)"
"""A key as bytes, since some databases have keys that are not UTF-8."""


def is_sqlite(path: Path) -> bool:
    """Returns whether the file is a SQLite database. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


class SqliteRecords:
    """Reads the file without changing anything, even while the Etherpad runs. SQLite blocks, and is
    therefore called in a thread, one call after the other."""

    def __init__(self, path: Path) -> None:
        """Raises OSError if there is no such file."""
        with path.open("rb"):
            pass  # SQLite's own error does not name the file
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._turn = asyncio.Lock()

    async def get(self, keys: Sequence[str]) -> list[Any]:
        """Implements `Records.get`."""
        found: dict[str, bytes] = {}
        for part in slices(keys, AT_ONCE):
            marks = ", ".join([_KEY] * len(part))
            query = f"SELECT key, value FROM store WHERE key IN ({marks})"  # noqa: S608
            for key, value in await self._rows(query, [stored_key(key) for key in part]):
                found[key_of(key)] = value
        return [value_of(found.get(key)) for key in keys]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Implements `Records.keys`."""
        query = (
            f"SELECT key FROM store WHERE key > {_KEY} COLLATE BINARY "  # noqa: S608
            f"AND key < {_KEY} COLLATE BINARY ORDER BY key COLLATE BINARY LIMIT ?"
        )
        last = prefix
        while rows := await self._rows(query, (stored_key(last), stored_key(behind(prefix)), PAGE)):
            for (key,) in rows:
                yield key_of(key)
            last = key_of(rows[-1][0])

    async def close(self) -> None:
        """Closes the file."""
        if self._connection is not None:
            await asyncio.to_thread(self._connection.close)

    async def _rows(self, query: str, args: Sequence[Any]) -> list[Any]:
        def run() -> list[Any]:
            if self._connection is None:
                self._connection = self._opened()
            return self._connection.execute(query, args).fetchall()

        async with self._turn:
            with failing(str(self._path), sqlite3.Error):
                return await asyncio.to_thread(run)

    def _opened(self) -> sqlite3.Connection:
        address = f"file:{quote(str(self._path.resolve()))}?mode=ro"
        connection = sqlite3.connect(
            address, uri=True, timeout=PATIENCE, check_same_thread=False, isolation_level=None
        )
        connection.text_factory = bytes  # invalid UTF-8 spoils one record, and not the run
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'store'")
        if not tables.fetchall():
            connection.close()
            raise SourceFailed(
                f"{self._path} has no table store: it is a SQLite file, but no Etherpad's"
            )
        return connection
