"""Tests the balancers' configurations, with the real programs before a real fleet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import aiohttp
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import connect
from tests.acceptance.test_compression import by_aiohttp
from tests.crowd import AUTHORS, crowd
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest
from tests.nginx import Certificate
from tests.nginx import nginx as nginx_command
from tests.processes import free_ports
from tests.service import Answer, Request, Service
from tests.spellings import OPERATORS, SPELLINGS, TELLTALES, exchange, told

BALANCER = Path(__file__).parents[2] / "deploy" / "balancer"

KEY = "0123456789abcdef"

SETTINGS = {
    "PADFLEET_TRUSTED_PROXIES": "127.0.0.1",
    "PADFLEET_API_KEY": KEY,
    "PADFLEET_MAX_SOCKETS_PER_ADDRESS": "100",
    "PADFLEET_DRAIN_MS": "3000",
    # A poll ends after so long at most: what is not seen by then is not seen.
    "PADFLEET_PING_INTERVAL_MS": "5000",
}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The fleet of all tests that leave it whole and count nothing."""
    with fleet_of_its_own(tmp_path_factory.mktemp("standing"), SETTINGS, workers=3) as running:
        yield running


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A fleet for one test, which breaks it, or counts what is on it."""
    with fleet_of_its_own(tmp_path, SETTINGS, workers=3) as running:
        yield running


@dataclass(frozen=True)
class Asked:
    """How a balancer is to run. Everything else is as in deploy/balancer."""

    port: int
    workers: Sequence[int]
    etherpad: str = ""
    certificate: Certificate | None = None
    plain_port: int = 0
    edge: str = ""
    checked: bool = True  #: whether it asks for `/health/ready`, which no other proxy passes on


def haproxy(folder: Path, asked: Asked) -> tuple[list[str], dict[str, str]]:
    """Returns the command and its environment. The workers are given by their addresses."""
    workers = "\n".join(
        f"    server worker{number} 127.0.0.1:{port}" for number, port in enumerate(asked.workers)
    )
    text = (BALANCER / "haproxy.cfg").read_text()
    text, count = re.subn(r"^ *server-template .*$", workers, text, flags=re.M)
    assert count == 1
    # That is how a worker is found by name.
    text = text.replace(" resolvers dns init-addr none", "").replace("slowstart 10s", "")
    if not asked.checked:
        text = text.replace("default-server check", "default-server")
    path = folder / "haproxy.cfg"
    path.write_text(text)
    (stats,) = free_ports(1)
    plain = asked.plain_port if asked.certificate else asked.port
    environment = {"LISTEN": f"127.0.0.1:{plain}", "STATS": f"127.0.0.1:{stats}"}
    if asked.etherpad:
        environment["ETHERPAD"] = asked.etherpad
    if asked.edge:
        environment["EDGE_PROXIES"] = f"192.0.2.0/24 {asked.edge}"
    if asked.certificate is not None:
        both = folder / "tls.pem"
        both.write_text(asked.certificate.chain.read_text() + asked.certificate.key.read_text())
        environment |= {
            "TLS_LISTEN": f"127.0.0.1:{asked.port}",
            "TLS_CERTIFICATE": str(both),
        }
    return ["haproxy", "-db", "-f", str(path)], environment


def nginx(folder: Path, asked: Asked) -> tuple[list[str], dict[str, str]]:
    command = nginx_command(
        folder,
        asked.port,
        asked.workers,
        asked.etherpad,
        certificate=asked.certificate,
        plain_port=asked.plain_port,
        edge=asked.edge,
    )
    return command, {}


PROGRAMS = {"haproxy": haproxy, "nginx": nginx}


@contextlib.contextmanager
def running(program: str, folder: Path, asked: Asked) -> Iterator[str]:
    """Runs a balancer, and yields its address once it lets clients through to the workers."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} (Debian: apt-get install {program})")
    folder.mkdir(exist_ok=True)
    command, environment = PROGRAMS[program](folder, asked)
    with (folder / f"{program}.out").open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
        )
    url = f"{'https' if asked.certificate else 'http'}://127.0.0.1:{asked.port}"
    anybody = nobody_in_particular()

    def answers() -> bool:
        assert process.poll() is None, (folder / f"{program}.out").read_text()
        with contextlib.suppress(OSError):
            probe = f"{url}/socket.io/?EIO=4&transport=polling"
            with urllib.request.urlopen(probe, timeout=5, context=anybody) as response:
                return bool(response.status == 200)
        return False

    try:
        eventually_sync(answers, f"{program} lets clients through", timeout=30)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def balancer(program: str, fleet: Fleet, tmp_path: Path) -> Iterator[str]:
    """A balancer before workers that serve everything."""
    with before(fleet, program, tmp_path) as url:
        yield url


