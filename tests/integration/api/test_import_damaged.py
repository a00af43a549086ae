"""Tests `padfleet import` with databases that hold a damaged record of each kind, and ids of every
sort. Everything that is intact is imported, and each damage is reported in one line."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pymysql
import pytest
import redis as redis_library

from padfleet.services.tools.importing import dirty
from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.log.keys import mapper_key, token_key
from padfleet.shared.log.people.recognition import hash_of
from padfleet.shared.wire.jsontext import dumps
from tests.integration.api.databases import mysql, postgres
from tests.tools import Ended, padfleet
from tests.unit.etherpad.an_etherpad import EtherpadPad

AUTHOR = "a.0123456789abcdef"
GROUP = "g.0123456789abcdef"
BROKEN = '{"head": 0, "at'
"""The rest of a record that was cut off."""

GOOD = (
    "plain",
    "\U0001f600",
    "\U0001f469\u200d\U0001f4bb",
    "a/b",
    "../x",
    "..",
    "a\u200fb",
    "*",
    "[x]",
    "?",
    "%41",
    "with space",
    "\U0001f600" * 50,
    "'",
    '"',
    "\\",
    "e\u0301",
    "\u00e9",
    "UPPER",
    "upper",
    "-rf",
    f"{GROUP}$\U0001f600",
)
NO_IDS = ("$", "a$b", "NUL\0x", "\x1b[31m", "r.abc", "\U0001f600" * 51, "c" * 180)

SALVAGED = ("json", "null", "list", "text", "head", "pool", "atext", "rev", "rev0", "revjson")
"""Pads whose history does not fit together, and of which there is a text."""


def pad(name: str) -> dict[str, str]:
    """Returns the records of a pad as texts."""
    made = EtherpadPad({})
    made.append("Z:1>0$", "", 1000)
    made.type(3, 1, AUTHOR, 2000)
    return {f"pad:{name}{key[5:]}": dumps(value) for key, value in made.records.items()}


def records() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in (*GOOD, *NO_IDS, *SALVAGED, "beside", "lost"):
        found |= pad(name)
    found |= {
        "pad:json": BROKEN,
        "pad:null": "null",
        "pad:list": "[]",
        "pad:text": '"x"',
        "pad:rev0:revs:0": BROKEN,
        "pad:revjson:revs:2": BROKEN,
        "pad:lost": BROKEN,
        "pad:lost:revs:0": BROKEN,
        "pad:beside:deletionToken": BROKEN,
        "pad2readonly:beside": BROKEN,
        "pad:beside:chat:1": BROKEN,
    }
    for name, field, value in (("head", "head", "3"), ("pool", "pool", 0), ("atext", "atext", [])):
        found[f"pad:{name}"] = json.dumps({**json.loads(found[f"pad:{name}"]), field: value})
    del found["pad:rev:revs:1"]
    found["pad:beside"] = json.dumps({**json.loads(found["pad:beside"]), "chatHead": 2})
    for number in (0, 2):
        found[f"pad:beside:chat:{number}"] = json.dumps({"text": f"say {number}", "time": 1})
    for kind in ("globalAuthor", "token2author", "mapper2author", "mapper2group", "session"):
        found[f"{kind}:!"] = BROKEN  # comes before all others of its kind
    found[f"group:{GROUP[:-1]}!"] = BROKEN
    return found | {
        f"globalAuthor:{AUTHOR}": dumps({"colorId": 3, "name": "\U0001f600", "timestamp": 1}),
        "token2author:t.x": dumps(AUTHOR),
        "token2author:": dumps(AUTHOR),
        "mapper2author:\U0001f600": dumps(AUTHOR),
        f"group:{GROUP}": dumps({"pads": {f"{GROUP}$\U0001f600": 1}, "mappings": {}}),
        "mapper2group:a:b": dumps(GROUP),
        "session:s.0123456789abcdef": dumps(
            {"groupID": GROUP, "authorID": AUTHOR, "validUntil": 4_000_000_000}
        ),
    }


@asynccontextmanager
async def stored(kind: str, folder: Path) -> AsyncIterator[object]:
    """Yields the place of a database of this kind that holds the records. SQLite and Redis get two
    more pads: one whose name is not UTF-8, and one whose record is not. MariaDB gets the first of
    them."""
    rows = records()
    match kind:
        case "sqlite":
            path = folder / "etherpad.db"
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE store (key TEXT PRIMARY KEY, value TEXT)")
                connection.executemany("INSERT INTO store VALUES (?, ?)", rows.items())
                odd = "INSERT INTO store VALUES (CAST(? AS TEXT), CAST(? AS TEXT))"
                connection.executemany(odd, [(b"pad:\xff", b"{}"), (b"pad:latin", b'{"\xff":1}')])
            connection.close()
            yield path
        case "redis":
            with (
                EmbeddedServer(folder / "source") as server,
                redis_library.Redis.from_url(server.url) as client,
            ):
                client.mset(rows)
                client.mset({b"pad:\xff": "{}", "pad:latin": b'{"\xff":1}'})
                yield server.url
        case "postgres":
            with postgres() as url:
                connection = await asyncpg.connect(url)
                await connection.execute("CREATE TABLE store (key text PRIMARY KEY, value text)")
                await connection.executemany(
                    "INSERT INTO store VALUES ($1, $2)",
                    [(key, value) for key, value in rows.items() if "\0" not in key],
                )
                await connection.close()
                yield url
        case _:
            with mysql() as url:
                parts = urlsplit(url)
                connection = pymysql.connect(
                    host=parts.hostname, port=parts.port or 0, user="pads", database="pads"
                )
                with connection, connection.cursor() as cursor:
                    cursor.execute(
                        "CREATE TABLE store (`key` VARBINARY(300) NOT NULL PRIMARY KEY, "
                        "`value` LONGTEXT NOT NULL) CHARSET=utf8mb4"
                    )
                    pairs = [(key.encode(), value) for key, value in rows.items()]
                    cursor.executemany(
                        "INSERT INTO store VALUES (%s, %s)", [*pairs, (b"pad:\xff", "{}")]
                    )
                    connection.commit()
                yield url


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """Starts the empty Redis that is imported into."""
    with EmbeddedServer(tmp_path / "fleet") as server:
        yield server


async def listed(fleet: EmbeddedServer) -> set[str]:
    ended = await padfleet(fleet.url, "pads", "list", "--json")
    return {json.loads(line)["pad"] for line in ended.out.splitlines()}


def check_beside(fleet: EmbeddedServer, ended: Ended) -> None:
    """Asserts that the records that belong to no pad have been imported, however many records
    before them are damaged."""
    assert "also 1 tokens, 2 mappers, 1 groups, 1 sessions" in ended.err, ended.err
    with redis_library.Redis.from_url(fleet.url) as client:
        assert client.get(token_key(hash_of("t.x"))) == AUTHOR.encode()
        assert client.get(mapper_key("author", "\U0001f600")) == AUTHOR.encode()
        assert client.get(mapper_key("group", "a:b")) == GROUP.encode()


@pytest.mark.parametrize("kind", ["sqlite", "redis", "postgres", "mysql"])
async def test_a_damaged_record_does_not_hold_up_the_others(
    fleet: EmbeddedServer, tmp_path: Path, kind: str
) -> None:
    async with stored(kind, tmp_path) as where:
        ended = await padfleet(fleet.url, "import", where)
        assert ended.code == 1, ended.err
        assert await listed(fleet) == {*GOOD, "beside"}
        not_brought = {*SALVAGED, *NO_IDS, "lost"}
        if kind == "postgres":
            not_brought -= {"NUL\0x"}  # no text of it can have that
        odd = {"sqlite": 2, "redis": 2, "mysql": 1}.get(kind, 0)
        assert ended.err.count(": not brought: ") == len(not_brought) + odd
        assert "pad:beside:chat:1 (" in ended.err
        assert "globalAuthor:! (" in ended.err
        check_beside(fleet, ended)

        again = await padfleet(fleet.url, "import", where, "--salvage")
        assert again.code == 1, again.err
        assert await listed(fleet) == {*GOOD, *SALVAGED, "beside"}
        assert again.err.count("only its present text") == len(SALVAGED)
        assert "no text is left" in again.err
        assert f"{len(GOOD) + 1} unchanged" in again.err
    said = await padfleet(fleet.url, "verify", "--all")
    assert said.code == 0, said.err


async def test_lines_that_are_none_keep_no_other_back(
    fleet: EmbeddedServer, tmp_path: Path
) -> None:
    path = tmp_path / "dirty.db"
    lines = [f'{{"key":{json.dumps(key)},"val":{value}}}' for key, value in records().items()]
    path.write_text("\n".join(lines))
    ended = await padfleet(fleet.url, "import", path)
    assert ended.code == 1, ended.err
    assert {*GOOD, "beside"} <= await listed(fleet)
    check_beside(fleet, ended)


async def test_broken_lines_are_counted_and_named(fleet: EmbeddedServer, tmp_path: Path) -> None:
    """Each may have had a revision in it, or the newest state of a pad."""
    path = tmp_path / "dirty.db"
    lines = [f'{{"key":{json.dumps(key)},"val":{value}}}' for key, value in pad("fine").items()]
    fine = "\n".join(lines * 4)
    lines[2:2] = ['{"key":"pad:lost:revs:7","val":{"chan', "", "\x00\x00", "[]"]
    path.write_text("\n".join(lines) + "\n")
    for words in (["--dry-run"], []):
        ended = await padfleet(fleet.url, "import", path, *words)
        assert ended.code == 1, ended.err
        assert "3 lines are no records, and left out: 3 (pad:lost:revs:7), 5, 6\n" in ended.err
    assert "3 records cannot be read and were left out" in ended.err
    assert "1 pads brought" in ended.err
    path.write_text("\n".join([*lines, *["nonsense"] * 9, fine]) + "\n")
    ended = await padfleet(fleet.url, "import", path)
    assert (ended.code, "12 lines are no records" in ended.err) == (1, True), ended.err
    assert " and 2 more\n" in ended.err, ended.err


async def test_a_line_that_is_longer_than_any_record_is_not_read_whole(
    fleet: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after it is read nevertheless. A device, which has no end, is no file."""
    path = tmp_path / "dirty.db"
    records = [
        json.dumps({"key": key, "val": json.loads(value)}) for key, value in pad("a").items()
    ]
    long = '{"key":"pad:long","val":"' + "x" * 100_000 + '"}'
    path.write_text("\n".join([long, *records, long]) + "\n")
    monkeypatch.setattr(dirty, "MOST_RECORD", 10_000)
    read = dirty.open_dirty(path)
    assert (read.broken.count, read.broken.named) == (
        2,
        ["1 (pad:long)", f"{len(records) + 2} (pad:long)"],
    )
    assert (await read.get(["pad:a"]))[0]
    await read.close()
    ended = await padfleet(fleet.url, "import", "/dev/zero")
    assert (ended.code, "/dev/zero is not a file" in ended.err) == (2, True), ended.err


