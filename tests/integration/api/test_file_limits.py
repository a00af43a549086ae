"""Tests the limits on files: rates, places, deadlines and budgets, both before a file is accepted
and while one is sent."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import aiohttp
import psutil
import pytest
import redis as redis_library
from aiohttp import web

from padfleet.services.web.api import receiving, sending
from padfleet.services.web.api.receiving import BodyTooLarge, Incoming, Stopped
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, Caller

ATTACKS = {
    "tags": b"<a " * 8000,
    "formats": b"<b>x" * 16_000,
    "ends": b"<b>" * 16_000 + b"</i>" * 16_000,
    "deep": b"<div>" * 100_000,
    "paragraphs": b"<p>x" * 60_000,
    "declarations": b"<![" * 1000,
    "number": b"<ol start=" + b"9" * 5000 + b"><li>x",
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Starts a fleet with the default limits."""
    folder = tmp_path_factory.mktemp("gates")
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_IMPORT_MAX_BYTES": "3000000",
        # As in a container whose root is read-only.
        "TMPDIR": "/nowhere",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def api(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0]) as caller:
        yield caller


def session_from(address: str) -> aiohttp.ClientSession:
    """Returns a client that connects from another address of this machine."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0)))


async def upload(
    url: str, pad: str, name: str, content: bytes, address: str, **cookies: str
) -> tuple[int, dict[str, object]]:
    form = aiohttp.FormData()
    form.add_field("file", content, filename=name, content_type="application/octet-stream")
    async with (
        session_from(address) as http,
        http.post(f"{url}/p/{pad}/import", data=form, cookies=cookies) as response,
    ):
        return response.status, await response.json()


def authors_stored(fleet: Fleet) -> int:
    with redis_library.Redis.from_url(fleet.redis_url) as client:
        return sum(1 for _ in client.scan_iter("*author*"))


async def test_nothing_is_stored_of_what_is_refused(fleet: Fleet) -> None:
    before = authors_stored(fleet)
    for number in range(8):
        status, answer = await upload(
            fleet.urls[0], "refused", "a.html", b"%PDF-", "127.0.0.3", token=f"t.new{number}"
        )
        assert (status, answer["message"]) == (400, "uploadFailed")
        assert "PDF" in str(answer["data"])
    assert authors_stored(fleet) == before


async def test_imports_are_limited_per_author_and_per_address(fleet: Fleet) -> None:
    found = [
        (await upload(fleet.urls[0], "often", "a.txt", b"x", "127.0.0.4"))[0] for _ in range(12)
    ]
    assert found == [200] * 10 + [429] * 2
    # Somebody else goes on, at another address, or as an author of this one.
    status, _ = await upload(fleet.urls[0], "often", "a.txt", b"x", "127.0.0.5")
    assert status == 200


async def test_what_says_that_it_is_too_large_is_refused_unread(fleet: Fleet) -> None:
    parts = urlsplit(fleet.urls[0])
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(
        b"POST /p/large/import HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; "
        b"boundary=b\r\nContent-Length: 900000000\r\n\r\n"
    )
    async with asyncio.timeout(10):
        answer = await reader.read()  # up to its end: the connection is closed
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"maxFileSize" in answer
    writer.close()


@pytest.mark.parametrize("path", ["/p/packed/import", "/api/1.3.0/getText", "/socket.io/?EIO=4"])
async def test_a_body_that_is_not_packed_as_it_says_is_its_senders_fault(
    fleet: Fleet, api: Caller, path: str
) -> None:
    """After the refusal the rest of the body is read all the same, and that fails. It is no error
    of ours, so none is in the log."""
    log = fleet.workers[0].log
    before = log.stat().st_size
    parts = urlsplit(fleet.urls[0])
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    body = b"\x07" * 300_000  # a block of a kind that there is none of
    writer.write(
        b"POST %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: deflate\r\n"
        b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body))
    )
    async with asyncio.timeout(10):
        answer = asyncio.create_task(reader.read(100))
        await asyncio.wait({answer}, timeout=0.2)
        writer.write(body)
        assert (await answer).startswith(b"HTTP/1.1 4")
        with contextlib.suppress(ConnectionError):
            await reader.read()  # up to its end
    writer.close()
    await api.createPad(padID=f"served-{path.count('/')}-{len(path)}")
    said = log.read_text()[before:]
    assert "Unhandled exception" not in said
    assert '"level": "error"' not in said


async def test_a_larger_file_needs_no_folder_for_temporary_ones(fleet: Fleet) -> None:
    text = b"line\n" * 400_000
    status, answer = await upload(fleet.urls[0], "large-text", "a.txt", text, "127.0.0.6")
    assert (status, answer["message"]) == (200, "ok")


@pytest.mark.parametrize("name", ATTACKS)
async def test_html_that_takes_long_elsewhere(fleet: Fleet, api: Caller, name: str) -> None:
    address = f"127.0.1.{1 + sorted(ATTACKS).index(name)}"
    status, answer = await upload(fleet.urls[0], name, "a.html", ATTACKS[name], address)
    assert (status, answer["message"]) == (200, "ok"), answer
    assert (await api.getText(padID=name))["text"].endswith("\n")


async def test_what_takes_too_much_is_ended_and_the_next_one_is_read(
    fleet: Fleet, api: Caller
) -> None:
    """Each paragraph begins with all the formats that are open, as HTML prescribes."""
    formats = "".join(f"<b a={number}>" for number in range(500))
    page = f"<p>{formats}" + "<p>x" * 20_000
    status, answer = await upload(fleet.urls[0], "bomb", "a.html", page.encode(), "127.0.0.7")
    assert (status, answer["message"]) == (400, "uploadFailed")
    # Which of its limits it meets first depends on the machine.
    assert re.search(
        "it takes (too much memory|more than .* of processor time)", str(answer["data"])
    )
    await api.createPad(padID="after")
    await api.setHTML(padID="after", html="<ul><li><p>one</p></li></ul>")
    assert await api.getText(padID="after") == {"text": "\t* one\n"}


@pytest.mark.parametrize("ending", ["html", "etherpad"])
async def test_a_client_that_leaves_while_its_file_is_read_imports_nothing(
    fleet: Fleet, api: Caller, ending: str
) -> None:
    """Without this, a client that sends a file and leaves would keep the processes busy for nobody,
    and its pad would be made after it has gone."""
    content = {
        "html": b"<p>x" * 600_000,
        "etherpad": b"{" + b",".join(b'"x:%d":0' % n for n in range(200_000)) + b"}",
    }[ending]
    head = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.%b"\r\n\r\n'
        % ending.encode()
    )
    body = head + content + b"\r\n--b--\r\n"
    parts = urlsplit(fleet.urls[0])
    log = fleet.workers[0].log
    before = log.stat().st_size
    address = ("127.0.0.21", 0) if ending == "html" else ("127.0.0.22", 0)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port, local_addr=address)
    writer.write(
        b"POST /p/left-%b/import HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; "
        b"boundary=b\r\nContent-Length: %d\r\n\r\n" % (ending.encode(), len(body))
    )
    writer.write(body)
    await writer.drain()
    # All of it has gone, and the worker sees the end after it.
    writer.close()
    await writer.wait_closed()
    await eventually(lambda: "its client has left" in log.read_text()[before:], timeout=60)
    assert await api.refusal("getText", padID=f"left-{ending}") == (1, "padID does not exist")


async def test_unread_exports_hold_little_and_nobody_up(fleet: Fleet, api: Caller) -> None:
    await api.createPad(padID="huge")
    await api.setText(padID="huge", text="é " * 250_000)
    process = psutil.Process(fleet.workers[0].process.pid)
    page = await api.export("huge", "html")  # what it takes once, it has taken now
    assert len(page) > 1_700_000
    before = process.memory_info().rss
    parts = urlsplit(fleet.urls[0])
    with ExitStack() as stack:
        for kind in ["html"] * 12 + ["etherpad"] * 6:
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.bind(("127.0.0.8", 0))
            connection.connect((parts.hostname, parts.port))
            request = f"GET /p/huge/export/{kind} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
            connection.sendall(request.encode())
        for kind in ("html", "txt", "etherpad") * 3:
            async with (
                session_from("127.0.0.9") as http,
                http.get(f"{fleet.urls[0]}/p/huge/export/{kind}") as response,
            ):
                assert response.status == 200
                assert len(await response.read()) > 500_000
        assert process.memory_info().rss - before < 120 << 20


# --- The API's bodies and errors -----------------------------------------------------------------


async def test_every_answer_of_the_api_has_a_code(api: Caller) -> None:
    for method, path, status in (
        ("GET", "/api/1.3.0/nonsense", 404),
        ("GET", "/api/9.9/getText", 404),
        ("GET", "/api/1.3.0", 404),
        ("POST", "/api/", 404),
        ("PUT", "/api/1.3.0/getText", 405),
        ("DELETE", "/api/x", 405),
        ("GET", "/api/1.3.0/getText?apikey=wrong", 401),
        ("GET", "/api/1.3.0/checkToken/?apikey=wrong", 401),
    ):
        async with api.http.request(method, api.url + path) as response:
            assert response.status == status, path
            assert isinstance((await response.json())["code"], int)


async def test_bodies_are_taken_up_to_the_size_of_a_file(api: Caller) -> None:
    await api.createPad(padID="form")
    text = "é\n" * 300_000
    await api.setText(padID="form", text=text)
    assert await api.getText(padID="form") == {"text": text}
    url = f"{api.url}/api/1.3.0/setText"
    async with api.http.post(url, json={"apikey": KEY, "padID": "form", "text": text}) as response:
        assert (await response.json())["code"] == 0
    with aiohttp.MultipartWriter("form-data") as parts:
        for name, value in (("apikey", KEY), ("padID", "form"), ("text", "in parts")):
            parts.append(value).set_content_disposition("form-data", name=name)
    async with api.http.post(url, data=parts) as response:
        assert (await response.json())["code"] == 0
    assert await api.getText(padID="form") == {"text": "in parts\n"}
    async with api.http.post(url, data=b"x" * 3_100_000) as response:
        assert response.status == 413
        assert (await response.json())["code"] == 1
    for body, why in (
        (b"[]", "the body is not a JSON object"),
        (b"{", "the body is not JSON: "),
        (b"[" * 100_000, "the body is not JSON: "),
        (b'{"a":' + b"9" * 400 + b"}", "the body is not JSON: "),
    ):
        headers = {"Content-Type": "application/json"}
        async with api.http.post(url, data=body, headers=headers) as response:
            answer = await response.json()
            assert (answer["code"], answer["message"].startswith(why)) == (1, True), answer


async def test_tabs_that_would_be_more_than_a_pad_are_refused(api: Caller) -> None:
    await api.createPad(padID="tabs", text="as it was")
    code, message = await api.refusal("setText", padID="tabs", text="\t" * 700_000)
    assert (code, message) == (1, "the text is longer than 5000000 characters")
    assert await api.getText(padID="tabs") == {"text": "as it was\n"}


async def test_a_call_may_be_long_and_its_key_is_in_no_log(api: Caller, fleet: Fleet) -> None:
    await api.createPad(padID="by-get")
    for text, status in (("x" * 500_000, 200), ("x" * 3_000_000, 400)):
        query = f"apikey={KEY.replace(' ', '%20')}&padID=by-get&text={text}"
        async with api.http.get(f"{api.url}/api/1.3.0/setText?{query}") as response:
            assert response.status == status
    parts = urlsplit(api.url)
    for junk in (b"GET /api?apikey=%s\x00 HTTP/1.1\r\n\r\n", b"%s\r\n\r\n"):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(junk % KEY.encode())
        await reader.read()
        writer.close()
    for member in (*fleet.workers, *fleet.writers):
        log = member.log.read_text()
        assert KEY not in log
        assert KEY.replace(" ", "%20") not in log


# --- Slow ones -----------------------------------------------------------------------------------


@pytest.fixture
async def received(unused_tcp_port: int) -> AsyncIterator[tuple[int, list[str]]]:
    """Starts a server that receives a file. Yields its port and a list of the outcomes."""
    found: list[str] = []

    async def take(request: web.Request) -> web.Response:
        incoming = Incoming(request, 1000)
        try:
            _, part = await incoming.file()
            found.append(f"{len(await incoming.content(part, 1000))} bytes")
        except (Stopped, BodyTooLarge) as error:
            found.append(type(error).__name__)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield unused_tcp_port, found
    await runner.cleanup()


HEAD = (
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_an_upload_that_drips_is_ended(
    received: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in all it has to come with some speed, however regularly something comes."""
    monkeypatch.setattr(receiving, "PATIENCE", 0.3)
    port, found = received
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + chunk(FILE))

    async def drip() -> None:
        while not found:
            writer.write(chunk(b"x"))
            await asyncio.sleep(0.01)

    async with asyncio.timeout(30):
        await drip()
    assert found == ["Stopped"]
    writer.close()


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (FILE + b"x" * 500 + b"\r\n--b--\r\n", "500 bytes"),
        (FILE + b"x" * 1001 + b"\r\n--b--\r\n", "BodyTooLarge"),
        (b"--b--\r\n", "Stopped"),
        (b"nonsense" * 100, "Stopped"),
    ],
)
async def test_an_upload_is_received_up_to_its_limit(
    received: tuple[int, list[str]], body: bytes, outcome: str
) -> None:
    port, found = received
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + chunk(body) + b"0\r\n\r\n")
    await eventually(lambda: found == [outcome])
    writer.close()


async def test_a_client_that_takes_nothing_is_cut_off(
    unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PATIENCE", 0.2)
    over = asyncio.Event()

    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await sending.send(request, response, sending.whole(bytes(50_000_000)))
        over.set()
        return response

    app = web.Application()
    app.router.add_get("/", give)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    connection = socket.create_connection(("127.0.0.1", unused_tcp_port))
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(30):
        await over.wait()
    connection.close()
    await runner.cleanup()
