"""Tests `padfleet import` and `padfleet export`, which take pads out of one fleet by every way
there is and bring them into another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pymysql
import pytest
import redis as redis_library

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from padfleet.shared.log.keys import token_key
from padfleet.shared.wire.jsontext import dumps, loads
from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, Caller
from tests.integration.api.databases import mysql, postgres
from tests.integration.api.test_files import same, written
from tests.tools import padfleet


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Starts another fleet, with another number of partitions."""
    folder = tmp_path_factory.mktemp("elsewhere")
    settings = {"PADFLEET_PARTITIONS": "3", "PADFLEET_API_KEY": KEY}
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def there(elsewhere: Fleet) -> AsyncIterator[Caller]:
    async with Caller(elsewhere.urls[0]) as caller:
        yield caller


async def compare(api: Caller, there: Caller, pad: str, as_id: str) -> None:
    """Asserts that two fleets say the same about a pad. Finally it copies the pad back beside the
    original, since `same` compares two pads of one fleet."""
    for name in ("getRevisionsCount", "listAuthorsOfPad", "listSavedRevisions", "getLastEdited"):
        assert await api.call(name, padID=pad) == await there.call(name, padID=as_id), name
    a, b = await api.getChatHistory(padID=pad), await there.getChatHistory(padID=as_id)
    assert a == b
    for rev in range((await api.getRevisionsCount(padID=pad))["revisions"] + 1):
        given = {"rev": str(rev)}
        a, b = [await who.getText(padID=p, **given) for who, p in ((api, pad), (there, as_id))]
        assert a == b
    for author in (await api.listAuthorsOfPad(padID=pad))["authorIDs"]:
        name = await api.getAuthorName(authorID=author)
        assert await there.getAuthorName(authorID=author) == name


def database(records: dict[str, Any], pad: str) -> dict[str, Any]:
    """Returns the records of a file in the form in which Etherpad stores them in its database."""
    found = {}
    for key, value in records.items():
        if key.startswith("globalAuthor:"):
            value = {**value, "padIDs": {pad: 1}}
        found[key] = value
    return found | {
        f"pad:{pad}:deletionToken": {"createdAt": 1, "hash": sha256(b"delete me").hexdigest()},
        f"pad2readonly:{pad}": "r.0123456789abcdef0123456789abcdef",
        "readonly2pad:r.0123456789abcdef0123456789abcdef": pad,
        "token2author:t.secret": "a.0123456789abcdef",
        "globalAuthor:a.0123456789abcdef": {"colorId": "#112233", "name": "Ö", "timestamp": 1},
        "mapper2author:7": "a.0123456789abcdef",
        "groups": {"g.0123456789abcdef": 1},
        "group:g.0123456789abcdef": {"pads": {}, "mappings": {"team": 1}},
        "mapper2group:team": "g.0123456789abcdef",
        "session:s.0123456789abcdef": {
            "groupID": "g.0123456789abcdef",
            "authorID": "a.0123456789abcdef",
            "validUntil": 4_000_000_000,
        },
        "session:s.old": {"groupID": "g.x", "authorID": "a.x", "validUntil": 1000},
    }