@pytest.fixture
def door(program: str, standing: Fleet, tmp_path: Path) -> Iterator[str]:
    """A balancer before the standing fleet."""
    with before(standing, program, tmp_path) as url:
        yield url


@contextlib.contextmanager
def before(fleet: Fleet, program: str, folder: Path) -> Iterator[str]:
    (port,) = free_ports(1)
    ports = [worker.port for worker in fleet.workers]
    with running(program, folder / "balancer", Asked(port, ports)) as url:
        yield url


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")])
async def test_people_type_through_it(door: str, transports: tuple[str, ...]) -> None:
    """They come without cookies, as Node.js clients do, and without saying at first which pad they
    want."""
    async with contextlib.AsyncExitStack() as stack:
        guests = [
            await stack.enter_async_context(Guest(door, transports=transports)) for _ in range(6)
        ]
        for guest in guests:
            await guest.join("through")
        assert await guests[0].write("hello ") is None
        for guest in guests[1:]:
            await guest.hears(lambda guest=guest: guest.heard("NEW_CHANGES"), "it")  # type: ignore[misc]


async def test_compression_is_agreed_on_through_it(balancer: str, fleet: Fleet) -> None:
    """Messages to a crowd arrive unchanged."""
    async with by_aiohttp(balancer, "compressed") as reader:
        assert reader.deflates
        await eventually(lambda: reader.data("CLIENT_VARS"), "it is on the pad")
        # On one worker or another: on one of them there are enough.
        await asyncio.to_thread(crowd, balancer, "compressed", 3 * AUTHORS)
        revisions = [data["newRev"] for data in reader.data("NEW_CHANGES")]
        assert revisions == list(range(1, len(revisions) + 1))
    deflated = 'padfleet_fanout_deflate_bytes_total{side="after"}'
    assert sum(worker.metric(deflated) for worker in fleet.workers) > 0


async def test_a_pads_people_are_on_few_workers(balancer: str, fleet: Fleet) -> None:
    """If people were spread by chance, each of these pads would be on all three workers."""
    pads, people = 9, 6

    def places() -> float:
        return sum(worker.metric("padfleet_fanout_pads") for worker in fleet.workers)

    before = places()
    async with contextlib.AsyncExitStack() as stack:
        for number in range(pads * people):
            where = f"{balancer}/p/gathered-{number % pads}"
            await stack.enter_async_context(connect(where))
        on_workers = [worker.metric("padfleet_fanout_sessions") for worker in fleet.workers]
        assert sum(on_workers) == pads * people
        assert places() - before <= pads * 2


async def test_newcomers_find_another_worker_while_one_drains(balancer: str, fleet: Fleet) -> None:
    leaving = fleet.workers[0]
    async with connect(f"{balancer}/p/stays") as stays:
        leaving.signal(signal.SIGTERM)
        for number in range(12):
            async with connect(f"{balancer}/p/drained-{number}") as pad:
                await pad.append("came through\n")
        await asyncio.to_thread(leaving.process.wait, 30)
        await stays.append("still here\n")
        await eventually(lambda: "still here" in stays.text, "it goes on")


