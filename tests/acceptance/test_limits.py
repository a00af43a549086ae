"""Tests how much one client may take, on real sockets: taking more costs that client, and nobody
else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from padfleet.shared.client import connect, new_token
from tests.eventually import eventually
from tests.fleet import Fleet, Member, fleet_of_its_own
from tests.guest import Guest

KEY = "the key of callers"
POLLING = "/socket.io/?EIO=4&transport=polling"
PONG = b"\x81\x81\0\0\0\0" + b"3"  #: a WebSocket frame of text, with a mask of zeros
CLOSED_BY_POLICY = (1008).to_bytes(2, "big")

SETTINGS = {
    "PADFLEET_MAX_SOCKETS": "12",
    "PADFLEET_MAX_SOCKETS_PER_ADDRESS": "4",
    "PADFLEET_MAX_SESSIONS_PER_PAD": "3",
    "PADFLEET_MESSAGES_PER_SECOND": "20",
    "PADFLEET_COMMITS_PER_SECOND": "2",
    "PADFLEET_JOINS_PER_SECOND": "1",
    "PADFLEET_CHATS_PER_SECOND": "1",
    "PADFLEET_PLUGIN_MESSAGES_PER_SECOND": "4",
    "PADFLEET_HANDSHAKE_TIMEOUT_MS": "1000",
    "PADFLEET_REQUEST_TIMEOUT_MS": "500",
    "PADFLEET_IDLE_TIMEOUT_MS": "2000",
    "PADFLEET_REQUESTS_PER_SECOND_PER_ADDRESS": "1",
    "PADFLEET_API_KEY": KEY,
    "PADFLEET_TRUSTED_PROXIES": "127.0.0.1",
    "PADFLEET_CORS": "same,https://wiki.example.org",
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("limits")
    with fleet_of_its_own(folder, SETTINGS, workers=1) as running:
        yield running


@pytest.fixture
async def worker(fleet: Fleet) -> Member:
    """The worker, when nobody is on it any more: everything that earlier tests have left has been
    let go."""
    (worker,) = fleet.workers
    await eventually(lambda: worker.metric("padfleet_fanout_sockets") == 0, "nobody is here")
    return worker


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def from_address(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def limited(worker: Member, limit: str) -> float:
    return worker.metric(f'padfleet_fanout_limited_total{{limit="{limit}"}}')


@contextlib.asynccontextmanager
async def open_websocket(
    worker: Member,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Opens a WebSocket without any library, which would decide what goes into one write."""
    reader, writer = await asyncio.open_connection(worker.host, worker.port)
    try:
        writer.write(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %b:%d\r\n"
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            % (worker.host.encode(), worker.port)
        )
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        yield reader, writer
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def sockets(
    http: aiohttp.ClientSession, worker: Member, address: str, count: int
) -> AsyncIterator[None]:
    """Opens Engine.IO sessions from that address."""
    url = f"{worker.url}/socket.io/?EIO=4&transport=websocket"
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(count):
            ws = await stack.enter_async_context(
                http.ws_connect(url, headers=from_address(address))
            )
            await ws.receive_str()
        yield


# --- How many, and from where --------------------------------------------------------------------


async def test_one_address_has_its_limit_and_others_come_in(
    worker: Member, http: aiohttp.ClientSession
) -> None:
    async with sockets(http, worker, "198.51.100.1", 4):
        headers = from_address("198.51.100.1")
        async with http.get(worker.url + POLLING, headers=headers) as refused:
            assert refused.status == 429
            assert int(refused.headers["Retry-After"]) > 0
            assert "PADFLEET_MAX_SOCKETS_PER_ADDRESS" in await refused.text()
        # What the client writes itself does not make it another one.
        forged = {"X-Forwarded-For": "203.0.113.77, 198.51.100.1"}
        async with http.get(worker.url + POLLING, headers=forged) as refused:
            assert refused.status == 429
        headers = from_address("198.51.100.2")
        async with http.get(worker.url + POLLING, headers=headers) as let_in:
            assert let_in.status == 200


async def use_up(http: aiohttp.ClientSession, worker: Member, address: str) -> None:
    """Makes requests from an address until one is refused."""

    async def refused() -> bool:
        url = f"{worker.url}/p/x/export/none"
        async with http.get(url, headers=from_address(address)) as answer:
            if answer.status != 429:
                return False
            assert int(answer.headers["Retry-After"]) > 0
            assert "PADFLEET_TRUSTED_PROXIES" in await answer.text()
            return True

    await eventually(refused, f"{address} has made as many requests as it may")


