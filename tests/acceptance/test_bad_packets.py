"""Tests that malformed packets and messages cost their sender at most, and fill no log."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import aiohttp
import pytest

from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import PadUrl, connect
from tests.eventually import eventually
from tests.fleet import Fleet

BAD = [
    "",
    "4",
    "9",
    "42[",
    "42{}",
    "42[]",
    '42["message"]',
    '42["message",null]',
    '42["message",NaN]',
    '42["message",1e999]',
    '42["message",' + "[" * 3000,
    '42["message",{"component":"pad","type":"CLIENT_READY","padId":["x"]}]',
    '42["message",{"component":"pad","type":"CLIENT_READY","padId":"\\ud83d"}]',
    '42["message",{"component":"pad","type":{"a":1}}]',
    '42["nonsense",1,2,3]',
    "43999999[]",
    "40/other,",
    "451-[]",
]


@pytest.mark.parametrize("packet", BAD, ids=range(len(BAD)))
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