async def test_pages_of_others_are_kept_out(door: str) -> None:
    async with aiohttp.ClientSession() as http:
        url = f"{door}/socket.io/?EIO=4&transport=polling&padId=x"
        async with http.get(url, headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
        async with http.get(url, headers={"Origin": door}) as answer:
            assert answer.status == 200


@pytest.fixture
def all_on_one_port(tmp_path: Path) -> Iterator[Fleet]:
    """A fleet in which only the balancer keeps clients from the operators' pages."""
    settings = {**SETTINGS, "PADFLEET_FLEET_TOKEN": KEY}
    with (
        EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, tmp_path, settings, one_port=True) as fleet,
    ):
        yield fleet.start(workers=1)


async def test_what_workers_say_about_themselves_stays_inside(
    program: str, all_on_one_port: Fleet, tmp_path: Path
) -> None:
    """It does so however somebody asks for it, even with the password."""
    (worker,) = all_on_one_port.workers
    head = f"Authorization: Bearer {KEY}\r\n"
    for path in OPERATORS:
        for spelling in ("plain", "one letter encoded", "out of the sockets"):
            found = await told(worker.port, SPELLINGS[spelling](path), head)
            if spelling != "out of the sockets":
                assert any(telltale in found for telltale in TELLTALES), "the worker itself has it"
    (port,) = free_ports(1)
    with running(program, tmp_path / "balancer", Asked(port, [worker.port])):
        for path in (*OPERATORS, "/health/ready"):
            for name, spelled in SPELLINGS.items():
                answer = await told(port, spelled(path), head)
                assert not any(telltale in answer for telltale in (*TELLTALES, '"canary"')), name


async def test_http2_does_not_lead_around_the_list(
    program: str, all_on_one_port: Fleet, tmp_path: Path, certificate: Certificate
) -> None:
    """There the path is a header of its own, `:path`."""
    (worker,) = all_on_one_port.workers
    port, plain = free_ports(2)
    asked = Asked(port, [worker.port], certificate=certificate, plain_port=plain)
    with running(program, tmp_path / "balancer", asked) as url:
        status, _ = await curl("--http2", f"{url}/p/over-two")
        assert status.startswith("HTTP/2 200")
        options = ("--http2", "--path-as-is", "--globoff", "-H", f"Authorization: Bearer {KEY}")
        for path in OPERATORS:
            spelled = [spell(path) for spell in SPELLINGS.values()]
            # The others are not sent by curl.
            sent = [one for one in spelled if one.startswith("/") and not set("\0\\#") & set(one)]
            answers = await curl(*options, *(url + target for target in sent))
            assert "".join(answers).count("HTTP/2 ") >= len(sent), path
            for telltale in TELLTALES:
                assert telltale not in "".join(answers), path


async def test_everything_that_people_need_is_let_in(door: str) -> None:
    async with connect(f"{door}/p/needed") as pad:
        await pad.append("through the balancer\n")
        await pad.flush()
        async with aiohttp.ClientSession() as http:
            for path, kind in (
                ("/", "text/html"),
                ("/p/needed", "text/html"),
                ("/p/needed/export/txt", "text/plain"),
                ("/p/needed/0/export/html", "text/html"),
                ("/api", "application/json"),
                ("/api/1.3.0/getText?padID=needed&apikey=" + KEY, "application/json"),
                ("/rest/1.3.0/pad/getText?padID=needed&apikey=" + KEY, "application/json"),
                ("/api/openapi.json", "application/json"),
                ("/rest/1.2.15/openapi.json", "application/json"),
                ("/api-docs", "text/html"),
                ("/api-docs.json", "application/json"),
            ):
                async with http.get(door + path) as answer:
                    assert answer.status == 200, path
                    assert answer.content_type == kind
                    assert answer.headers.getall("X-Content-Type-Options") == ["nosniff"]
            async with http.get(door + "/p/needed") as answer:
                asset = re.search(r"assets/[A-Za-z0-9._-]+", await answer.text())
            if asset is not None:  # the page is built
                async with http.get(f"{door}/{asset[0]}") as answer:
                    assert answer.status == 200
            status, text = await imported(http, door, "needed", b"x" * 3_000_000)
            assert status == 200, text
            # The head alone: HAProxy hangs up when it has answered, and a client that is still
            # sending may never see the answer.
            answer_to_head = await exchange(
                urlsplit(door).port or 0,
                b"POST /p/needed/import HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                b"Content-Type: multipart/form-data; boundary=b\r\n"
                b"Content-Length: 54000000\r\n\r\n",
            )
            assert answer_to_head.split(b" ")[1] == b"413"
            async with http.get(f"{door}/nothing") as answer:
                assert answer.status == 404
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def imported(
    http: aiohttp.ClientSession, url: str, pad: str, content: bytes
) -> tuple[int, str]:
    data = aiohttp.FormData()
    data.add_field("file", content, filename="a.txt")
    async with http.post(f"{url}/p/{pad}/import", data=data) as answer:
        return answer.status, await answer.text()


