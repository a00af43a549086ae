"""Pads in the table of an Etherpad, in the databases that are on this machine: made as Etherpads of
several years have made it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from urllib.parse import urlsplit

import asyncpg
import pymysql
import pytest

from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.etherpad.mysql import MysqlTable
from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.etherpad.postgres import (
    KEYS_WITH,
    PAD_KEYS,
    PostgresTable,
    bounds_of,
)
from padfleet.shared.cold.etherpad.table import MOST_ROW, NO_TEXT, RowChange, Table
from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.log.damage import CorruptPad
from tests.integration.api.databases import mysql, postgres
from tests.unit.cold.etherpad_cases import EtherpadCases, begun, document, records

NEW = (
    "CREATE TABLE `store` (`key` VARCHAR(100) NOT NULL COLLATE utf8mb4_bin, "
    "`value` LONGTEXT COLLATE utf8mb4_bin NOT NULL, PRIMARY KEY (`key`)) "
    "ENGINE=InnoDB CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
)
BYTES = (
    "CREATE TABLE `store` (`key` VARBINARY(100) NOT NULL, `value` LONGBLOB NOT NULL, "
    "PRIMARY KEY (`key`)) ENGINE=InnoDB"
)
OLD = (
    "CREATE TABLE `store` (`key` VARCHAR(100) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL, "
    "`value` LONGTEXT CHARACTER SET utf8mb3 NOT NULL, PRIMARY KEY (`key`)) ENGINE=InnoDB"
)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(scope="module")
def mysql_url() -> Iterator[str]:
    with mysql() as url:
        yield url


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def empty_postgres(url: str) -> None:
    async with connected(url) as connection:
        await connection.execute("DROP TABLE IF EXISTS store")
        await connection.execute(
            'CREATE TABLE store ("key" character varying(100) NOT NULL, "value" text NOT NULL, '
            "CONSTRAINT store_pkey PRIMARY KEY (key))"
        )


def on_mysql(url: str, *statements: str) -> None:
    parts = urlsplit(url)
    with closing(
        pymysql.connect(
            host="127.0.0.1", port=parts.port or 0, user="pads", database="pads", autocommit=True
        )
    ) as connection:
        for statement in statements:
            connection.cursor().execute(statement)


class TestPostgres(EtherpadCases):
    @pytest.fixture
    async def table(self, postgres_url: str) -> AsyncIterator[Table]:
        await empty_postgres(postgres_url)
        table = PostgresTable(postgres_url)
        yield table
        await table.aclose()

    async def test_one_of_two_at_once_wins(self, table: Table) -> None:
        await one_wins(table)

    async def test_what_is_wrong_is_reported(self, postgres_url: str) -> None:
        async with connected(postgres_url) as connection:
            await connection.execute("DROP TABLE IF EXISTS store")
        pads = EtherpadPads(PostgresTable(postgres_url))
        with pytest.raises(ValueError, match="no table `store`"):
            await pads.check()
        await pads.aclose()
        away = EtherpadPads(PostgresTable("postgresql://pads@127.0.0.1:1/pads"))
        with pytest.raises(StoreAway, match="PostgreSQL"):
            await away.look("p")
        await away.aclose()

    @pytest.mark.parametrize(
        ("query", "args"),
        [
            (PAD_KEYS, (*bounds_of("pad:"), "pad:x", "9")),
            (KEYS_WITH, (*bounds_of("token2author:"), "token2author:", '"a.x"')),
        ],
    )
    async def test_no_question_goes_through_the_whole_table(
        self, postgres_url: str, query: str, args: Sequence[str]
    ) -> None:
        await empty_postgres(postgres_url)
        async with connected(postgres_url) as connection:
            # The table is empty, so reading it from end to end would be quicker still.
            await connection.execute("SET enable_seqscan = off")
            await connection.execute(f"PREPARE asked AS {query}")
            words = ", ".join(f"'{each}'" for each in args)
            rows = await connection.fetch(f"EXPLAIN EXECUTE asked({words})")
        (found,) = [row[0] for row in rows if "Index Cond:" in row[0]]
        assert (f">= '{args[0]}'" in found, f"< '{args[1]}'" in found) == (True, True)

    @pytest.mark.parametrize("start", ["pad:", "token2author:", "mapper2author:"])
    async def test_the_bounds_of_keys_hold_in_every_order(
        self, postgres_url: str, start: str
    ) -> None:
        keys = [start + rest for rest in ("", "t.1", "Über", "h", "ž", "0")]
        async with connected(postgres_url) as connection:
            await connection.execute("DROP COLLATION IF EXISTS without_marks")
            await connection.execute(
                "CREATE COLLATION without_marks (provider=icu, locale='und-u-ka-shifted')"
            )
            names = await connection.fetch(
                "SELECT quote_ident(collname) FROM pg_collation WHERE collname <> 'default' "
                "AND collencoding IN (-1, 6)"
            )
            outside = [
                name
                for (name,) in names
                if not await connection.fetchval(
                    "SELECT bool_and(key >= $1 COLLATE NAME AND key < $2 COLLATE NAME) "
                    "FROM unnest($3::text[]) AS key".replace("NAME", name),
                    *bounds_of(start),
                    keys,
                )
            ]
        assert outside == []
        assert len(names) > 100

    async def test_a_row_that_is_too_long_stays_where_it_is(
        self, postgres_url: str, table: Table
    ) -> None:
        pads = EtherpadPads(table)
        await begun(pads)
        async with connected(postgres_url) as connection:
            await connection.execute(
                "UPDATE store SET value = '\"' || repeat('x', $1) || '\"' WHERE key = 'pad:p'",
                MOST_ROW,
            )
        await _is_too_long(pads, table)

    async def test_rows_that_are_not_utf8(self, postgres_url: str) -> None:
        """A database that knows no character set takes any bytes."""
        async with connected(postgres_url) as connection:
            await connection.execute("DROP DATABASE IF EXISTS bytes")
            await connection.execute(
                "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 "
                "LC_COLLATE 'C' LC_CTYPE 'C'"
            )
        url = f"{postgres_url.rpartition('/')[0]}/bytes"
        await empty_postgres(url)
        table = PostgresTable(url)

        async def garble(key: str) -> None:
            async with connected(url) as connection:
                await connection.execute(
                    "UPDATE store SET value = convert_from('\\xff41'::bytea, 'SQL_ASCII') "
                    "WHERE key = $1",
                    key,
                )

        await _not_utf8(table, garble)
        await table.aclose()


class TestMysql(EtherpadCases):
    @pytest.fixture
    async def table(self, mysql_url: str) -> AsyncIterator[Table]:
        on_mysql(mysql_url, "DROP TABLE IF EXISTS store", NEW)
        table = MysqlTable(mysql_url)
        yield table
        await table.aclose()

    async def test_one_of_two_at_once_wins(self, table: Table) -> None:
        await one_wins(table)

    @pytest.mark.parametrize("made", [BYTES, OLD])
    async def test_tables_of_other_years(self, mysql_url: str, made: str) -> None:
        """The pads hold characters of four bytes too, which MySQL's `utf8` cannot store."""
        on_mysql(mysql_url, "DROP TABLE IF EXISTS store", made)
        pads = EtherpadPads(MysqlTable(mysql_url))
        await pads.check()
        typist, head = await begun(pads)
        typist.type(110)
        head = await pads.append("p", head, typist.part())
        assert await pads.written_there(["p"]) == []
        found = await pads.read("p")
        assert found is not None
        assert found.head == head
        assert await pads.look("p") == head
        assert "damaged" not in found.state.more
        assert [one.pad async for one in pads.pads()] == ["p"]
        await pads.delete("p", head)
        assert [one.pad async for one in pads.pads()] == []
        await pads.aclose()

    async def test_a_row_that_is_too_long_stays_where_it_is(
        self, mysql_url: str, table: Table
    ) -> None:
        pads = EtherpadPads(table)
        await begun(pads)
        on_mysql(mysql_url, f"SET GLOBAL max_allowed_packet = {2 * MOST_ROW}")
        on_mysql(
            mysql_url,
            f"UPDATE store SET value = CONCAT('\"', REPEAT('x', {MOST_ROW}), '\"') "  # noqa: S608
            "WHERE `key` = 'pad:p'",
        )
        await _is_too_long(pads, table)

    async def test_rows_that_are_not_utf8(self, mysql_url: str) -> None:
        on_mysql(mysql_url, "DROP TABLE IF EXISTS store", BYTES)
        table = MysqlTable(mysql_url)

        async def garble(key: str) -> None:
            on_mysql(mysql_url, f"UPDATE store SET value = X'FF41' WHERE `key` = '{key}'")  # noqa: S608

        await _not_utf8(table, garble)
        on_mysql(mysql_url, "INSERT INTO store VALUES (X'7061643AFF', '{}')")
        assert [one.pad async for one in EtherpadPads(table).pads()] == ["p"]
        await table.aclose()

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ("MODIFY `key` VARCHAR(100) COLLATE utf8mb4_general_ci NOT NULL", "case alone"),
            ("MODIFY `value` TEXT NOT NULL", "too short"),
            ("RENAME other", "no table `store`"),
        ],
    )
    async def test_what_is_wrong_is_reported(self, mysql_url: str, change: str, said: str) -> None:
        on_mysql(mysql_url, "DROP TABLE IF EXISTS store, other", NEW, f"ALTER TABLE store {change}")
        pads = EtherpadPads(MysqlTable(mysql_url))
        with pytest.raises(ValueError, match=said):
            await pads.check()
        for call in (pads.look("p"), begun(pads)):
            with pytest.raises(StoreAway, match=said):
                await call
        await pads.aclose()

    async def test_a_connection_that_the_server_has_closed(self, mysql_url: str) -> None:
        on_mysql(mysql_url, "DROP TABLE IF EXISTS store", NEW)
        table = MysqlTable(mysql_url, connections=1)
        pads = EtherpadPads(table)
        typist, head = await begun(pads)
        (number,) = [connection.thread_id() for connection in table._all]
        on_mysql(mysql_url, f"KILL {number}")
        assert await pads.look("p") == head
        assert len(await records(table)) == typist.pad.head + 2
        await pads.aclose()

    async def test_what_does_not_fit_is_refused_and_not_cut(self, mysql_url: str) -> None:
        on_mysql(mysql_url, "DROP TABLE IF EXISTS store", NEW)
        table = MysqlTable(mysql_url)
        with pytest.raises(ValueError, match="no room"):
            await table.change([], lambda _: RowChange({"k" * 101: "1"}))
        await table.aclose()
        away = EtherpadPads(MysqlTable("mysql://pads@127.0.0.1:1/pads"))
        with pytest.raises(StoreAway, match="MySQL"):
            await away.look("p")
        await away.aclose()


