"""What is no packet, or no message, costs its sender at most, and fills no log."""

from __future__ import annotations

import aiohttp
import pytest

from shared.client import PadUrl, connect
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
