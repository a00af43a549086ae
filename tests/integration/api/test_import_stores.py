"""Tests `padfleet import` from SQLite, CouchDB and MongoDB, and with OAuth: what it reads, what it
says where it cannot read, and whole pads from each of them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from padfleet.services.tools.importing.couch import CouchRecords
from padfleet.services.tools.importing.mongo import MongoRecords
from padfleet.services.tools.importing.sources import open_source
from padfleet.services.tools.importing.sqlite import SqliteRecords, is_sqlite
from padfleet.shared.etherpad.source import Records, SourceFailed, pad_ids
from padfleet.shared.etherpad.web import ApiCredentials, ApiTokens
from padfleet.shared.wire.jsontext import dumps, loads
from tests.etherpad import CHECKOUT, NODE, needs_checkout
from tests.etherpad import running as running_etherpad
from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, Caller
from tests.integration.api.document_stores import couch, mongo
from tests.integration.api.test_files import written
from tests.integration.api.test_import import check_beside, compare, database
from tests.signing import claims, jwk, jwks, rsa, signed
from tests.tools import padfleet

ISSUER = "https://login.example"
LOGIN = "Basic " + b64encode(b"moodle:se%3Acret").decode()


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Starts the fleet that is imported into, whose API takes tokens too."""
    folder = tmp_path_factory.mktemp("elsewhere")
    keys = folder / "keys.json"
    keys.write_bytes(jwks(jwk(rsa(), "one")))
    settings = {
        "PADFLEET_PARTITIONS": "3",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_API_JWKS_FILE": str(keys),
        "PADFLEET_API_ISSUER": ISSUER,
        "PADFLEET_API_AUDIENCE": "pads",
        "PADFLEET_API_SCOPE": "etherpad",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def there(elsewhere: Fleet) -> AsyncIterator[Caller]:
    async with Caller(elsewhere.urls[0]) as caller:
        yield caller


def many() -> dict[str, Any]:
    """Returns more pads than are read at once, and other records around them in every order."""
    pads: dict[str, Any] = {f"pad:{number:04}": {"head": 0} for number in range(1500)}
    return pads | {
        "pad:\U0001f600": {"head": 1},
        "pad:zz:revs:0": {"changeset": "Z:1>0$"},
        "pad_x": 1,
        "pad": 2,
        "pae:": 3,
        "token2author:t.x": "a.x",
    }


async def check(records: Records) -> None:
    try:
        await compared(records)
    finally:
        await records.close()


async def compared(records: Records) -> None:
    values = many()
    assert await pad_ids(records) == sorted(
        key[4:] for key in values if key.startswith("pad:") and key.count(":") == 1
    )
    wanted = ["pad:\U0001f600", "none", "token2author:t.x", "pad:zz:revs:0"]
    assert await records.get(wanted) == [values.get(key) for key in wanted]
    assert await records.get([]) == []
    keys = [f"pad:{number:04}" for number in range(1500)]
    assert await records.get(keys) == [{"head": 0}] * 1500


def sqlite_file(path: Path, records: dict[str, Any]) -> Path:
    """Makes a file as ueberdb makes one. The test `test_a_file_that_ueberdb_has_made` compares the
    two."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE store (key TEXT PRIMARY KEY, value TEXT)")
        rows = [(key, dumps(value)) for key, value in records.items()]
        connection.executemany("INSERT INTO store VALUES (?, ?)", rows)
    connection.close()
    return path


async def test_records_of_sqlite_are_read(tmp_path: Path) -> None:
    path = sqlite_file(tmp_path / "a file?#.db", many())
    before = path.read_bytes()
    await check(SqliteRecords(path))
    assert path.read_bytes() == before


async def test_records_of_sqlite_are_read_while_they_are_written(tmp_path: Path) -> None:
    """This includes the mode in which SQLite writes into a second file (WAL)."""
    path = sqlite_file(tmp_path / "wal.db", many())
    with sqlite3.connect(path) as writing:
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("INSERT INTO store VALUES ('pad:new', '{\"head\": 7}')")
        writing.commit()
        records = SqliteRecords(path)
        assert await records.get(["pad:new"]) == [{"head": 7}]
        await records.close()
    writing.close()


async def test_what_is_no_database_of_an_etherpad_is_said(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE pads (name TEXT)")
    connection.close()
    with pytest.raises(SourceFailed, match="no table store"):
        _ = await pad_ids(SqliteRecords(other))
    broken = tmp_path / "broken.db"
    broken.write_bytes(other.read_bytes()[:100] + b"\xff" * 5000)
    assert is_sqlite(broken)
    with pytest.raises(SourceFailed, match=r"broken\.db: "):
        _ = await pad_ids(SqliteRecords(broken))
    with pytest.raises(FileNotFoundError):
        _ = SqliteRecords(tmp_path / "none.db")


async def test_records_of_couchdb_are_read() -> None:
    async with couch(many()) as url:
        await check(CouchRecords(urlsplit(url)))


@pytest.mark.parametrize("stored", [dumps, lambda value: value], ids=["as JSON", "as it is"])
async def test_records_of_mongodb_are_read(stored: Any) -> None:
    values = {key: stored(value) for key, value in many().items()}
    async with mongo({"ueberdb": values}) as url:
        await check(MongoRecords(urlsplit(url)))
    async with mongo({"mine": values}) as url:
        await check(MongoRecords(urlsplit(f"{url}?collection=mine")))


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("couchdb://127.0.0.1:1/", "couchdb://user:password@host:5984/DATABASE"),
        ("couchdb://me:s3cr3t@127.0.0.1:1/pads", "127.0.0.1:1/pads: "),
        ("mongodb://127.0.0.1:1", "mongodb://user:password@host/DATABASE"),
        ("mongodb://127.0.0.1:x/pads", "Port contains non-digit characters"),
        ("sqlite:///nowhere/etherpad.db", "/nowhere/etherpad.db"),
        ("cassandra://host/x", "is not a source that pads can be imported from"),
        ("http://127.0.0.1:1", "--oauth-client"),
    ],
)
async def test_what_cannot_be_asked_is_said(elsewhere: Fleet, where: str, said: str) -> None:
    ended = await padfleet(elsewhere.redis_url, "import", where, "--dry-run", ETHERPAD_API_KEY="")
    assert (ended.code, said in ended.err) == (2, True), ended.err
    assert "s3cr3t" not in ended.err


async def test_what_couchdb_refuses_is_said(elsewhere: Fleet) -> None:
    async with couch({}) as url:
        wrong = url.replace("se%20cret", "wrong")
        for address, said in ((wrong, "unauthorized"), (f"{url}x", "Database does not exist")):
            ended = await padfleet(elsewhere.redis_url, "import", address, "--dry-run")
            assert (ended.code, said in ended.err) == (2, True), ended.err


@pytest.mark.parametrize("kind", ["sqlite", "couch", "mongo"])
async def test_whole_pads_come_out_of_each(
    api: Caller, fleet: Fleet, elsewhere: Fleet, there: Caller, tmp_path: Path, kind: str
) -> None:
    name = f"by-{kind}"
    await written(api, fleet, name)
    records = database(loads(await api.export(name, "etherpad")), name)
    async with stored(kind, json.loads(dumps(records)), tmp_path) as where:
        ended = await padfleet(elsewhere.redis_url, "import", where)
        assert ended.code == 0, ended
        await compare(api, there, name, name)
        check_beside(elsewhere)
        again = await padfleet(elsewhere.redis_url, "import", where)
        assert "0 pads brought, 1 unchanged" in again.err
    said = await padfleet(elsewhere.redis_url, "audit", "--deed", "import", "--json")
    (first, _second) = [
        entry["details"]
        for line in said.out.splitlines()
        if (entry := json.loads(line))["subject"] == name
    ]
    assert first["brought"] == 1
    assert "cret" not in first["of"], "no password stands in it"


@asynccontextmanager
async def stored(kind: str, records: dict[str, Any], folder: Path) -> AsyncIterator[object]:
    """Yields the place of a database of this kind that holds the records."""
    match kind:
        case "sqlite":
            yield sqlite_file(folder / "etherpad.db", records)
        case "couch":
            async with couch(records) as url:
                yield url
        case _:
            async with mongo({"ueberdb": {k: dumps(v) for k, v in records.items()}}) as url:
                yield url


@needs_checkout
async def test_a_file_that_ueberdb_has_made(tmp_path: Path) -> None:
    values = {"pad:x": {"head": 0, "atext": "\U0001f600"}, "token2author:t.x": "a.x"}
    module = Path(CHECKOUT) / "src/node_modules/ueberdb2/dist/index.js"
    program = (
        f'const {{ Database }} = await import("{module}");'
        f"const db = new Database('sqlite', {{ filename: '{tmp_path}/ueber.db' }});"
        "await db.init();"
        f"for (const [k, v] of Object.entries({json.dumps(values)})) await db.set(k, v);"
        "await db.set('gone', 1); await db.flush(); await db.remove('gone'); await db.flush();"
        "await db.close();"
    )
    run = [NODE, "--input-type=module", "-e", program]
    subprocess.run(run, check=True, cwd=Path(CHECKOUT) / "src", timeout=60)
    path = tmp_path / "ueber.db"
    assert is_sqlite(path)
    async with open_source(str(path), ApiCredentials()) as source:
        assert await source.pads() == ["x"]
        records = SqliteRecords(path)
        kept = [loads(dumps(value)) for value in values.values()]
        assert await records.get([*values, "gone"]) == [*kept, None]
        await records.close()


# --- With OAuth ----------------------------------------------------------------------------------


class TokenServer:
    """Gives tokens to one client, as OAuth 2 says; each is good for one call."""

    def __init__(self) -> None:
        self.given = 0

    async def give(self, request: web.Request) -> web.Response:
        form = await request.post()
        if request.headers.get("Authorization") != LOGIN:
            return web.json_response({"error": "invalid_client"}, status=401)
        if (form["grant_type"], form["scope"]) != ("client_credentials", "etherpad"):
            return web.json_response({"error": "invalid_scope"}, status=400)
        self.given += 1
        lasts = -100 if self.given == 1 else 600
        said = claims(
            iss=ISSUER, aud="pads", scope="etherpad", azp="moodle", exp=int(time.time()) + lasts
        )
        token = signed(said, rsa(), "one")
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": 600})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/oidc/token", self.give)
        async with TestServer(app) as server:
            yield str(server.make_url("/oidc/token"))


async def test_an_etherpad_with_oauth_is_asked_with_a_token(
    elsewhere: Fleet, fleet: Fleet, there: Caller, tmp_path: Path
) -> None:
    await there.createPad(padID="by-token", text="words\n")
    secret = tmp_path / "secret"
    secret.write_text("se:cret\n")
    server = TokenServer()
    words = [
        *("import", elsewhere.urls[0], "--pad", "by-token", "--oauth-client", "moodle"),
        *("--oauth-scope", "etherpad", "--oauth-token-url"),
    ]
    async with server.running() as url, Caller(fleet.urls[0]) as api:
        ended = await padfleet(fleet.redis_url, *words, url, "--oauth-secret-file", secret)
        assert ended.code == 0, ended
        assert await api.getText(padID="by-token") == await there.getText(padID="by-token")
        assert server.given == 2, "the first was refused, and the second good for all calls"
        ended = await padfleet(fleet.redis_url, *words, url, ETHERPAD_OAUTH_SECRET="wrong")
        assert (ended.code, "no token for 'moodle': invalid_client" in ended.err) == (2, True)
        assert "wrong" not in ended.err
    ended = await padfleet(fleet.redis_url, *words, elsewhere.urls[0], ETHERPAD_OAUTH_SECRET="x")
    assert (ended.code, "--oauth-token-url" in ended.err) == (2, True), ended.err


@needs_checkout
async def test_pads_are_imported_from_a_real_etherpad_with_oauth_and_sqlite(
    elsewhere: Fleet, there: Caller, tmp_path: Path
) -> None:
    """The same Etherpad is imported twice: by its API with a token, and from its file."""
    client = {
        "client_id": "import",
        "client_secret": "se:cret",
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
    }
    settings = {
        "authenticationMethod": "sso",
        "sso": {"issuer": "http://127.0.0.1", "clients": [client]},
        "loglevel": "WARN",
    }
    file = tmp_path / "etherpad.db"
    sqlite = {"dbType": "sqlite", "dbSettings": {"filename": str(file)}}
    with running_etherpad(Path(CHECKOUT), tmp_path, settings, NODE, database=sqlite) as port:
        url = f"http://127.0.0.1:{port}"
        async with (
            aiohttp.ClientSession() as http,
            running_client(http, url) as call,
        ):
            await call("createPad", padID="real", text="written there \U0001f600\n")
            await call("appendText", padID="real", text="and more\n")
        words = ["import", url, "--oauth-client", "import"]
        ended = await padfleet(elsewhere.redis_url, *words, ETHERPAD_OAUTH_SECRET="se:cret")
        assert (ended.code, "1 pads brought" in ended.err) == (0, True), ended
    text = await there.getText(padID="real")
    assert "written there \U0001f600\nand more" in text["text"]
    ended = await padfleet(elsewhere.redis_url, "import", file, "--pad", "real", "--as", "real-2")
    assert ended.code == 0, ended
    assert await there.getText(padID="real-2") == text
    assert await there.getRevisionsCount(padID="real-2") == {"revisions": 1}


@asynccontextmanager
async def running_client(http: aiohttp.ClientSession, url: str) -> AsyncIterator[Any]:
    """Calls of the API of an Etherpad that has given a token."""
    credentials = ApiCredentials("", "import", "se:cret")
    header = await ApiTokens(url, credentials, http).header()

    async def call(name: str, **fields: str) -> None:
        async with http.post(f"{url}/api/1.3.0/{name}", data=fields, headers=header) as response:
            assert (await response.json())["code"] == 0

    yield call
