"""Tests MySQL as a source, with SQLite in place of its server."""

from __future__ import annotations

import sqlite3
import sys
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest

from padfleet.services.tools.importing.sql import MysqlRecords, NoDriver, PostgresRecords
from padfleet.shared.etherpad.source import SourceFailed, pad_ids

OPTIONS: dict[str, Any] = {}


class Cursor:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._cursor = connection.cursor()

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self._cursor.close()

    def execute(self, query: str, args: list[Any]) -> None:
        self._cursor.execute(query.replace("%s", "?").replace("AS BINARY", "AS BLOB"), args)

    def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()


class Connection:
    def __init__(self, **options: Any) -> None:
        OPTIONS.clear()
        OPTIONS.update(options)
        if options["database"] == "wrong":
            raise sqlite3.OperationalError("Unknown database")
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.execute("CREATE TABLE store (`key` BLOB PRIMARY KEY, `value` TEXT)")
        rows = {f"pad:{number:04}": "{}" for number in range(2500)}
        rows |= {"pad:a:revs:0": '{"changeset":"\\ud83d"}', "pad_x": "{}", "pae": "{}"}
        pairs = [(key.encode(), value) for key, value in rows.items()]
        self._connection.executemany("INSERT INTO store VALUES (?, ?)", pairs)

    def cursor(self) -> Cursor:
        return Cursor(self._connection)

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(autouse=True)
def _driver(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("pymysql")
    vars(module).update(connect=Connection, Error=sqlite3.Error)
    monkeypatch.setitem(sys.modules, "pymysql", module)


async def test_records_are_read() -> None:
    records = MysqlRecords(urlsplit("mysql://me:p%40ss@db:3307/pads"))
    assert await records.get(["pad:a:revs:0", "none"]) == [{"changeset": "\ud83d"}, None]
    assert await records.get([]) == []
    assert OPTIONS == {
        "host": "db",
        "port": 3307,
        "user": "me",
        "password": "p@ss",
        "database": "pads",
        "charset": "utf8mb4",
    }
    assert len(await pad_ids(records)) == 2500  # several pages of keys
    await records.close()


async def test_what_the_driver_says_is_told() -> None:
    records = MysqlRecords(urlsplit("mysql://db/wrong"))
    with pytest.raises(SourceFailed, match="MySQL: Unknown database"):
        await records.get(["x"])
    await records.close()


def test_without_a_driver_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pymysql", "asyncpg"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NoDriver, match=r"pip install 'padfleet\[import\]'"):
        MysqlRecords(urlsplit("mysql://db/x"))
    with pytest.raises(NoDriver, match="asyncpg"):
        PostgresRecords("postgresql://db/x")
