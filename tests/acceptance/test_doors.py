"""Tests what a worker answers to whom: its two ports, foreign pages, foreign names, and every
spelling of a path that is not for clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from tests.fleet import Fleet, Member
from tests.spellings import OPERATORS, SPELLINGS, TELLTALES, exchange, told

KEY = "0123456789abcdef"
TOKEN = "fedcba9876543210"
POLLING = "/socket.io/?EIO=4&transport=polling"
WIKI = "https://wiki.example.org"

SETTINGS = {"PADFLEET_API_KEY": KEY, "PADFLEET_FLEET_TOKEN": TOKEN}

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("doors-redis")
    with EmbeddedServer(folder, extra_args=("--appendfsync", "no")) as server:
        yield server.url


@contextlib.contextmanager
def running(
    redis: str, factory: pytest.TempPathFactory, name: str, **settings: str
) -> Iterator[Fleet]:
    with Fleet(redis, factory.mktemp(name), {**SETTINGS, **settings}) as fleet:
        yield fleet.start(workers=1)


@pytest.fixture(scope="module")
def fleet(redis: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet with default settings."""
    with running(redis, tmp_path_factory, "plain") as fleet:
        yield fleet


@pytest.fixture(scope="module")
def strict(redis: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    """A worker behind a proxy on this machine, which knows its own name and one page of others."""
    settings = {
        "PADFLEET_HOSTS": "pad.example.org,*.pads.example.org",
        "PADFLEET_CORS": f"same,{WIKI}",
        "PADFLEET_TRUSTED_PROXIES": "127.0.0.1",
    }
    with running(redis, tmp_path_factory, "strict", **settings) as fleet:
        yield fleet.workers[0]


@pytest.fixture(scope="module")
def to_all(redis: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    """Lets pages of everywhere in."""
    with running(redis, tmp_path_factory, "to-all", PADFLEET_CORS="*") as fleet:
        yield fleet.workers[0]


@pytest.fixture
def worker(fleet: Fleet) -> Member:
    return fleet.workers[0]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def asked(
    http: aiohttp.ClientSession,
    member: Member,
    path: str = POLLING,
    method: str = "GET",
    **headers: str,
) -> tuple[int, str]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    data = form() if path.endswith("/import") else None
    async with http.request(method, member.url + path, headers=sent, data=data) as answer:
        return answer.status, "" if answer.status == 101 else await answer.text()


def form() -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field("file", b"imported\n", filename="a.txt")
    return data


# --- Two ports -----------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_of_an_operators_path_is_answered_to_clients(
    worker: Member, spelling: str
) -> None:
    """The password does not help: the path does not exist on that port."""
    for path in OPERATORS:
        for head in ("", f"Authorization: Bearer {TOKEN}\r\n"):
            answer = await told(worker.port, SPELLINGS[spelling](path), head)
            assert not any(telltale in answer for telltale in TELLTALES), (path, answer[:500])


async def test_the_operators_port_has_them(worker: Member) -> None:
    assert "padfleet_fanout_" in await asyncio.to_thread(worker.page, "/metrics")
    assert '"ok"' in await asyncio.to_thread(worker.page, "/health/ready")
    page = await asyncio.to_thread(worker.page, "/fleet", Authorization=f"Bearer {TOKEN}")
    assert "<html" in page
    async with connect(f"{worker.url}/p/named-to-few"):
        assert "named-to-few" not in await asyncio.to_thread(worker.page, "/metrics")
        assert "named-to-few" not in await asyncio.to_thread(worker.page, "/stats/prometheus")


async def test_it_has_nothing_else(worker: Member, http: aiohttp.ClientSession) -> None:
    for path in ("/", "/p/x", POLLING, "/api", "/p/x/export/txt"):
        async with http.get(worker.ops_url + path) as answer:
            assert answer.status == 404, path


# --- On all answers ------------------------------------------------------------------------------

PATHS = [
    "/",
    "/p/x",
    "/p/x/export/txt",
    "/p/x/export/nonsense",
    "/nothing",
    "/api",
    "/api/1.3.0/nonsense",
    "/api/1.3.0/getText",
    "/rest/1.3.0/pad/getText",
    "/api/openapi.json",
    "/api-docs",
    "/assets/none",
    POLLING,
    "/socket.io/?EIO=3&transport=polling",
    "/socket.io/?EIO=4&transport=polling&sid=unknown",
    "/socket.io/?EIO=4&transport=websocket",
    "/health/live",
    "/health/ready",
]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
async def test_answers_forbid_sniffing_and_foreign_use(
    worker: Member, http: aiohttp.ClientSession, method: str
) -> None:
    for path in PATHS:
        for origin in ({}, {"Origin": "https://evil.example"}):
            async with http.request(method, worker.url + path, headers=origin) as answer:
                assert answer.headers["X-Content-Type-Options"] == "nosniff", path
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", path


@pytest.mark.parametrize("path", ["/metrics", "/stats/prometheus", "/fleet", "/health/live", "/no"])
async def test_answers_to_operators_forbid_them_too(
    fleet: Fleet, http: aiohttp.ClientSession, path: str
) -> None:
    for member in (*fleet.workers, *fleet.writers):
        async with http.get(member.ops_url + path) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbroken header\r\n\r\n",
    ],
)
async def test_answers_to_invalid_requests_forbid_them_too(fleet: Fleet, sent: bytes) -> None:
    for member in (*fleet.workers, *fleet.writers):
        for port in {member.port, member.ops_port or member.port}:
            answer = await exchange(port, sent)
            assert b" 400 " in answer.splitlines()[0]
            assert b"x-content-type-options: nosniff" in answer.lower()
            assert b"cross-origin-resource-policy: same-origin" in answer.lower()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /p/x/import HTTP/1.1\r\nHost: localhost\r\nOrigin: http://\xff\r\n", b"403"),
        (b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: localhost\r\nOrigin: \x80\r\n", b"403"),
        (b"GET /p/x HTTP/1.1\r\nHost: \xe9.example\r\n", b"421"),
        (b"POST /api/1/x HTTP/1.1\r\nHost: x\r\nCookie: a\r\nOrigin: \x80\r\n", b"403"),
    ],
    ids=("import", "handshake", "host", "call"),
)
async def test_a_refusal_that_quotes_what_is_no_text_is_an_answer(
    fleet: Fleet, head: bytes, status: bytes
) -> None:
    """A single byte in a header was answered 500, and logged with a traceback, each time."""
    worker = fleet.workers[0]
    more = b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    answer = await exchange(worker.port, head + more)
    assert answer.split()[1] == status
    assert "Traceback" not in worker.log.read_text()