async def test_an_address_that_makes_requests_without_end_is_held_back(
    worker: Member, http: aiohttp.ClientSession
) -> None:
    """Others are not, and neither is anything that does not count."""
    before = limited(worker, "requests")
    await use_up(http, worker, "198.51.100.60")
    assert limited(worker, "requests") > before
    for address, path, status in (
        ("198.51.100.61", "/robots.txt", 200),
        ("127.0.0.1", "/robots.txt", 200),
        ("198.51.100.60", "/health/live", 200),
        ("198.51.100.60", POLLING, 200),
    ):
        async with http.get(worker.url + path, headers=from_address(address)) as answer:
            assert answer.status == status, (address, path)


@pytest.mark.parametrize("path", ["/api/1.3.0/nothing", "/api/9/getText", "/rest/1/2/3/4/5"])
async def test_calls_of_what_is_not_there_count(
    worker: Member, http: aiohttp.ClientSession, path: str
) -> None:
    async def refused() -> bool:
        headers = from_address("198.51.100.64")
        async with http.get(worker.url + path, headers=headers) as answer:
            assert answer.status in (404, 429)
            return answer.status == 429

    await eventually(refused, "they are refused")


async def call(
    http: aiohttp.ClientSession, worker: Member, address: str, where: str, key: str = KEY
) -> int:
    """Calls the API with the key in the query, the headers or the body; returns the status."""
    url = f"{worker.url}/api/1.3.0/checkToken"
    headers = from_address(address)
    if where == "query":
        asked = http.get(url, params={"apikey": key}, headers=headers)
    elif where == "headers":
        asked = http.get(url, headers={**headers, "apikey": key})
    else:
        asked = http.post(url, data={"apikey": key}, headers=headers)
    async with asked as answer:
        assert (await answer.json())["code"] == {200: 0, 401: 4, 429: 1}[answer.status]
        return answer.status


@pytest.mark.parametrize("where", ["query", "headers", "body"])
async def test_a_caller_who_has_the_key_may_call_as_often_as_wanted(
    worker: Member, http: aiohttp.ClientSession, where: str
) -> None:
    for _ in range(50):
        assert await call(http, worker, "198.51.100.62", where) == 200


@pytest.mark.parametrize("where", ["query", "headers", "body"])
async def test_a_caller_who_guesses_keys_is_held_back(
    worker: Member, http: aiohttp.ClientSession, where: str
) -> None:
    """Whoever shows the key from the same address may still call."""

    async def refused() -> bool:
        status = await call(http, worker, "198.51.100.63", where, "guess")
        assert status in (401, 429)
        return status == 429

    await eventually(refused, "it has guessed as often as it may")
    assert await call(http, worker, "198.51.100.63", "query") == 200
    assert await call(http, worker, "198.51.100.63", "headers") == 200


async def test_a_place_is_free_again_when_its_socket_has_gone(
    worker: Member, http: aiohttp.ClientSession
) -> None:

    async def come_and_go() -> bool:
        try:
            async with sockets(http, worker, "198.51.100.3", 4):
                return True
        except aiohttp.WSServerHandshakeError:
            return False

    for _ in range(5):
        await eventually(come_and_go, "there is a place for each of four")