async def _is_too_long(pads: EtherpadPads, table: Table) -> None:
    """Asserts that a pad whose record is longer than `MOST_ROW` cannot be read, and stays."""
    for call in (pads.look("p"), pads.read("p"), EtherpadPads(table).look("p")):
        with pytest.raises(CorruptPad, match="pad:p cannot be read"):
            await call
    (size,) = await table.sizes(["pad:p"])
    assert size == MOST_ROW + 2


async def _not_utf8(table: Table, garble: Callable[[str], Awaitable[None]]) -> None:
    """Asserts what becomes of rows that `garble` makes unreadable: the other rows are read, and
    what needs an unreadable one is an error that says so."""
    typist, _ = await begun(EtherpadPads(table), 150)
    await garble("globalAuthor:a.0")
    pads = EtherpadPads(table)
    found = await pads.read("p")
    assert found is not None
    assert document(found).atext == typist.pad.atext
    assert await pads.register.authors(["a.0", "a.none"]) == []
    await garble("pad:p:revs:120")
    found = await EtherpadPads(table).read("p")
    assert found is not None
    assert "damaged" in found.state.more
    assert await pads.written_there(["p", "q"]) == []
    await garble("pad:p")
    for call in (pads.look("p"), pads.read("p")):
        with pytest.raises(CorruptPad, match="pad:p cannot be read"):
            await call
    assert await pads.written_there(["p", "q"]) == ["p"]
    assert await table.get(["pad:p", "pad:none"]) == [NO_TEXT, None]


async def one_wins(table: Table) -> None:
    """Asserts that one of several simultaneous writes wins, for a first write and for a later one,
    by whatever means the database detects the conflict."""
    pads = [EtherpadPads(table) for _ in range(4)]
    won: list[ColdHead] = []
    for later in (False, True):
        if later:
            over = won[0]
            calls = [one.set_mark("p", over, "frozen") for one in pads]
        else:
            calls = [first_written(one) for one in pads]
        found = await asyncio.gather(*calls, return_exceptions=True)
        won = [one for one in found if not isinstance(one, BaseException)]
        assert len(won) == 1, found
        lost = [one for one in found if isinstance(one, BaseException)]
        assert all(isinstance(one, Overwritten) for one in lost), lost


async def first_written(pads: EtherpadPads) -> ColdHead:
    _, head = await begun(pads)
    return head
