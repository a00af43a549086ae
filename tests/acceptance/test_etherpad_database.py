"""Tests a real Etherpad and a fleet that use one database in turns: each has what the other writes.

Each turn of the Etherpad is a start of its own, since it keeps in memory what it has once read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.cold.etherpad.mysql import MysqlTable
from padfleet.shared.cold.etherpad.pads import EtherpadPads, open_etherpad
from padfleet.shared.cold.etherpad.postgres import PostgresTable
from padfleet.shared.cold.etherpad.table import Table
from padfleet.shared.easysync import from_units
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.wire.jsontext import dumps, loads
from tests.etherpad import KEY as THERE
from tests.etherpad import needs_checkout, with_database
from tests.eventually import eventually
from tests.fleet import fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, Caller
from tests.integration.api.databases import mysql, postgres
from tests.unit.cold.etherpad_cases import put_raw

pytestmark = [
    needs_checkout,
    pytest.mark.timeout(900),
]

PATIENCE = 90

Told = dict[str, Any]


async def told(api: Caller, pad: str, texts: bool = True) -> Told:
    """Returns everything that the API says about a pad, in the same form for both sides."""
    names = ("getRevisionsCount", "listAuthorsOfPad", "listSavedRevisions", "getReadOnlyID")
    found: Told = {name: await api.call(name, padID=pad) for name in names}
    found["getChatHead"] = await api.getChatHead(padID=pad)
    if found["getChatHead"]["chatHead"] >= 0:
        said = (await api.getChatHistory(padID=pad))["messages"]
        found["chat"] = [{key: str(value) for key, value in one.items()} for one in said]
    found["names"] = {
        author: await api.getAuthorName(authorID=author)
        for author in sorted(found["listAuthorsOfPad"]["authorIDs"])
    }
    found["listAuthorsOfPad"] = sorted(found["listAuthorsOfPad"]["authorIDs"])
    head = found["getRevisionsCount"]["revisions"]
    revs = range(0, head + 1, max(1, head // 12)) if texts else ()
    for rev in (*revs, head):
        found[f"text {rev}"] = (await api.getText(padID=pad, rev=str(rev)))["text"]
        found[f"changeset {rev}"] = await api.getRevisionChangeset(padID=pad, rev=str(rev))
    found["html"] = (await api.getHTML(padID=pad))["html"]
    return found


class Turns:
    """An Etherpad and a fleet on one database."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database
        self._count = 0

    @asynccontextmanager
    async def there(self) -> AsyncIterator[Caller]:
        loop = asyncio.get_running_loop()
        server: AbstractContextManager[str] = with_database(self._folder, self._database)
        url = await loop.run_in_executor(None, server.__enter__)
        try:
            async with Caller(url, key=THERE, ours=False) as api:
                yield api
        finally:
            await loop.run_in_executor(None, server.__exit__, None, None, None)

    @asynccontextmanager
    async def here(self) -> AsyncIterator[Caller]:
        """Runs a fleet whose Redis is empty; when it ends, all pads have been frozen."""
        self._count += 1
        settings = {
            "PADFLEET_API_KEY": KEY,
            "PADFLEET_PARTITIONS": "4",
            "PADFLEET_COLD_URL": self._database,
            "PADFLEET_COLD_AFTER": "6",
            "PADFLEET_COLD_EVERY": "0.5",
        }
        folder = self._folder / f"fleet{self._count}"
        with fleet_of_its_own(folder, settings, writers=1, workers=1) as fleet:
            async with Caller(fleet.urls[0]) as api:
                yield api
            redis = open_redis(fleet.redis_url)
            await redis.start()

            async def frozen() -> bool:
                return not [k async for k in redis.client.scan_iter(match="*:pad:round*")]

            await eventually(frozen, "all pads are frozen", timeout=PATIENCE)
            await redis.close()


@contextmanager
def a_postgres() -> Iterator[str]:
    with postgres() as url:
        yield url


