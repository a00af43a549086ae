"""Breaks an Etherpad's database while it is the cold store: what was being written is there whole
or not at all, and people on open pads notice nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import pymysql
import pytest

from padfleet.shared.cold.errors import Overwritten, StoreAway, StoreFull, StoreReadOnly
from padfleet.shared.cold.etherpad.mysql import MysqlTable
from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.etherpad.postgres import PostgresTable
from padfleet.shared.cold.etherpad.table import Decide, RowChange, Table
from padfleet.shared.cold.pads import ColdHead
from tests.chaos.proxy import TcpProxy
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, Caller
from tests.integration.api.databases import Database, killable_mysql, killable_postgres
from tests.integration.cold.test_etherpad_databases import (
    NEW,
    connected,
    empty_postgres,
    on_mysql,
)
from tests.integration.cold.test_etherpad_fleet import PATIENCE, frozen, text_there
from tests.unit.cold.etherpad_cases import begun, records

KINDS: Final = ("postgresql", pytest.param("mysql", marks=pytest.mark.thorough))

POSTGRES: Final[Mapping[str, tuple[str, ...]]] = {
    "read-only": ("ALTER ROLE pads SET default_transaction_read_only = on",),
    "full": (
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON store "
        "FOR EACH ROW EXECUTE FUNCTION full_disk()",
    ),
    "mended": (
        "SET default_transaction_read_only = off",
        "ALTER ROLE pads RESET default_transaction_read_only",
        "DROP FUNCTION IF EXISTS full_disk CASCADE",
    ),
    "lock": ("SELECT value FROM store WHERE key = 'pad:p' FOR UPDATE",),
    "waiting": ("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",),
}
MYSQL: Final[Mapping[str, tuple[str, ...]]] = {
    "read-only": ("SET GLOBAL tx_read_only = 1",),
    "full": tuple(
        f"CREATE TRIGGER full_{when} BEFORE {when} ON store FOR EACH ROW "
        "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'the table is full'"
        for when in ("INSERT", "UPDATE")
    ),
    "mended": (
        "SET GLOBAL tx_read_only = 0",
        "SET SESSION tx_read_only = 0",
        "DROP TRIGGER IF EXISTS full_INSERT",
        "DROP TRIGGER IF EXISTS full_UPDATE",
    ),
    "lock": ("SELECT `value` FROM store WHERE `key` = 'pad:p' FOR UPDATE",),
    "waiting": (
        "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'",
    ),
}
"""What a server is told, by what becomes of it then. A full disk is played by triggers that raise
what the server itself would."""


@dataclass
class Etherpads:
    """A database with the table of an Etherpad, and a proxy in front of it."""

    database: Database
    proxy: TcpProxy

    @property
    def is_postgres(self) -> bool:
        return self.database.url.startswith("postgresql")

    @property
    def url(self) -> str:
        """Returns the URL by way of the proxy."""
        port = urlsplit(self.database.url).port
        return self.database.url.replace(f":{port}/", f":{self.proxy.port}/")

    def table(self, url: str = "") -> Table:
        """Opens the table by way of the proxy, or by this URL."""
        made = PostgresTable if self.is_postgres else MysqlTable
        return made(url or self.url)

    async def empty(self) -> None:
        if self.is_postgres:
            await empty_postgres(self.database.url)
        else:
            on_mysql(self.database.url, "DROP TABLE IF EXISTS store", NEW)

    async def told(self, what: str) -> Any:
        """Tells the server the statements of this name, and returns the last one's value."""
        if self.is_postgres:
            async with connected(self.database.url) as connection:
                return [await connection.fetchval(each) for each in POSTGRES[what]][-1]
        return await asyncio.to_thread(_told_mysql, self.database.url, MYSQL[what])

    async def is_waited_for(self) -> bool:
        return bool(await self.told("waiting"))

    async def breaks(self, how: str) -> None:
        """Breaks the database. Connections that were open before do not know of it."""
        match how:
            case "killed":
                await asyncio.to_thread(self.database.kill)
            case "silent":
                self.proxy.blackhole()
            case "slow":
                self.proxy.delay(0.2)
            case _:
                await self.told(how)
                self.proxy.drop_connections()

    async def mend(self, how: str) -> None:
        if how == "killed":
            await asyncio.to_thread(self.database.start)
        self.proxy.heal()
        await self.told("mended")
        self.proxy.drop_connections()

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Locks the record of the pad `p` for as long as the context lasts."""
        if self.is_postgres:
            async with connected(self.database.url) as connection, connection.transaction():
                await connection.execute(POSTGRES["lock"][0])
                yield
            return
        with _on_mysql(self.database.url) as cursor:
            cursor.execute("BEGIN")
            cursor.execute(MYSQL["lock"][0])
            yield


@contextmanager
def _on_mysql(url: str) -> Iterator[Any]:
    port = urlsplit(url).port or 0
    connection = pymysql.connect(
        host="127.0.0.1", port=port, user="pads", database="pads", autocommit=True
    )
    with closing(connection), connection.cursor() as cursor:
        yield cursor


def _told_mysql(url: str, statements: Sequence[str]) -> Any:
    """Returns the first value that the last statement returns, if it returns any."""
    with _on_mysql(url) as cursor:
        for statement in statements:
            cursor.execute(statement)
        row = cursor.fetchone()
        return row[0] if row else None


@pytest.fixture(scope="module", params=KINDS)
def etherpads(request: pytest.FixtureRequest) -> Iterator[Etherpads]:
    start = killable_postgres if request.param == "postgresql" else killable_mysql
    with ExitStack() as running:
        database = running.enter_context(start())
        proxy = running.enter_context(TcpProxy(urlsplit(database.url).port or 0))
        yield Etherpads(database, proxy)


@pytest.fixture
async def table(etherpads: Etherpads) -> AsyncIterator[Table]:
    await etherpads.empty()
    table = etherpads.table()
    yield table
    etherpads.proxy.heal()
    await table.aclose()


# --- One write -----------------------------------------------------------------------------------


async def test_a_connection_that_breaks_between_the_statements_of_a_write(
    etherpads: Etherpads, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    pads = EtherpadPads(table)
    typist, head = await begun(pads)
    before = await records(table)
    change = table.change

    async def breaking(keys: list[str], decide: Decide) -> None:
        def decided(found: Mapping[str, str | None]) -> RowChange:
            etherpads.proxy.drop_connections()
            return decide(found)

        await change(keys, decided)

    typist.type(3)
    part = typist.part()
    monkeypatch.setattr(table, "change", breaking)
    with pytest.raises(StoreAway):
        await pads.append("p", head, part)
    monkeypatch.undo()
    assert await _head(pads) == head
    assert await records(table) == before
    assert (await pads.append("p", head, part)).head == typist.pad.head


async def _head(pads: EtherpadPads) -> ColdHead:
    """Returns how the pad stands, over a new connection if those that there were have ended."""

    async def look() -> ColdHead | None:
        try:
            return await pads.look("p")
        except StoreAway:
            return None

    found = await eventually(look, "the database answers")
    assert found is not None
    return found


@pytest.mark.parametrize("direction", ["to_target", "to_client"])
async def test_a_connection_that_breaks_anywhere_in_a_write(
    etherpads: Etherpads, table: Table, direction: Any
) -> None:
    """The write may have been done all the same, if its answer was what was lost."""
    pads = EtherpadPads(table)
    typist, head = await begun(pads)
    proxy = etherpads.proxy

    def passed() -> int:
        return proxy.bytes_to_client if direction == "to_client" else proxy.bytes_to_target

    typist.type(2)
    began = passed()
    head = await pads.append("p", head, typist.part())
    whole = passed() - began
    connections = proxy.connections
    for part in range(10):
        typist.type(2)
        added = typist.part()
        proxy.reset_after(whole * part // 9, direction=direction)
        with suppress(StoreAway, Overwritten):
            await pads.append("p", head, added)
        proxy.heal()
        found = await _head(pads)
        assert found.head in (head.head, typist.pad.head), "half of it is there"
        if found.head == head.head:
            found = await pads.append("p", found, added)
        head = found
    assert proxy.connections >= connections + 4, "most of them break"
    kept = await pads.read("p")
    assert kept is not None
    assert kept.head.head == typist.pad.head
    assert "damaged" not in kept.state.more


async def test_a_row_that_somebody_else_has_locked_is_waited_for(
    etherpads: Etherpads, table: Table
) -> None:
    pads = EtherpadPads(table)
    typist, head = await begun(pads)
    typist.type(3)
    async with etherpads.locked():
        append = asyncio.create_task(pads.append("p", head, typist.part()))
        await eventually(etherpads.is_waited_for, "the write waits for the lock")
        assert not append.done()
    assert (await append).head == typist.pad.head


@pytest.mark.parametrize(
    ("how", "raised"),
    [("read-only", StoreReadOnly), ("full", StoreFull), ("killed", StoreAway)],
)
async def test_a_database_that_takes_nothing_is_named_and_loses_nothing(
    etherpads: Etherpads, table: Table, how: str, raised: type[StoreAway]
) -> None:
    pads = EtherpadPads(table)
    typist, head = await begun(pads)
    typist.type(3)
    part = typist.part()
    await etherpads.breaks(how)
    try:
        if how != "killed":
            assert await _head(pads) == head, "it can be read"
        for _ in range(2):
            with pytest.raises(raised) as error:
                await pads.append("p", head, part)
            assert type(error.value) is raised
    finally:
        await etherpads.mend(how)
    assert await _head(pads) == head
    assert (await pads.append("p", head, part)).head == typist.pad.head


async def test_a_slow_database_is_waited_for(etherpads: Etherpads, table: Table) -> None:
    pads = EtherpadPads(table)
    typist, head = await begun(pads)
    typist.type(3)
    await etherpads.breaks("slow")
    assert (await pads.append("p", head, typist.part())).head == typist.pad.head


# --- A fleet -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fleet(etherpads: Etherpads, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    asyncio.run(etherpads.empty())
    settings = {
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_COLD_URL": etherpads.url,
        "PADFLEET_COLD_AFTER": "2",
        "PADFLEET_COLD_EVERY": "0.6",
    }
    folder: Path = tmp_path_factory.mktemp("faults")
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.mark.parametrize(
    "how", ["killed", "read-only", "full", pytest.param("silent", marks=pytest.mark.thorough)]
)
@pytest.mark.timeout(300)
async def test_a_database_in_trouble_affects_cold_pads_only(
    fleet: Fleet, etherpads: Etherpads, how: str
) -> None:
    """People on a pad go on, others are asked to come again, and all is there afterwards."""
    table = etherpads.table(etherpads.database.url)
    cold, hot = f"cold-{how}", f"hot-{how}"
    url = fleet.urls[0]
    async with Caller(url) as api:
        await api.createPad(padID=cold, text="asleep\n")
        await frozen(fleet, table, cold)
        async with _on(url, hot) as guest:
            await etherpads.breaks(how)
            try:
                assert await guest.write("typed meanwhile ") is None
                await guest.hears(lambda: guest.heard("ACCEPT_COMMIT"), "people go on")
                async with Guest(url) as other:
                    asking = asyncio.create_task(other.ready(cold))
                    gone = partial(_is_to_come_again, other)
                    await other.hears(gone, "it is to come again", timeout=PATIENCE)
                    asking.cancel()
                read = await _status(api, cold)
                assert read == (200 if how in ("read-only", "full") else 503)
                behind = partial(fleet.writers[0].metric, "padfleet_cold_behind_pads")
                await eventually(behind, "it is seen that it is behind", timeout=2 * PATIENCE)
            finally:
                await etherpads.mend(how)

            async def there() -> bool:
                return "typed meanwhile" in await text_there(table, hot)

            await eventually(there, "what was typed is written behind", timeout=PATIENCE)
    async with _on(url, cold) as guest:
        text = guest.vars["collab_client_vars"]["initialAttributedText"]["text"]
        assert text.rstrip() == "asleep"
    members = fleet.writers + fleet.workers
    assert sum(member.metric("padfleet_cold_lost_pads_total") for member in members) == 0
    await table.aclose()


@asynccontextmanager
async def _on(url: str, pad: str) -> AsyncIterator[Guest]:
    """Joins a pad as pages do: who is sent away without a reason comes again."""
    while True:
        async with Guest(url) as guest:
            asking = asyncio.create_task(guest.ready(pad))
            answered = partial(_is_answered, guest)
            await guest.hears(answered, "an answer", timeout=PATIENCE)
            asking.cancel()
            if guest.connected:
                yield guest
                return


def _is_answered(guest: Guest) -> bool:
    return bool(guest.messages) or not guest.connected


def _is_to_come_again(guest: Guest) -> bool:
    """Returns whether the connection has ended without a reason, after which clients come again."""
    assert not guest.messages
    return not guest.connected


async def _status(api: Caller, pad: str) -> int:
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with api.http.get(f"{api.url}/p/{pad}/export/txt", timeout=timeout) as response:
        return response.status