async def test_before_an_etherpad_pages_are_its_and_texts_ours(
    program: str, standing: Fleet, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    ports = [worker.port for worker in standing.workers]
    with Service(lambda request: (200, b"Etherpad's")) as etherpad:
        asked = Asked(port, ports, etherpad=urlsplit(etherpad.url).netloc)
        with running(program, tmp_path / "balancer", asked) as url:
            async with (
                connect(f"{url}/p/shared-out") as pad,
                aiohttp.ClientSession() as http,
            ):
                await pad.append("with the workers\n")
                await pad.flush()

                async def body(path: str) -> str:
                    async with http.get(url + path) as answer:
                        assert answer.headers.getall("X-Content-Type-Options") == ["nosniff"]
                        return await answer.text()

                for path in ("/", "/p/shared-out", "/static/js/pad.js", "/admin/", "/metrics"):
                    assert await body(path) == "Etherpad's", path
                assert "with the workers" in await body("/p/shared-out/export/txt")
                call = f"/api/1.3.0/getText?padID=shared-out&apikey={KEY}"
                assert "with the workers" in await body(call)
                status, _ = await imported(http, url, "shared-out", b"brought in\n")
                assert status == 200
                assert "brought in" in await body("/p/shared-out/export/txt")
                for name, spelled in SPELLINGS.items():
                    answer = await told(port, spelled("/metrics"))
                    assert not any(telltale in answer for telltale in TELLTALES), name


async def test_tls_with_http2_and_a_redirect(
    program: str, standing: Fleet, tmp_path: Path, certificate: Certificate
) -> None:
    port, plain = free_ports(2)
    ports = [worker.port for worker in standing.workers]
    asked = Asked(port, ports, certificate=certificate, plain_port=plain)
    with running(program, tmp_path / "balancer", asked) as url:
        status, _ = await curl("--http2", f"{url}/p/secured")
        assert status.startswith("HTTP/2 200")
        assert "strict-transport-security" in status.lower()
        assert "content-security-policy" in status.lower()
        assert "set-cookie" in status.lower()
        status, _ = await curl(f"http://127.0.0.1:{plain}/p/secured?x=1")
        assert " 308" in status.splitlines()[0]
        assert "location: https://127.0.0.1" in status.lower()
        assert "/p/secured?x=1" in status
        anybody = nobody_in_particular()
        connector = aiohttp.TCPConnector(ssl=anybody)
        async with aiohttp.ClientSession(connector=connector) as http:
            headers = {"Origin": url}
            where = f"{url}/socket.io/?EIO=4&transport=websocket&padId=secured"
            async with http.ws_connect(where, headers=headers) as ws:
                assert "sid" in await ws.receive_str()


@pytest.mark.parametrize(("outer", "inner"), [("nginx", "haproxy"), ("haproxy", "nginx")])
async def test_through_two_proxies_each_client_is_itself(
    outer: str, inner: str, fleet: Fleet, tmp_path: Path
) -> None:
    """As in Kubernetes, there is an ingress, and a balancer behind it. Limits are per client, and
    no client becomes another one by what it claims."""
    limit = int(SETTINGS["PADFLEET_MAX_SOCKETS_PER_ADDRESS"])
    worker = fleet.workers[0]
    near, far = free_ports(2)
    behind = Asked(near, [worker.port], edge="127.0.0.1")
    before = Asked(far, [near], checked=False)
    with (
        running(inner, tmp_path / "inner", behind),
        running(outer, tmp_path / "outer", before) as url,
    ):
        where = f"{url}/socket.io/?EIO=4&transport=polling&padId=x"

        async def handshake(address: str, **headers: str) -> int:
            connector = aiohttp.TCPConnector(local_addr=(address, 0))
            async with (
                aiohttp.ClientSession(connector=connector) as http,
                http.get(where, headers=headers) as answer,
            ):
                return answer.status

        for _ in range(limit):
            assert await handshake("127.0.0.7") == 200
        assert await handshake("127.0.0.7") == 429
        for forged in ("203.0.113.9", "127.0.0.8", "127.0.0.8, 127.0.0.1"):
            assert await handshake("127.0.0.7", **{"X-Forwarded-For": forged}) == 429
        assert await handshake("127.0.0.8") == 200
        # Past the outer one, it is the inner one that is not told stories.
        inner_url = f"http://127.0.0.1:{near}/socket.io/?EIO=4&transport=polling&padId=x"
        connector = aiohttp.TCPConnector(local_addr=("127.0.0.7", 0))
        async with aiohttp.ClientSession(connector=connector) as http:
            headers = {"X-Forwarded-For": "203.0.113.10"}
            async with http.get(inner_url, headers=headers) as answer:
                assert answer.status == 429


async def test_a_call_that_may_have_succeeded_is_not_repeated(program: str, tmp_path: Path) -> None:
    """Both workers close the connection without an answer; each may have heard the call.

    The client is told so.
    """
    calls: list[str] = []
    heard: list[int] = []

    def hang_up(request: Request) -> Answer:
        if "/api/" in request.path:
            calls.append(request.path)
            return None
        return 200, b"{}"

    (port,) = free_ports(1)
    with Service(hang_up) as one, Service(hang_up) as other:
        ports = [urlsplit(service.url).port or 0 for service in (one, other)]
        with running(program, tmp_path / "balancer", Asked(port, ports)):
            for method in ("GET", "POST"):
                for _ in range(3):
                    calls.clear()
                    target = f"/api/1.3.0/appendText?padID=x&text=once&apikey={KEY}"
                    head = "Host: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close"
                    answer = await exchange(
                        port, f"{method} {target} HTTP/1.1\r\n{head}\r\n\r\n".encode()
                    )
                    assert b" 502 " in answer.splitlines()[0]
                    heard.append(len(calls))
    assert heard[0] == 1
    assert max(heard) == 1, "none: it is let alone, after two failures"


@pytest.mark.parametrize("pages", ["padfleet", "etherpad"])
def test_a_pad_that_is_opened_while_nobody_serves_pages_comes_by_itself(
    program: str, pages: str, tmp_path: Path
) -> None:
    """The page was the program's own, with an error that means nothing to people; or there was
    none, if the balancer still had a connection to the worker that had gone."""
    (port,) = free_ports(1)

    def until_pages_are_asked_for(request: Request) -> Answer:
        return None if request.path.startswith("/p/") else (200, b"{}")

    with Service(until_pages_are_asked_for) as worker, Service(lambda request: None) as beside:
        etherpad = urlsplit(beside.url).netloc if pages == "etherpad" else ""
        asked = Asked(port, [urlsplit(worker.url).port or 0], etherpad=etherpad)
        with running(program, tmp_path / "balancer", asked) as url:
            (beside if etherpad else worker).stop_listening()
            with pytest.raises(HTTPError) as away:
                urllib.request.urlopen(f"{url}/p/x", timeout=20)
            with away.value as answer:
                assert answer.status == 503
                assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
                assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
                assert b'<meta http-equiv="refresh" content="5">' in answer.read()


def nobody_in_particular() -> ssl.SSLContext:
    """Returns a TLS context that accepts any certificate, since the test's was made a moment
    ago."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def curl(*words: str) -> tuple[str, str]:
    """Returns the head of the first answer, and its body with all that comes after it."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    process = await asyncio.create_subprocess_exec(
        "curl",
        *("-sik", "--max-time", "20"),
        *words,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    head, _, body = output.decode("utf-8", "replace").partition("\r\n\r\n")
    return head, body