async def test_pads_are_imported_from_a_running_server(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    await written(api, fleet, "by-http")
    group = (await api.createGroup())["groupID"]
    grouped = (await api.createGroupPad(groupID=group, padName="p", text="private"))["padID"]
    read_only = (await api.getReadOnlyID(padID="by-http"))["readOnlyID"]
    key = tmp_path / "APIKEY.txt"
    key.write_text(f"{KEY}\n")
    words = ["import", api.url, "--api-key-file", key, "--pad", "by-http", "--pad", grouped]
    ended = await padfleet(elsewhere.redis_url, *words)
    assert ended.code == 0, ended
    assert "2 pads brought" in ended.err
    await compare(api, there, "by-http", "by-http")
    assert await there.getPadID(roID=read_only) == {"padID": "by-http"}
    assert await there.listPads(groupID=group) == {"padIDs": [grouped]}
    assert await there.getText(padID=grouped) == {"text": "private\n"}
    # Once more: nothing to do.
    ended = await padfleet(elsewhere.redis_url, *words)
    assert ended.code == 0, ended
    assert "0 pads brought, 2 unchanged" in ended.err
    # It has changed there since, and not here.
    await api.appendText(padID="by-http", text="more")
    ended = await padfleet(elsewhere.redis_url, *words)
    assert (ended.code, "1 in the way" in ended.err) == (1, True), ended
    ended = await padfleet(elsewhere.redis_url, *words, "--update")
    assert ended.code == 0, ended
    assert "1 pads brought, 1 unchanged" in ended.err
    await compare(api, there, "by-http", "by-http")
    # Here too, by now: only --replace takes that away.
    await there.appendText(padID="by-http", text="ours")
    await api.appendText(padID="by-http", text="theirs")
    ended = await padfleet(elsewhere.redis_url, *words, "--update")
    assert (ended.code, "1 in the way" in ended.err) == (1, True), ended
    assert "ours" in (await there.getText(padID="by-http"))["text"]
    ended = await padfleet(elsewhere.redis_url, *words, "--replace")
    assert ended.code == 0, ended
    await compare(api, there, "by-http", "by-http")


async def test_names_with_characters_of_any_plane_come_over_http(
    api: Caller, elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    """The pads behind one with an emoji in its name come, too."""
    group = (await api.createGroup())["groupID"]
    names = ["plane 😀", "👩\u200d💻", "zz behind 𝒜", "ünï/漢字"]
    names = [name.replace(" ", "_").replace("/", "_") for name in names]
    for name in names:
        await api.createPad(padID=name, text=f"this is {name}")
    grouped = (await api.createGroupPad(groupID=group, padName="team 😀", text="private"))["padID"]
    key = tmp_path / "APIKEY.txt"
    key.write_text(f"{KEY}\n")
    words = [word for name in (*names, grouped) for word in ("--pad", name)]
    ended = await padfleet(elsewhere.redis_url, "import", api.url, "--api-key-file", key, *words)
    assert (ended.code, "5 pads brought" in ended.err) == (0, True), ended
    for name in names:
        assert await there.getText(padID=name) == {"text": f"this is {name}\n"}
    assert await there.listPads(groupID=group) == {"padIDs": [grouped]}
    assert await there.getText(padID=grouped) == {"text": "private\n"}


async def test_pads_are_imported_from_a_dirty_db(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    await written(api, fleet, "by-file")
    records = database(loads(await api.export("by-file", "etherpad")), "by-file")
    path = tmp_path / "dirty.db"
    with path.open("w") as file:
        file.write(dumps({"key": "pad:gone", "val": {"head": 0}}) + "\n")
        # Of several lines for a key the last one counts.
        file.write(dumps({"key": "pad:by-file", "val": {"head": 99}}) + "\n")
        for number, (key, value) in enumerate(records.items()):
            # Both ways in which versions have written it.
            file.write(dumps({"key": key, "val": dumps(value) if number % 2 else value}) + "\n")
        file.write(dumps({"key": "pad:gone"}) + "\n")
        file.write('{"key":"pad:half","va')
    ended = await padfleet(elsewhere.redis_url, "import", path)
    assert (ended.code, "1 pads brought, 0 unchanged, 0 in the way, 0 failed" in ended.err) == (
        0,
        True,
    ), ended
    cut_off = "(pad:half), was cut off while it was written"
    assert cut_off in ended.err
    assert "records cannot be read" not in ended.err
    await compare(api, there, "by-file", "by-file")
    check_beside(elsewhere)
    assert await there.getPadID(roID="r.0123456789abcdef0123456789abcdef") == {"padID": "by-file"}
    assert await there.getAuthorName(authorID="a.0123456789abcdef") == "Ö"
    assert "g.0123456789abcdef" in (await there.listAllGroups())["groupIDs"]
    assert await there.createGroupIfNotExistsFor(groupMapper="team") == {
        "groupID": "g.0123456789abcdef"
    }
    assert await there.createAuthorIfNotExistsFor(authorMapper="7") == {
        "authorID": "a.0123456789abcdef"
    }
    info = await there.getSessionInfo(sessionID="s.0123456789abcdef")
    assert info["groupID"] == "g.0123456789abcdef"
    assert (await there.refusal("getSessionInfo", sessionID="s.old"))[0] == 1
    wrong = await there.refusal("deletePad", padID="by-file", deletionToken="delete")
    assert wrong == (1, "invalid deletionToken")
    # Who came back with his browser's token would be who he was.
    async with connect(f"{elsewhere.urls[0]}/p/by-file") as pad:
        await pad.append("on\n")
    await there.deletePad(padID="by-file", deletionToken="delete me")


async def test_a_backup_has_what_the_api_made(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    group = (await api.createGroup())["groupID"]
    author = (await api.createAuthor(name="Ada"))["authorID"]
    made = await api.createGroupPad(groupID=group, padName="b", text="x", authorId=author)
    pad = made["padID"]
    await api.setPublicStatus(padID=pad, publicStatus="true")
    ended = await padfleet(fleet.redis_url, "backup", "--pad", pad, "--to", tmp_path / "file")
    assert ended.code == 0, ended
    ended = await padfleet(elsewhere.redis_url, "restore", tmp_path / "file")
    assert ended.code == 0, ended
    assert await there.getPublicStatus(padID=pad) == {"publicStatus": True}
    assert await there.listPads(groupID=group) == {"padIDs": [pad]}
    assert await there.listPadsOfAuthor(authorID=author) == {"padIDs": [pad]}


def check_beside(elsewhere: Fleet) -> None:
    with redis_library.Redis.from_url(elsewhere.redis_url) as client:
        author = client.get(token_key(sha256(b"t.secret").hexdigest()))
    assert author == b"a.0123456789abcdef"


async def test_pads_are_imported_from_an_etherpads_redis(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    await written(api, fleet, "by-redis")
    records = database(loads(await api.export("by-redis", "etherpad")), "by-redis")
    with (
        EmbeddedServer(tmp_path / "redis") as server,
        redis_library.Redis.from_url(server.url) as client,
    ):
        client.mset({key: dumps(value) for key, value in records.items()})
        client.sadd("ueberDB:keys:pad", "pad:by-redis")
        ended = await padfleet(elsewhere.redis_url, "import", server.url)
    assert ended.code == 0, ended
    await compare(api, there, "by-redis", "by-redis")
    check_beside(elsewhere)


async def test_pads_are_imported_from_postgresql(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller
) -> None:
    await written(api, fleet, "by-sql")
    records = database(loads(await api.export("by-sql", "etherpad")), "by-sql")
    with postgres() as url:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE store (key text PRIMARY KEY, value text NOT NULL)")
        rows = [(key, dumps(value)) for key, value in records.items()]
        await connection.executemany("INSERT INTO store VALUES ($1, $2)", rows)
        await connection.close()
        ended = await padfleet(elsewhere.redis_url, "import", url)
    assert ended.code == 0, ended
    await compare(api, there, "by-sql", "by-sql")
    check_beside(elsewhere)


@pytest.mark.parametrize("column", ["VARBINARY(191)", "VARCHAR(100) COLLATE utf8mb4_bin"])
async def test_pads_are_imported_from_mysql(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, column: str
) -> None:
    """The table is made as Etherpad makes it now, and as older versions made it."""
    name = f"by-mysql-{column[3:6].lower()}"
    await written(api, fleet, name)
    records = database(loads(await api.export(name, "etherpad")), name)
    with mysql() as url:
        parts = urlsplit(url)
        connection = pymysql.connect(
            host=parts.hostname, port=parts.port or 0, user="pads", database="pads"
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TABLE store (`key` {column} NOT NULL PRIMARY KEY, "
                "`value` LONGTEXT NOT NULL) CHARSET=utf8mb4"
            )
            rows = [(key, dumps(value)) for key, value in records.items()]
            cursor.executemany("INSERT INTO store VALUES (%s, %s)", rows)
            connection.commit()
        ended = await padfleet(elsewhere.redis_url, "import", url)
    assert ended.code == 0, ended
    await compare(api, there, name, name)
    check_beside(elsewhere)


async def test_files_out_and_in(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    await written(api, fleet, "out")
    ended = await padfleet(fleet.redis_url, "export", "--to", tmp_path, "--pad", "out")
    assert ended.code == 0, ended
    (file,) = tmp_path.iterdir()
    assert file.name == "out.etherpad"
    ended = await padfleet(elsewhere.redis_url, "import", file, "--as", "in")
    assert ended.code == 0, ended
    await compare(api, there, "out", "in")
    ended = await padfleet(fleet.redis_url, "export", "--to", tmp_path, "--pad", "none")
    assert (ended.code, "no such pad" in ended.err) == (1, True)
    ended = await padfleet(elsewhere.redis_url, "export", "--to", tmp_path / "x")
    assert ended.code == 2
    await api.upload("out-again", "out.etherpad", file.read_bytes())
    await same(api, "out", "out-again")


async def test_pads_are_given_back(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    """The export to an Etherpad's API creates the pads that the Etherpad lacks and extends the ones
    of which it has the beginning. Changes that only the Etherpad has are kept, unless `--replace`
    is given."""
    await written(api, fleet, "back")
    group = (await api.createGroup())["groupID"]
    grouped = (await api.createGroupPad(groupID=group, padName="p", text="private"))["padID"]
    key = tmp_path / "APIKEY.txt"
    key.write_text(f"{KEY}\n")
    brought = await padfleet(
        elsewhere.redis_url, "import", api.url, "--api-key-file", key, "--pad", grouped
    )
    assert brought.code == 0, brought
    words = ["export", "--to", there.url, "--api-key-file", key, "--pad", "back", "--pad", grouped]
    ended = await padfleet(fleet.redis_url, *words)
    assert (ended.code, "1 pads given back, 1 were there already" in ended.err) == (0, True), ended
    await compare(api, there, "back", "back")
    # More than ten revisions, which an Etherpad takes no file over; and chat, which is no revision.
    await api.appendText(padID="back", text="more")
    await api.appendText(padID=grouped, text="more")
    ended = await padfleet(fleet.redis_url, *words)
    assert (ended.code, "2 pads given back" in ended.err) == (0, True), ended
    author = (await api.listAuthorsOfPad(padID="back"))["authorIDs"][0]
    await api.appendChatMessage(padID="back", text="more", authorID=author)
    ended = await padfleet(fleet.redis_url, *words)
    assert "1 pads given back, 1 were there already" in ended.err, ended
    await compare(api, there, "back", "back")
    assert await there.getText(padID=grouped) == await api.getText(padID=grouped)
    # It has gone on there.
    await there.appendText(padID="back", text="theirs")
    await api.appendText(padID="back", text="ours")
    ended = await padfleet(fleet.redis_url, *words)
    assert (ended.code, "back: the Etherpad's pad has changes" in ended.err) == (1, True), ended
    assert "theirs" in (await there.getText(padID="back"))["text"]
    ended = await padfleet(fleet.redis_url, *words, "--replace")
    assert ended.code == 0, ended
    await compare(api, there, "back", "back")
    left = [pad for pad in (await there.listAllPads())["padIDs"] if "back" in pad]
    assert left == ["back"], "nothing is left of what stood beside"


async def test_pads_are_given_back_to_who_is_there(fleet: Fleet, api: Caller) -> None:
    """Nothing is begun unless the Etherpad answers and accepts the key. A pad that this fleet does
    not have is reported."""
    to = ["export", "--to", "http://127.0.0.1:1/"]
    ended = await padfleet(fleet.redis_url, *to, ETHERPAD_API_KEY="x")
    assert (ended.code, "http://127.0.0.1:1: Cannot connect" in ended.err) == (1, True), ended
    ended = await padfleet(fleet.redis_url, "export", "--to", api.url, ETHERPAD_API_KEY="wrong")
    assert (ended.code, "no or wrong API Key" in ended.err) == (1, True), ended
    to = ["export", "--to", api.url, "--pad", "nowhere"]
    ended = await padfleet(fleet.redis_url, *to, ETHERPAD_API_KEY=KEY)
    assert (ended.code, "nowhere: there is no such pad" in ended.err) == (1, True), ended
    ended = await padfleet(fleet.redis_url, "export", "--to", api.url)
    assert (ended.code, "--api-key-file" in ended.err) == (1, True), ended
    to = ["export", "--to", "http://user:word@127.0.0.1:1/", "--oauth-client", "x"]
    ended = await padfleet(fleet.redis_url, *to, ETHERPAD_OAUTH_SECRET="x")
    assert (ended.code, "leave one of them out" in ended.err) == (1, True), ended


async def test_a_pad_that_does_not_fit_together(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    await written(api, fleet, "broken")
    records = loads(await api.export("broken", "etherpad"))
    del records["pad:broken:revs:4"]
    path = tmp_path / "broken.etherpad"
    path.write_text(dumps(records))
    ended = await padfleet(elsewhere.redis_url, "import", path)
    assert (ended.code, "pad:broken:revs:4 is missing" in ended.err) == (1, True), ended
    assert "broken" not in (await there.listAllPads())["padIDs"]
    ended = await padfleet(elsewhere.redis_url, "import", path, "--salvage")
    assert (ended.code, "1 as text only" in ended.err) == (0, True), ended
    assert await there.getText(padID="broken") == await api.getText(padID="broken")
    assert await there.getHTML(padID="broken") == await api.getHTML(padID="broken")
    assert await there.getChatHead(padID="broken") == {"chatHead": 1}


async def test_what_a_wrong_character_set_has_left_of_a_pad(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    """MySQL without utf8mb4 makes ???? of an emoji, in the text and in the changesets: no length
    is right any more."""
    await api.createPad(padID="damaged", text="before \U0001f600 after\n")
    await api.appendText(padID="damaged", text="more")
    await written(api, fleet, "sound")
    exported = (await api.export("damaged", "etherpad")).decode()
    damaged = loads(exported.replace("\\ud83d\\ude00", "????").replace("\U0001f600", "????"))
    records = damaged | loads(await api.export("sound", "etherpad"))
    assert "????" in records["pad:damaged"]["atext"]["text"]
    path = tmp_path / "both.etherpad"
    path.write_text(dumps(records))
    ended = await padfleet(elsewhere.redis_url, "import", path, "--salvage")
    assert (ended.code, "1 as text only" in ended.err) == (0, True), ended
    assert "without authors and formats" in ended.err
    text = (await there.getText(padID="damaged"))["text"]
    assert text.startswith("before ???? after\nmore")
    assert await there.getText(padID="sound") == await api.getText(padID="sound")


async def test_a_dry_run_counts_and_begins_nothing(
    api: Caller, fleet: Fleet, tmp_path: Path
) -> None:
    await written(api, fleet, "counted")
    path = tmp_path / "counted.etherpad"
    path.write_bytes(await api.export("counted", "etherpad"))
    nowhere = "redis://127.0.0.1:1/0"
    ended = await padfleet(nowhere, "import", path, "--dry-run")
    assert (ended.code, f"{path}: 1 pads" in ended.err) == (0, True), ended
    ended = await padfleet(nowhere, "import", path, "--dry-run", "--pad", "none")
    assert (ended.code, "there is no such pad" in ended.err) == (1, True), ended


async def test_a_server_that_is_not_there(elsewhere: Fleet) -> None:
    ended = await padfleet(
        elsewhere.redis_url, "import", "http://127.0.0.1:1/", ETHERPAD_API_KEY="x"
    )
    assert (ended.code, "http://127.0.0.1:1: Cannot connect" in ended.err) == (2, True), ended


async def test_an_import_with_a_wrong_key_says_so(elsewhere: Fleet, api: Caller) -> None:
    ended = await padfleet(elsewhere.redis_url, "import", api.url, ETHERPAD_API_KEY="x")
    assert (ended.code, "no or wrong API Key" in ended.err) == (2, True), ended


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["http://127.0.0.1:1/"], "--api-key-file"),
        (["http://127.0.0.1:1/", "--api-key-file", "/nowhere"], "No such file"),
        (["redis://127.0.0.1:1/0"], "redis://127.0.0.1:1/0: Error"),
        (["x.etherpad", "--as", "a:b"], "nobody could open it"),
        (["ftp://x/y"], "ftp:// is not a source"),
        (["/nowhere/dirty.db"], "No such file"),
    ],
)
async def test_what_cannot_be_read_from(elsewhere: Fleet, words: list[str], said: str) -> None:
    ended = await padfleet(elsewhere.redis_url, "import", *words, ETHERPAD_API_KEY="")
    assert ended.code == 2, ended
    assert said in ended.err