async def test_a_full_worker_sends_clients_elsewhere(
    worker: Member, http: aiohttp.ClientSession
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for number in range(12):
            await stack.enter_async_context(sockets(http, worker, f"203.0.113.{number}", 1))
        headers = from_address("203.0.113.200")
        async with http.get(worker.url + POLLING, headers=headers) as refused:
            assert refused.status == 503
            assert "PADFLEET_MAX_SOCKETS" in await refused.text()
            assert "Retry-After" in refused.headers


async def test_a_pad_has_its_limit_and_another_pad_room(worker: Member) -> None:
    before = limited(worker, "sessions_per_pad")
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(connect(f"{worker.url}/p/crowded"))
        async with Guest(worker.url) as late:
            asking = asyncio.ensure_future(late.ready("crowded"))
            await eventually(lambda: not late.connected, "it is sent elsewhere")
            asking.cancel()
        async with connect(f"{worker.url}/p/roomy") as elsewhere:
            await elsewhere.append("here is room\n")
    assert limited(worker, "sessions_per_pad") > before


@pytest.mark.parametrize("path", [POLLING, "/socket.io/?EIO=4&transport=websocket"])
async def test_pages_of_others_may_not_connect(
    worker: Member, http: aiohttp.ClientSession, path: str
) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    more = upgrade if "websocket" in path else {}

    async def status(origin: str, **headers: str) -> tuple[int, str]:
        sent = {"Origin": origin, **more, **headers}
        async with http.get(worker.url + path, headers=sent) as answer:
            return answer.status, "" if answer.status == 101 else await answer.text()

    refused, text = await status("https://evil.example")
    assert refused == 403
    assert "PADFLEET_CORS" in text
    for origin in (worker.url, "https://wiki.example.org"):
        assert (await status(origin))[0] in (101, 200)
    assert (await status("https://pad.example.org", Host="pad.example.org"))[0] in (101, 200)
    forwarded = await status("https://pad.example.org", **{"X-Forwarded-Host": "pad.example.org"})
    assert forwarded[0] in (101, 200)


# --- How fast ------------------------------------------------------------------------------------


async def test_edits_that_come_too_fast_wait_and_none_is_lost(worker: Member) -> None:
    """Twice as many edits come as the burst allows: the first go at once, the others at the
    rate."""
    before = limited(worker, "commits")
    async with connect(f"{worker.url}/p/fast") as typist, connect(f"{worker.url}/p/fast") as other:
        for number in range(14):
            await typist.edit(0, 0, f"<{number}>")
            await typist.flush()
        # Another author of the same address types at once.
        await other.append("undisturbed\n")
        await other.until(lambda: typist.rev >= 15 and other.rev == typist.rev)
        assert all(other.text.count(f"<{number}>") == 1 for number in range(14))
    assert limited(worker, "commits") > before


async def test_an_author_who_submits_without_end_is_told_so(worker: Member) -> None:
    async with (
        Guest(worker.url) as flood,
        connect(f"{worker.url}/p/flood") as other,
    ):
        await flood.join("flood")
        tasks = [asyncio.ensure_future(flood.write(f"<{number}>")) for number in range(60)]
        await flood.hears(
            lambda: {"disconnect": "rateLimited"} in flood.messages, "that it is too fast"
        )
        await other.append("undisturbed\n")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_flood_of_messages_ends_its_own_connection_only(worker: Member) -> None:
    """Pongs that nobody asked for are not served, but they still cost the event loop time.

    All are in one write, so that the worker reads them at once. A client that sends them one by one
    is read more slowly instead, and is soon closed for being idle.
    """
    url = f"{worker.url}/p/pongs"
    before = limited(worker, "messages")
    async with connect(url) as other, open_websocket(worker) as (answers, flood):
        flood.write(5000 * PONG)
        await asyncio.wait_for(answers.readuntil(CLOSED_BY_POLICY), 20)
        await other.append("undisturbed\n")
    assert limited(worker, "messages") > before


async def test_joining_again_and_again_takes_its_time(worker: Member) -> None:
    before = limited(worker, "joins")
    token = new_token()
    async with Guest(worker.url) as guest:
        for _ in range(12):
            await guest.ready("again", token=token)
    assert limited(worker, "joins") > before


async def test_a_client_that_leaves_while_its_joins_wait_has_left(worker: Member) -> None:
    before = limited(worker, "joins")
    token = new_token()
    async with Guest(worker.url) as guest, asyncio.TaskGroup() as waiting:
        joins = [
            waiting.create_task(guest.ready(f"left-{number}", token=token)) for number in range(14)
        ]
        await eventually(lambda: limited(worker, "joins") > before, "the last ones wait")
        for join in joins:
            join.cancel()
    await eventually(lambda: "client disconnected" in worker.log.read_text(), "they are let go")


async def test_names_that_change_too_often_are_refused(worker: Member) -> None:
    async with Guest(worker.url) as guest:
        await guest.join("names")
        info = {"colorId": "#ffffff", "userId": guest.vars["userId"]}
        errors = await asyncio.gather(
            *(
                guest.collab("USERINFO_UPDATE", userInfo={**info, "name": f"n{number}"})
                for number in range(80)
            )
        )
        assert errors[0] is None
        assert any(error and "too many" in error["message"] for error in errors)
        assert await guest.write("still here ") is None


async def test_a_plugin_that_says_much_keeps_nobody_from_anything_else(worker: Member) -> None:
    """A plugin that shows cursors says where they are 8 times a second. It took what names, saved
    revisions and chat have, and these were refused."""
    async with Guest(worker.url) as guest, Guest(worker.url) as other:
        await other.join("cursors")
        await guest.join("cursors")
        for number in range(12):
            assert await guest.collab("CUSTOM", cursor=number) is None
        await other.hears(lambda: len(other.heard("CUSTOM")) == 12, "all of them")
        before = limited(worker, "plugins")
        errors = await asyncio.gather(*(guest.collab("CUSTOM", more=n) for n in range(80)))
        assert any(error and "too many messages" in error["message"] for error in errors)
        assert limited(worker, "plugins") > before
        info = {"colorId": "#ffffff", "userId": guest.vars["userId"], "name": "Nora"}
        assert await guest.collab("USERINFO_UPDATE", userInfo=info) is None
        assert await guest.collab("SAVE_REVISION") is None
        assert await guest.collab("CHAT_MESSAGE", message={"text": "hello"}) is None


async def test_revisions_that_are_saved_too_often_are_refused(worker: Member) -> None:
    async with Guest(worker.url) as guest:
        await guest.join("saves")
        errors = await asyncio.gather(*(guest.collab("SAVE_REVISION") for _ in range(80)))
        assert errors[0] is None
        assert any(error and "too many saved revisions" in error["message"] for error in errors)
        assert limited(worker, "saves") > 0
        assert await guest.collab("CHAT_MESSAGE", message={"text": "hello"}) is None


async def test_what_is_too_large_is_counted_and_has_a_line_in_the_log(
    worker: Member, http: aiohttp.ClientSession
) -> None:
    """A client that sends what is too large again and again was nowhere to be seen."""
    before = limited(worker, "message_size")
    async with open_websocket(worker) as (reader, writer):
        length = (1_000_001).to_bytes(8, "big")
        writer.write(b"\x81\xff" + length + b"\0\0\0\0")
        await writer.drain()
        assert (1009).to_bytes(2, "big") in await reader.read()
    assert limited(worker, "message_size") == before + 1
    async with http.get(worker.url + POLLING) as answer:
        sid = json.loads((await answer.text())[1:])["sid"]
    too_long = b"4" + 1_000_000 * b"x"

    async def in_chunks() -> AsyncIterator[bytes]:
        yield too_long

    for body, status in ((too_long, 413), (in_chunks(), 400)):
        async with http.post(f"{worker.url}{POLLING}&sid={sid}", data=body) as answer:
            assert answer.status == status
    assert limited(worker, "message_size") == before + 3
    assert worker.log.read_text().count("message too large, refused") >= 3


# --- How slowly ----------------------------------------------------------------------------------


async def closed_by_the_worker(connection: socket.socket) -> bool:
    def end() -> bool:
        connection.settimeout(20)
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            return True
        return True

    return await asyncio.to_thread(end)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\n"
        b"Content-Length: 100\r\n\r\n4",
    ],
    ids=["nothing", "half of the headers", "half of a body"],
)
async def test_a_request_that_does_not_come_in_is_not_waited_for(
    worker: Member, said: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", worker.port)) as connection:
        connection.sendall(said)
        assert await closed_by_the_worker(connection)


async def test_a_socket_that_never_asks_for_a_pad_is_closed(
    worker: Member, http: aiohttp.ClientSession
) -> None:
    url = f"{worker.url}/socket.io/?EIO=4&transport=websocket"
    async with http.ws_connect(url) as never_connects, http.ws_connect(url) as never_asks:
        await never_asks.receive_str()
        await never_asks.send_str("40")
        for ws in (never_connects, never_asks):
            while (await asyncio.wait_for(ws.receive(), 20)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert ws.closed


async def test_one_that_was_denied_may_stay_a_while(worker: Member) -> None:
    before = limited(worker, "idle")
    async with Guest(worker.url) as guest:
        await guest.ready("g.0123456789abcdef$no-such-session")
        assert guest.connected
        await eventually(lambda: not guest.connected, "it is let go in the end")
    assert limited(worker, "idle") == before + 1


async def test_a_session_has_one_probe_at_a_time(
    worker: Member, http: aiohttp.ClientSession
) -> None:
    async with http.get(worker.url + POLLING) as answer:
        sid = (await answer.text()).split('"sid":"')[1].split('"')[0]
    url = f"{worker.url}/socket.io/?EIO=4&transport=websocket&sid={sid}"
    async with http.ws_connect(url) as first, http.ws_connect(url):
        message = await asyncio.wait_for(first.receive(), 20)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
