"""Tests that malformed packets and messages cost their sender at most, that the sender is told, and
that they fill no log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import PadUrl, connect
from tests.eventually import eventually
from tests.fleet import Fleet, Member

UNREADABLE = {
    "an empty message": "4",
    "an unknown type": "9",
    "a type of the server's": "6",
    "half a list": "42[",
    "an object": "42{}",
    "an event without a name": "42[]",
    "a name that is a number": "42[7]",
    "no number": '42["message",NaN]',
    "a number without end": '42["message",1e999]',
    "deep JSON": '42["message",' + "[" * 3000,
    "too many values": '42["message",[' + "0," * 9000 + "0]]",
    "an unknown type of Socket.IO": "49",
    "a refusal": '44{"message":"no"}',
    "an attachment": "451-[]",
    "a binary packet": "bAAAA",
    "an acknowledgement of nothing": "43[]",
    "a long namespace": f"40/{'x' * 1_000},",
    "an acknowledgement that is none": "43x",
}
"""What cannot be read: it ends the connection."""

READABLE = {
    "no content": '42["message"]',
    "null": '42["message",null]',
    "a pad that is a list": (
        '42["message",{"component":"pad","type":"CLIENT_READY","padId":["x"]}]'
    ),
    "half a character": (
        '42["message",{"component":"pad","type":"CLIENT_READY","padId":"\\ud83d"}]'
    ),
    "a type that is an object": '42["message",{"component":"pad","type":{"a":1}}]',
    "an unknown event": '42["nonsense",1,2,3]',
    "an unknown event, with a question": '427["nonsense"]',
    "an unknown acknowledgement": "43999999[]",
    "another namespace": "40/other,",
    "an event of another namespace": '42/other,["message",{}]',
    "a disconnect of another namespace": "41/other,",
    "a second connect": "40",
    "a ping": "2",
    "a pong that nobody asked for": "3",
}
"""What can be read, although it makes no sense, or not to us. A plugin may send it."""

ALL = UNREADABLE | READABLE


@pytest.mark.parametrize("packet", ALL.values(), ids=ALL)
async def test_a_bad_packet_disturbs_nobody_and_leaves_no_trace_of_a_fault(
    fleet: Fleet, packet: str
) -> None:
    worker = fleet.workers[0]
    url = f"{worker.url}/p/bad-packets"
    start = worker.log.stat().st_size
    async with connect(url) as bystander, aiohttp.ClientSession() as http:
        async with http.ws_connect(PadUrl.parse(url).socket()) as socket:
            await socket.receive_str()
            await socket.send_str("40")
            await socket.receive_str()
            await socket.send_str(packet)
            await bystander.append("undisturbed\n")
        await bystander.append("still so\n")
    log = worker.log.read_bytes()[start:].decode()
    assert "Traceback" not in log
    assert '"level": "error"' not in log


async def test_who_has_left_is_let_in_over_a_new_connection_only(fleet: Fleet) -> None:
    worker = fleet.workers[0]
    start = worker.log.stat().st_size
    async with by_websocket(worker) as socket:
        await socket.send_str("41")
        await socket.send_str("40")
        async with asyncio.timeout(20):
            while not (answer := await socket.receive_str()).startswith("44"):
                pass
    assert "over a new connection" in answer
    assert '"level": "error"' not in worker.log.read_bytes()[start:].decode()


def malformed(worker: Member) -> float:
    return worker.metric('padfleet_fanout_limited_total{limit="malformed"}')


@contextlib.asynccontextmanager
async def by_websocket(worker: Member) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Opens a socket that is connected to the main namespace."""
    url = PadUrl.parse(f"{worker.url}/p/bad-packets").socket()
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        await socket.receive_str()
        await socket.send_str("40")
        await socket.receive_str()
        yield socket


