"""Tests a fleet whose cold store is the database of an Etherpad. No import is needed, and the way
back stays open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.etherpad.postgres import PostgresTable
from padfleet.shared.cold.etherpad.table import Table
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.wire.jsontext import dumps, loads
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, ApiFailed, Caller
from tests.integration.api.databases import postgres
from tests.integration.cold.test_etherpad_databases import empty_postgres
from tests.unit.cold.etherpad_cases import by_an_etherpad, put_raw, records
from tests.unit.etherpad.an_etherpad import EtherpadPad, check

PATIENCE = 60


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[Fleet]:
    asyncio.run(empty_postgres(database))
    settings = {
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_COLD_URL": database,
        "PADFLEET_COLD_AFTER": "3",
        "PADFLEET_COLD_EVERY": "0.5",
    }
    folder = tmp_path_factory.mktemp("etherpads")
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def table(database: str) -> AsyncIterator[PostgresTable]:
    table = PostgresTable(database)
    yield table
    await table.aclose()


async def begun_there(table: PostgresTable, pad: str, count: int = 20) -> str:
    """Puts a pad into the table as an Etherpad would, and returns its text."""
    there = EtherpadPad({})
    there.append("Z:1>4|1+4$old\n", "", 3)
    there.type(count, 5, "a.there", 1000, plain=True)
    await put_raw(table, of(pad, there.records))
    await put_raw(
        table, {"globalAuthor:a.there": dumps({"name": "Ö", "colorId": "#112233", "padIDs": {}})}
    )
    return there.atext.text


def of(pad: str, rows: dict[str, Any]) -> dict[str, str | None]:
    return {key.replace("pad:p", f"pad:{pad}"): dumps(value) for key, value in rows.items()}


async def text_there(table: Table, pad: str) -> str:
    (raw,) = await table.get([f"pad:{pad}"])
    return str(loads(raw)["atext"]["text"]) if raw is not None else ""


async def frozen(fleet: Fleet, table: Table, pad: str) -> None:
    redis = open_redis(fleet.redis_url)
    await redis.start()
    cold = EtherpadPads(table)

    async def left() -> bool:
        keys = [key async for key in redis.client.scan_iter(match=f"*:pad:{pad}:*")]
        head = await cold.look(pad)
        return not keys and head is not None and head.mark == "frozen"

    await eventually(left, f"{pad} is frozen", timeout=PATIENCE)
    await redis.close()


async def test_a_pad_is_opened_written_behind_and_frozen(
    fleet: Fleet, table: PostgresTable
) -> None:
    text = await begun_there(table, "first")
    async with Guest(fleet.urls[0]) as guest, Caller(fleet.urls[0]) as api:
        await guest.join("first")
        assert guest.vars["collab_client_vars"]["initialAttributedText"]["text"] == text
        assert await guest.write("typed here ") is None
        await guest.collab("CHAT_MESSAGE", message={"text": "said here"})
        await guest.collab("SAVE_REVISION")

        async def behind() -> bool:
            return await text_there(table, "first") == f"typed here {text}"

        await eventually(behind, "written behind while somebody is on it", timeout=PATIENCE)
        assert await api.getText(padID="first") == {"text": f"typed here {text}"}
        author = guest.vars["userId"]
    await frozen(fleet, table, "first")
    raw = await table.get(["pad:first", "pad:first:chat:0", f"globalAuthor:{author}"])
    record, said, who = (loads(value or "null") for value in raw)
    assert said["text"] == "said here"
    assert said["authorId"] == author
    assert [one["savedById"] for one in record["savedRevisions"]] == [author]
    assert who["padIDs"] == {"first": 1}
    # It goes on there, and comes back.
    moved = {
        key.replace("pad:first", "pad:p"): value
        for key, value in (await there(table, "first")).items()
    }
    pad = EtherpadPad(moved)
    check(moved)
    pad.type(5, 9, "a.there", 9_000_000_000_000, plain=True)
    check(moved)
    await put_raw(table, of("first", moved))
    async with Guest(fleet.urls[0]) as guest:
        await guest.join("first")
        assert guest.vars["collab_client_vars"]["initialAttributedText"]["text"] == pad.atext.text
        assert guest.vars["chatHead"] == 0


async def there(table: PostgresTable, pad: str) -> dict[str, Any]:
    (raw,) = await table.get([f"pad:{pad}"])
    record = loads(raw or "")
    keys = [f"pad:{pad}:revs:{rev}" for rev in range(record["head"] + 1)]
    values = await table.get(keys)
    return {f"pad:{pad}": record} | {
        key: loads(value or "") for key, value in zip(keys, values, strict=True)
    }


async def test_a_pad_that_is_made_here_is_there_for_an_etherpad(
    fleet: Fleet, table: PostgresTable
) -> None:
    async with Caller(fleet.urls[0]) as api:
        await api.createPad(padID="p", text="made here\n")
        only = (await api.getReadOnlyID(padID="p"))["readOnlyID"]
        await frozen(fleet, table, "p")
        check(await records(table))
        (raw,) = await table.get([f"readonly2pad:{only}"])
        assert raw == '"p"'
        assert await api.getPadID(roID=only) == {"padID": "p"}
        assert "p" in (await api.listAllPads())["padIDs"]
        await frozen(fleet, table, "p")  # again
        await by_an_etherpad(table, 3, plain=True)
        assert (await api.getText(padID="p"))["text"] == await text_there(table, "p")
        await api.deletePad(padID="p")

        async def gone() -> bool:
            return await table.get(["pad:p", "pad:p:revs:0", f"readonly2pad:{only}"]) == [None] * 3

        await eventually(gone, "deleted there too", timeout=PATIENCE)


async def test_an_etherpad_writes_on_a_pad_that_is_open_here(
    fleet: Fleet, table: PostgresTable
) -> None:
    text = await begun_there(table, "open")

    async def theirs(seed: int) -> str:
        moved = {
            key.replace("pad:open", "pad:p"): value
            for key, value in (await there(table, "open")).items()
        }
        pad = EtherpadPad(moved)
        pad.type(5, seed, "a.there", 9_000_000_000_000 + seed, plain=True)
        await put_raw(table, of("open", moved))
        return pad.atext.text

    async with Guest(fleet.urls[0]) as guest:
        await guest.join("open")
        now = await theirs(1)
        await guest.hears(
            lambda: [m for m in guest.messages if m.get("disconnect")],
            "it is told to reload",
            timeout=PATIENCE,
        )
    async with Guest(fleet.urls[0]) as guest, Caller(fleet.urls[0]) as api:
        await guest.join("open")
        assert guest.vars["collab_client_vars"]["initialAttributedText"]["text"] == now != text
        # Both at once: theirs is the pad, and ours a pad beside it.
        assert await guest.write("ours ") is None
        await guest.hears(lambda: guest.heard("ACCEPT_COMMIT"), "it is taken")
        last = await theirs(2)

        async def settled() -> bool:
            try:
                return bool((await api.getText(padID="open"))["text"] == last)
            except ApiFailed:  # it is replaced at this moment
                return False

        await eventually(settled, "theirs is the pad", timeout=PATIENCE)
        pads = (await api.listAllPads())["padIDs"]
        ours = [pad for pad in pads if pad.startswith("open-padfleet-")]
        texts = [(await api.getText(padID=pad))["text"] for pad in ours]
        # Unless it was written behind before they wrote: then they had it.
        assert texts == [f"ours {now}"] or "ours " in last