Database = Callable[[], AbstractContextManager[str]]

on_each = pytest.mark.parametrize("database", [mysql, a_postgres], ids=["mysql", "postgres"])


def table_at(url: str) -> MysqlTable | PostgresTable:
    return PostgresTable(url) if url.startswith("postgres") else MysqlTable(url)


@on_each
async def test_an_etherpad_and_the_fleet_serve_one_database_in_turns(
    database: Database, tmp_path: Path
) -> None:
    with database() as url:
        turns = Turns(tmp_path, url)
        async with turns.there() as api:
            author = (await api.createAuthor(name="Ö"))["authorID"]
            await api.createPad(padID="round", text="begun there\n", authorId=author)
            for number in range(110):
                await api.appendText(padID="round", text=f"w{number} ", authorId=author)
            await api.appendChatMessage(padID="round", text="hi 😀", authorID=author, time=1000)
            await api.saveRevision(padID="round", rev="3")
            group = (await api.createGroup())["groupID"]
            grouped = (await api.createGroupPad(groupID=group, padName="round", text="in it"))[
                "padID"
            ]
            before = await told(api, "round")
            in_group = await told(api, grouped)
        for turn in range(2):
            async with turns.here() as api:
                assert await told(api, "round") == before, f"turn {turn}: theirs, here"
                assert await told(api, grouped) == in_group
                async with Guest(api.url) as guest:
                    await guest.join("round")
                    text = guest.vars["collab_client_vars"]["initialAttributedText"]["text"]
                    assert text == before_text(before)
                    assert await guest.write(f"typed here {turn}\n") is None
                    await guest.collab("CHAT_MESSAGE", message={"text": f"said here {turn}"})
                    await guest.collab("SAVE_REVISION")
                    await guest.hears(lambda: guest.heard("NEW_SAVEDREV"), "it is saved")
                for number in range(60):
                    await api.appendText(padID="round", text=f"h{number} ", authorId=author)
                await api.appendText(padID=grouped, text=f"more {turn}", authorId=author)
                if not turn:
                    await api.createPad(padID="round-here", text="made here\n", authorId=author)
                before, in_group = await told(api, "round"), await told(api, grouped)
                made = await told(api, "round-here")
            async with turns.there() as api:
                assert await told(api, "round") == before, f"turn {turn}: ours, there"
                assert await told(api, grouped) == in_group
                assert await told(api, "round-here") == made
                assert grouped in (await api.listPads(groupID=group))["padIDs"]
                assert "round-here" in (await api.listPadsOfAuthor(authorID=author))["padIDs"]
                assert {"round", "round-here"} <= set((await api.listAllPads())["padIDs"])
                # Which checks all that there is of it (`Pad.check`).
                await check_there(api, "round")
                for number in range(45):
                    await api.appendText(padID="round", text=f"t{number} ", authorId=author)
                await api.appendChatMessage(padID="round", text="there", authorID=author, time=9)
                before = await told(api, "round")
        pads = open_etherpad(url)
        assert isinstance(pads, EtherpadPads)
        assert [pad.pad async for pad in pads.pads(match="round-h*")] == ["round-here"]
        await pads.aclose()


@on_each
async def test_it_writes_on_a_pad_that_is_open_here(database: Database, tmp_path: Path) -> None:
    """Nobody should use it like this, but nothing of either side is lost, and people are told."""
    with database() as url:
        turns = Turns(tmp_path, url)
        async with turns.there() as api:
            author = (await api.createAuthor(name="Ö"))["authorID"]
            await api.createPad(padID="round", text="begun there\n", authorId=author)
        async with turns.here() as here:
            async with Guest(here.url) as guest:
                await guest.join("round")
                assert await guest.write("ours ") is None
                await behind(here, url, "round")
                async with turns.there() as api:
                    assert (await api.getText(padID="round"))["text"].startswith("ours begun")
                    await api.appendText(padID="round", text="theirs", authorId=author)
                    theirs = await told(api, "round")
                    await guest.hears(
                        lambda: [m for m in guest.messages if m.get("disconnect")],
                        "it is told to reload",
                        timeout=PATIENCE,
                    )
            assert await told(here, "round") == theirs
            async with Guest(here.url) as guest:
                await guest.join("round")
                assert await guest.write("ours again ") is None
                await behind(here, url, "round")
                ours = await told(here, "round")
        async with turns.there() as api:
            assert await told(api, "round") == ours
            await check_there(api, "round")