async def test_an_unusable_file_does_not_hold_up_the_others(
    fleet: EmbeddedServer, tmp_path: Path
) -> None:
    """The same holds for a directory such as `padfleet export` fills."""
    folder = tmp_path / "pads"
    folder.mkdir()
    for name in ("a", "c"):
        made = {key: json.loads(value) for key, value in pad(f"{name}\U0001f600").items()}
        (folder / f"{name}.etherpad").write_text(json.dumps(made))
    (folder / "b.etherpad").write_text(BROKEN)
    os.mkfifo(folder / "pipe.etherpad")
    (folder / "readme.txt").write_text("no pad")
    ended = await padfleet(fleet.url, "import", folder, tmp_path / "none.etherpad")
    assert ended.code == 1, ended.err
    assert await listed(fleet) == {"a\U0001f600", "c\U0001f600"}
    assert "b.etherpad: the file" in ended.err
    assert "pipe.etherpad is not a file" in ended.err
    assert "3 of the sources could not be read" in ended.err
    assert "none.etherpad: No such file" in ended.err
    ended = await padfleet(fleet.url, "import", folder, "--as", "one")
    assert (ended.code, "--as needs a single pad" in ended.err) == (2, True)
    (tmp_path / "empty").mkdir()
    ended = await padfleet(fleet.url, "import", tmp_path / "empty")
    assert (ended.code, "is a directory without" in ended.err) == (2, True), ended.err