@pytest.mark.parametrize("packet", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_cannot_be_read_ends_a_websocket_with_a_reason(
    fleet: Fleet, packet: str
) -> None:
    worker = fleet.workers[0]
    before = malformed(worker)
    async with by_websocket(worker) as socket:
        await socket.send_str(packet)
        async with asyncio.timeout(20):
            while (end := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert (end.type, socket.close_code) == (aiohttp.WSMsgType.CLOSE, 1003)
        assert end.extra, "the reason"
    assert malformed(worker) == before + 1


@pytest.mark.parametrize("packet", READABLE.values(), ids=READABLE)
async def test_what_can_be_read_does_not_end_a_websocket(fleet: Fleet, packet: str) -> None:
    worker = fleet.workers[0]
    before = malformed(worker)
    async with by_websocket(worker) as socket:
        await socket.send_str(packet)
        await socket.send_str('4212["message",{}]')
        async with asyncio.timeout(20):
            while not (await socket.receive_str()).startswith("4312["):
                pass
    assert malformed(worker) == before


@contextlib.asynccontextmanager
async def by_polling(worker: Member) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Opens the same by polling, and yields the address of its requests."""
    url = f"{worker.url}/socket.io/?EIO=4&transport=polling"
    async with aiohttp.ClientSession() as http:
        opened = await (await http.get(url)).text()
        url += f"&sid={json.loads(opened[1:])['sid']}"
        await http.post(url, data="40")
        assert (await (await http.get(url)).text()).startswith("40{")
        yield http, url


@pytest.mark.parametrize("packet", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_cannot_be_read_ends_a_polling_session_with_a_reason(
    fleet: Fleet, packet: str
) -> None:
    worker = fleet.workers[0]
    before = malformed(worker)
    async with by_polling(worker) as (http, url):
        answer = await http.post(url, data=f'{packet}\x1e42["message",{{}}]')
        assert answer.status == 400
        assert "Bad Request" not in await answer.text(), "it says why"
        assert (await http.post(url, data="3")).status == 400, "the session is over"
    assert malformed(worker) == before + 1


@pytest.mark.parametrize("packet", READABLE.values(), ids=READABLE)
async def test_what_can_be_read_does_not_end_a_polling_session(fleet: Fleet, packet: str) -> None:
    worker = fleet.workers[0]
    before = malformed(worker)
    async with by_polling(worker) as (http, url):
        answer = await http.post(url, data=f'{packet}\x1e4212["message",{{}}]')
        assert (answer.status, await answer.text()) == (200, "OK")
        async with asyncio.timeout(20):
            while "4312[" not in await (await http.get(url)).text():
                pass
    assert malformed(worker) == before


async def test_what_is_no_text_ends_a_polling_session(fleet: Fleet) -> None:
    worker = fleet.workers[0]
    before = malformed(worker)
    async with by_polling(worker) as (http, url):
        assert (await http.post(url, data=b"42\xff")).status == 400
        assert (await http.post(url, data="3")).status == 400
    assert malformed(worker) == before + 1


async def test_a_second_transport_that_is_not_an_upgrade_is_ended_and_polling_goes_on(
    fleet: Fleet,
) -> None:
    worker = fleet.workers[0]
    before = malformed(worker)
    async with by_polling(worker) as (http, url):
        async with http.ws_connect(url.replace("polling", "websocket")) as probe:
            await probe.send_str('42["message",{}]')
            assert (await probe.receive()).type is aiohttp.WSMsgType.CLOSE
            assert probe.close_code == 1003
        assert (await http.post(url, data='4212["message",{}]')).status == 200
    assert malformed(worker) == before + 1


async def test_a_socket_that_has_left_cannot_come_back_over_the_same_connection(
    fleet: Fleet,
) -> None:
    """Nobody would take its session off the pad again when the connection ends."""
    worker = fleet.workers[0]
    before = worker.metric("padfleet_fanout_sessions")
    ready = {"component": "pad", "type": "CLIENT_READY", "padId": "left", "token": "t.left1234"}
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{worker.url}/socket.io/?EIO=4&transport=websocket") as ws,
    ):
        await ws.send_str("40")
        await ws.send_str("41")
        await ws.send_str(f"42{json.dumps(['message', ready])}")
        await ws.send_str("1")  # ends the connection, once all before it has been read
        while (await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert worker.metric("padfleet_fanout_sessions") == before


async def test_a_polling_client_that_is_let_go_is_told_so(tmp_path: Path) -> None:
    """If it were not told, it would ask, and be answered with nothing, again and again."""
    with (
        EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, tmp_path) as alone,
    ):
        worker = alone.start(workers=1).workers[0]
        url = f"{worker.url}/socket.io/?EIO=4&transport=polling"
        async with aiohttp.ClientSession() as http:
            opened = await (await http.get(url)).text()
            url += f"&sid={json.loads(opened[1:])['sid']}"
            await http.post(url, data="40")
            assert (await (await http.get(url)).text()).startswith("40{")
            poll = asyncio.create_task(http.get(url))
            await eventually(lambda: worker.metric("padfleet_fanout_sockets") == 1)
            worker.signal(signal.SIGTERM)
            answer = await poll
            # 400 is for a poll that came just after: the session is gone by then.
            assert answer.status == 400 or await answer.text() == "1"


@pytest.mark.parametrize(
    "headers",
    [
        {"Upgrade": "websocket"},
        {"Upgrade": "websocket", "Connection": "close"},
        {"Upgrade": "websocket", "Connection": "Upgrade"},
        {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"},
    ],
)
async def test_an_invalid_handshake_is_refused_and_leaves_nothing(
    fleet: Fleet, headers: dict[str, str]
) -> None:
    worker = fleet.workers[0]
    start = worker.log.stat().st_size
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    lines = ["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "Host: x"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert b" 400 " in await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    log = worker.log.read_bytes()[start:].decode()
    assert "Traceback" not in log