@on_each
async def test_what_is_damaged_there_is_shown_and_left_as_it_is(
    database: Database, tmp_path: Path
) -> None:
    with database() as url:
        turns = Turns(tmp_path, url)
        names = ("round-hole", "round-charset", "round-nobody")
        async with turns.there() as api:
            author = (await api.createAuthor(name="Ö"))["authorID"]
            for name in names:
                await api.createPad(padID=name, text="begun there\n", authorId=author)
                for number in range(8):
                    await api.appendText(padID=name, text=f"ö{number} ", authorId=author)
            texts = {name: (await api.getText(padID=name))["text"] for name in names}
        table = table_at(url)
        nobody, charset = "pad:round-nobody:revs:4", "pad:round-charset:revs:5"
        changed, asked = await table.get([charset, nobody])
        record = loads(asked or "")
        record["meta"]["author"] = None
        await put_raw(
            table,
            {
                "pad:round-hole:revs:3": None,
                nobody: dumps(record),
                charset: (changed or "").replace("ö", "Ã¶"),
            },
        )
        before = await rows_of(table, names)
        async with turns.here() as here:
            for name in names:
                assert (await here.getText(padID=name))["text"] == texts[name]
                async with Guest(here.url) as guest:
                    await guest.join(name)
                    known = guest.vars["collab_client_vars"]["initialAttributedText"]["text"]
                    assert from_units(known) == texts[name]
                    assert guest.vars["readonly"] is (name != "round-nobody"), name
                    if name == "round-nobody":
                        assert await guest.write("on ") is None
                    else:
                        await guest.hears(lambda: "is damaged" in str(guest.shouts), "why")
        after = await rows_of(table, names)
        assert {key for key in before if before[key] != after[key]} == {"pad:round-nobody"}
        await table.aclose()
        async with turns.there() as api:
            for name in names:
                begins = "on " if name == "round-nobody" else ""
                assert (await api.getText(padID=name))["text"] == begins + texts[name]


async def behind(api: Caller, database: str, pad: str) -> None:
    """Returns when the database has what the pad is here."""
    table = table_at(database)
    text = (await api.getText(padID=pad))["text"]

    async def there() -> bool:
        (raw,) = await table.get([f"pad:{pad}"])
        return bool(from_units(loads(raw or "{}")["atext"]["text"]) == text)

    await eventually(there, "it is written behind", timeout=PATIENCE)
    await table.aclose()


async def rows_of(table: Table, pads: Sequence[str]) -> dict[str, str | None]:
    keys = [f"pad:{pad}" for pad in pads]
    keys += [f"pad:{pad}:revs:{rev}" for pad in pads for rev in range(9)]
    return dict(zip(keys, await table.get(keys), strict=True))


def before_text(before: Told) -> str:
    head = before["getRevisionsCount"]["revisions"]
    text: str = before[f"text {head}"]
    return from_units(text)


async def check_there(api: Caller, pad: str) -> None:
    """Checks that Etherpad accepts an export again, which proves that it is complete."""
    exported = await api.export(pad, "etherpad")
    copy = f"copy-of-{pad}"
    await api.createPad(padID=copy, text="x")
    answer = await api.upload(copy, "pad.etherpad", exported)
    assert answer["code"] == 0, answer
    assert (await api.getText(padID=copy)) == (await api.getText(padID=pad))
    await api.deletePad(padID=copy)