async def test_a_page_that_is_let_in_from_another_site_may_load_it(
    strict: Member, to_all: Member, http: aiohttp.ClientSession
) -> None:
    def policy_of(answer: aiohttp.ClientResponse) -> str:
        return answer.headers["Cross-Origin-Resource-Policy"]

    async with http.get(strict.url + POLLING, headers={"Origin": WIKI}) as answer:
        assert (answer.status, policy_of(answer)) == (200, "cross-origin")
    async with http.get(strict.url + POLLING) as answer:
        assert policy_of(answer) == "same-origin"
    async with http.get(to_all.url + POLLING, headers={"Origin": "null"}) as answer:
        assert (answer.status, policy_of(answer)) == (200, "cross-origin")


# --- Foreign pages -------------------------------------------------------------------------------

FOREIGN: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null"},
    {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
]

DOORS = [
    ("GET", POLLING, {}),
    ("POST", POLLING, {}),
    ("OPTIONS", POLLING, {}),
    ("GET", "/socket.io/?EIO=4&transport=websocket", UPGRADE),
    ("POST", "/p/forged/import", {}),
    ("POST", "/p/forged/import", {"Cookie": "token=t.abcdefghijklmnop"}),
    ("POST", f"/api/1.3.0/createPad?apikey={KEY}&padID=forged", {"Cookie": "token=t.x"}),
    ("GET", f"/api/1.3.0/createPad?apikey={KEY}&padID=forged", {"Cookie": "token=t.x"}),
    ("GET", f"/rest/1.3.0/pad/create?apikey={KEY}&padID=forged", {"Cookie": "token=t.x"}),
    ("POST", "/fleet/data", {}),
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
async def test_a_foreign_page_changes_nothing(
    worker: Member, http: aiohttp.ClientSession, foreign: dict[str, str]
) -> None:
    for method, path, more in DOORS:
        status, text = await asked(http, worker, path, method, **foreign, **more)
        assert status == 403, (path, text)
        if path.startswith("/api/"):
            assert json.loads(text)["code"] == 4
        assert KEY not in text


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
async def test_nor_does_it_see_the_fleet(
    worker: Member, http: aiohttp.ClientSession, foreign: dict[str, str]
) -> None:
    """The browser may have the password, and send it by itself. A link is followed all the same."""
    login = {"Authorization": f"Bearer {TOKEN}"}
    async with http.get(f"{worker.ops_url}/fleet/data", headers={**foreign, **login}) as answer:
        assert answer.status == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", **login}
    async with http.get(f"{worker.ops_url}/fleet", headers=followed) as answer:
        assert answer.status == 200


async def test_pages_of_ours_and_programs_import(
    worker: Member, http: aiohttp.ClientSession
) -> None:
    ours: list[dict[str, str]] = [
        {},
        {"Origin": worker.url, "Sec-Fetch-Site": "same-origin"},
        {"Origin": worker.url},
        {"Sec-Fetch-Site": "none"},
    ]
    for number, headers in enumerate(ours):
        path = f"/p/from-ours-{number}/import"
        status, text = await asked(http, worker, path, "POST", **headers)
        assert status == 200, text


async def test_a_listed_page_imports_too(strict: Member, http: aiohttp.ClientSession) -> None:
    headers = {"Origin": WIKI, "Sec-Fetch-Site": "cross-site", "Host": "pad.example.org"}
    status, text = await asked(http, strict, "/p/from-the-wiki/import", "POST", **headers)
    assert status == 200, text


async def test_programs_call_the_api_from_anywhere(
    worker: Member, http: aiohttp.ClientSession
) -> None:
    """A key is no cookie: no browser adds it by itself."""
    path = f"/api/1.3.0/listAllPads?apikey={KEY}"
    status, text = await asked(http, worker, path, Origin="https://portal.example")
    assert (status, json.loads(text)["code"]) == (200, 0)


async def test_with_all_pages_let_in_none_acts_for_its_visitor(
    to_all: Member, http: aiohttp.ClientSession
) -> None:
    """The visitor's cookies go along, but somebody who has written before is somebody new to that
    page."""
    token = "t.abcdefghijklmnopqrst"

    async def author(origin: str) -> str:
        name = f"by-{'ours' if origin == to_all.url else 'evil'}"
        headers = {"Origin": origin, "Cookie": f"token={token}"}
        status, text = await asked(http, to_all, f"/p/{name}/import", "POST", **headers)
        assert status == 200, text
        call = f"{to_all.url}/api/1.3.0/listAuthorsOfPad?apikey={KEY}&padID={name}"
        async with http.get(call) as answer:
            (found,) = (await answer.json())["data"]["authorIDs"]
            return str(found)

    assert await author(to_all.url) != await author("https://evil.example")


# --- Foreign names -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [POLLING, "/p/x", "/p/x/export/txt", "/api", "/nothing"])
@pytest.mark.parametrize("origin", [{}, {"Origin": "http://evil.example"}], ids=["without", "with"])
async def test_a_name_that_was_made_to_lead_here_is_answered_nothing(
    worker: Member, strict: Member, http: aiohttp.ClientSession, path: str, origin: dict[str, str]
) -> None:
    """This holds even if the browser takes that page for one of ours, and sends no Origin."""
    for member in (worker, strict):
        headers = {"Host": f"evil.example:{member.port}", **origin}
        status, text = await asked(http, member, path, **headers)
        assert status == 421
        assert "PADFLEET_HOSTS" in text
    hidden = {"Host": "evil.example", "X-Forwarded-Host": "pad.example.org", **origin}
    assert (await asked(http, strict, path, **hidden))[0] == 421
    hidden = {"Host": "pad.example.org", "X-Forwarded-Host": "evil.example", **origin}
    assert (await asked(http, strict, path, **hidden))[0] == 421


async def test_a_websocket_of_such_a_page_is_not_opened(
    worker: Member, http: aiohttp.ClientSession
) -> None:
    headers = {"Host": "evil.example", "Origin": "http://evil.example", **UPGRADE}
    path = "/socket.io/?EIO=4&transport=websocket"
    assert (await asked(http, worker, path, **headers))[0] == 421


async def test_its_own_names_are_answered(
    worker: Member, strict: Member, http: aiohttp.ClientSession
) -> None:
    for host in ("pad.example.org", "a.pads.example.org:443", "127.0.0.1", "localhost:9001"):
        assert (await asked(http, strict, Host=host))[0] == 200
        origin = f"https://{host}"
        assert (await asked(http, strict, Host=host, Origin=origin))[0] == 200
    for host in ("localhost", "127.0.0.1:1", "[::1]", socket.gethostname()):
        assert (await asked(http, worker, Host=host))[0] == 200
    # Probes and balancers call a worker what they like.
    assert (await asked(http, strict, "/health/ready", Host="evil.example"))[0] == 200
