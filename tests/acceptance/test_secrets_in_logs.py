"""Tests that no log contains a secret, at any level, of ours or of a library: each secret is sent
through every door, even those that do not take it, and then looked for in the logs of live
processes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from tests.fleet import Fleet, Member
from tests.guest import Guest
from tests.processes import free_ports
from tests.service import Service
from tests.signing import claims, signed
from tests.spellings import exchange
from tests.tools import padfleet

SIGNING_KEY = "SECRETsigning" + "k" * 32
API_KEY = "SECRETapikey0123456789"
FLEET_TOKEN = "SECRETfleet0123456789"
HOOK_SECRET = "SECREThook0123456789"
MARK = "SECRET"

LOUD = {
    "PADFLEET_LOG_LEVEL": "debug",
    "PADFLEET_API_KEY": API_KEY,
    "PADFLEET_FLEET_TOKEN": FLEET_TOKEN,
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedServer(
        tmp_path_factory.mktemp("secrets"), extra_args=("--appendfsync", "no")
    ) as server:
        yield server.url


@contextlib.contextmanager
def hook_fleet(redis: str, folder: Path) -> Iterator[Fleet]:
    with Service(lambda request: (500, b"SECRETanswer")) as hook:
        where = hook.url.replace("http://", f"http://me:{MARK}urlpassword@")
        settings = {
            "PADFLEET_AUTH": "hook",
            "PADFLEET_HOOK_URL": f"{where}/may?key={MARK}inquery",
            "PADFLEET_HOOK_COOKIES": "sid",
        }
        with Fleet(redis, folder, {**LOUD, **settings}) as fleet:
            yield fleet.start(workers=1)


@contextlib.contextmanager
def jwt_fleet(redis: str, folder: Path) -> Iterator[Fleet]:
    settings = {"PADFLEET_AUTH": "jwt", "PADFLEET_JWT_SECRET": SIGNING_KEY}
    with Fleet(redis, folder, {**LOUD, **settings}) as fleet:
        yield fleet.start(workers=1)


@contextlib.contextmanager
def open_fleet(redis: str, folder: Path) -> Iterator[Fleet]:
    with Fleet(redis, folder, LOUD) as fleet:
        yield fleet.start(workers=1)


FLEETS = {"open": open_fleet, "jwt": jwt_fleet, "hook": hook_fleet}


def token() -> str:
    """Returns a text in the form of a JWT, with the mark both in parts that are decoded and in
    others."""
    return f"{MARK}{secrets.token_hex(4)}.{MARK}body.{MARK}signature"


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"me:{password}".encode()).decode()


async def by_every_door(worker: Member) -> None:
    jwt, author = token(), f"t.{MARK}author{secrets.token_hex(4)}"
    long = "x" * 9000
    cookies = (
        f"token={author}; padfleet_token={jwt}; sid={MARK}session; sessionID=s.{MARK}0123456789"
    )
    heads: list[dict[str, str]] = [
        {"Cookie": cookies},
        {"Authorization": f"Bearer {jwt}"},
        {"Authorization": basic(f"{MARK}password")},
        {"Authorization": f"Bearer {FLEET_TOKEN}"},
        {"Origin": "https://evil.example", "Cookie": cookies},
        {"X-Api-Key": API_KEY},
    ]
    query = f"padfleet_token={jwt}&cookie={quote(f'token={author}')}&apikey={API_KEY}"
    paths = [
        f"/socket.io/?EIO=4&transport=polling&{query}",
        f"/socket.io/?EIO=3&transport=polling&{query}",
        f"/socket.io/?EIO=4&transport=polling&sid={MARK}sid&{query}",
        f"/socket.io/?EIO=4&transport=websocket&{query}",
        f"/p/secrets?{query}",
        f"/p/secrets/export/txt?{query}",
        f"/p/secrets/import?{query}",
        f"/api/1.3.0/getText?padID=secrets&{query}",
        f"/api/1.3.0/getText?padID=secrets&{query}&text={long}",
        f"/api/1.3.0/nonsense?{query}",
        f"/api/1.3.0/createPad?padID=%ff&{query}",
        f"/fleet?{query}",
        f"/nothing?{query}",
    ]
    bodies: list[bytes | None] = [
        None,
        f"apikey={API_KEY}&padID=%zz".encode(),
        f'{{"apikey": "{API_KEY}", "padID": '.encode(),
        f'40{{"padfleet_token":"{jwt}"'.encode(),
    ]
    async with aiohttp.ClientSession() as http:
        for url in (worker.url, worker.ops_url):
            for path in paths:
                for head in heads:
                    with contextlib.suppress(aiohttp.ClientError):
                        async with http.get(url + path, headers=head) as answer:
                            await answer.read()
                for body in bodies[1:]:
                    kinds = ("application/json", "application/x-www-form-urlencoded", "multipart/x")
                    for kind in kinds:
                        head = {"Content-Type": kind, **heads[0]}
                        with contextlib.suppress(aiohttp.ClientError):
                            async with http.post(url + path, headers=head, data=body) as answer:
                                await answer.read()
    for port in (worker.port, worker.ops_port):
        for sent in malformed(query, jwt):
            await exchange(port, sent)
    await over_sockets(worker, jwt, author, query)


def malformed(query: str, jwt: str) -> Iterator[bytes]:
    head = f"Host: x\r\nCookie: token=t.{MARK}\r\nAuthorization: Bearer {jwt}\r\n"
    close = "Connection: close\r\n\r\n"
    for line in (
        f"GET /api/1.3.0/getText?{query}",
        f"GET /api/1.3.0/getText?{query} HTTP/9.9",
        f"GE<T /api?{query} HTTP/1.1",
        f"GET http://me:{MARK}pw@[bad/?{query} HTTP/1.1",
        f"GET /api?{query}&x=\x01 HTTP/1.1",
        f"GET /api?{query}&{'x' * 20000} HTTP/1.1",
        f"{MARK}{'x' * 20000}",
        f"POST /api/1.3.0/getText?{query} HTTP/1.1\r\nContent-Length: {MARK}",
        f"POST /api/1.3.0/getText?{query} HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX: {MARK}",
        f"GET /p/x HTTP/1.1\r\nCookie: token=t.{MARK}{'x' * 20000}",
        f"GET /p/x HTTP/1.1\r\nbroken {MARK} header",
        f"GET /p/x HTTP/1.1\r\nAuthorization: Bearer {MARK}\0\x01",
    ):
        yield f"{line}\r\n{head}{close}{MARK}not-a-chunk\r\n\r\n".encode("latin-1")


async def over_sockets(worker: Member, jwt: str, author: str, query: str) -> None:
    for auth in ({"padfleet_token": jwt}, {"padfleet_token": [jwt]}, {"token": author}):
        with contextlib.suppress(Exception):
            async with Guest(worker.url, auth=auth, query=query) as guest:
                await asyncio.wait_for(guest.ready("secrets", token=author), 5)
                await asyncio.wait_for(guest.ready("secrets", token=[MARK, {MARK: jwt}]), 5)
                await asyncio.wait_for(guest.ask({"component": jwt, "token": author}), 5)
                await asyncio.wait_for(guest.collab("CUSTOM", token=author), 5)
                await asyncio.wait_for(guest.collab("USER_CHANGES", baseRev=author), 5)
    frames = (f'40{{"padfleet_token":"{jwt}"}}', f"40{jwt}", f'42["message",{{"token":"{jwt}', jwt)
    async with aiohttp.ClientSession() as http:
        url = f"{worker.url}/socket.io/?EIO=4&transport=websocket&{query}"
        for frame in frames:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.ws_connect(url) as ws:
                    await ws.receive(10)
                    await ws.send_str(frame)
                    await ws.send_bytes(frame.encode())
                    await ws.receive(10)


@pytest.mark.parametrize("mode", FLEETS)
async def test_no_log_has_a_secret_in_it(mode: str, redis: str, tmp_path: Path) -> None:
    with FLEETS[mode](redis, tmp_path) as fleet:
        await by_every_door(fleet.workers[0])
        if mode == "jwt":
            await let_in(fleet.workers[0])
        logs = [member.log for member in (*fleet.workers, *fleet.writers)]
    for log in logs:
        text = log.read_text(errors="replace")
        assert "worker started" in text or "writer started" in text
        for line in text.splitlines():
            for secret in (MARK, base64.b64encode(b"me:" + MARK.encode()).decode()[:10]):
                assert secret not in line, line[:2000]


async def let_in(worker: Member) -> None:
    """Joins with a valid token, whose signature nobody else may have."""
    good = signed(claims(), SIGNING_KEY)
    async with Guest(worker.url, auth={"padfleet_token": good}) as guest:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(guest.ready("let-in"), 10)
    signature = good.rpartition(".")[2]
    assert signature not in worker.log.read_text(errors="replace")


URLS = [
    f"redis://me:{MARK}@127.0.0.1:1/0",
    f"redis://me:{MARK}@127.0.0.1:port/0",
    f"redis://me:{MARK}@:6379/0",
    f"redis//me:{MARK}@127.0.0.1",
    f"http://me:{MARK}@127.0.0.1",
    f"redis://me:{MARK}@[bad/0",
    f"redis://me:{MARK}/with/slashes@127.0.0.1/0",
    f"redis://127.0.0.1:1/0?password={MARK}",
    f"redis+sentinel://me:{MARK}@127.0.0.1:1/name",
    f"redis+sentinel://me:{MARK}@127.0.0.1:1",
    f"redis+cluster://me:{MARK}@127.0.0.1:1",
    f"rediss://me:{MARK}@127.0.0.1:1/0",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("command", ["fanout", "doctor"])
async def test_no_complaint_about_redis_tells_its_password(command: str, url: str) -> None:
    words = {
        "fanout": ["--port", str(free_ports(1)[0])],
        "doctor": [],
    }[command]
    environment = {"PADFLEET_REDIS_URL": url}
    if command == "fanout":
        environment["PADFLEET_LOG_LEVEL"] = "debug"
    ended = await padfleet("", command, *words, **environment)
    assert ended.code != 0
    assert MARK not in ended.out + ended.err
