"""Clients that read slowly, or not at all: they cost the others nothing, and lose nothing."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from padfleet.shared.client import connect
from padfleet.shared.client.joining import new_token
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own

PASTE = "x" * 50_000 + "\n"


TOKEN = "0123456789abcdef"

SETTINGS = {"PADFLEET_STALL_TIMEOUT_MS": "2000", "PADFLEET_FLEET_TOKEN": TOKEN}


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet that gives up a stalled socket after two seconds."""
    folder = tmp_path_factory.mktemp("slow")
    with fleet_of_its_own(folder, SETTINGS, workers=1) as running:
        yield running


class Sleeper:
    """A client that joins over a raw socket and from then on reads only when told to."""

    def __init__(self, port: int, pad: str) -> None:
        self.socket = socket.socket()
        # Small buffers on this side, so that the worker feels it soon.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(10)
        self.socket.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket&padId=%b HTTP/1.1\r\nHost: x\r\n"
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % pad.encode()
        )
        self.received = b""
        self.until(b'"pingInterval"')
        self.send("40")
        self.until(b'40{"sid"')
        ready = {
            "component": "pad",
            "type": "CLIENT_READY",
            "padId": pad,
            "token": new_token(),
            "supports": ["NEW_CHANGES_BATCH"],
        }
        self.send(f"42{json.dumps(['message', ready])}")
        self.until(b'"CLIENT_VARS"')

    def send(self, text: str) -> None:
        """Sends a masked frame; the mask of zeros changes nothing."""
        data = text.encode()
        length = (
            bytes((0x80 | len(data),))
            if len(data) < 126
            else b"\xfe" + len(data).to_bytes(2, "big")
        )
        self.socket.sendall(b"\x81" + length + bytes(4) + data)

    def until(self, what: bytes) -> None:
        while what not in self.received:
            data = self.socket.recv(65536)
            assert data, f"closed before {what!r}"
            self.received += data

    def read_to_the_end(self) -> None:
        try:
            while data := self.socket.recv(65536):
                self.received += data
        except ConnectionResetError:
            return


async def test_I6_a_client_that_stops_reading_is_let_go_and_disturbs_nobody(
    patient: Fleet, tmp_path: Path
) -> None:
    """No queue grows for it: what it lacks is kept in the feed, once for all."""
    worker = patient.workers[0]
    url = f"{worker.url}/p/stalled"
    async with connect(url) as writer, connect(url) as reader:
        sleeper = await asyncio.to_thread(Sleeper, worker.port, "stalled")
        dropped = worker.metric('padfleet_fanout_dropped_total{why="stalled"}')
        pasted = 0
        while worker.metric('padfleet_fanout_dropped_total{why="stalled"}') == dropped:
            await writer.edit(0, 0, PASTE)
            await writer.flush()
            await writer.edit(0, len(PASTE), "")
            await writer.flush()
            pasted += 1
            assert pasted < 2000, "the sleeper was never let go"
        await reader.until(lambda: reader.rev == writer.rev)
        await asyncio.to_thread(sleeper.read_to_the_end)
        # It was given what fits its window and the buffers under it, not all that was pasted.
        assert len(sleeper.received) < pasted * len(PASTE)


async def test_I4_a_slow_client_gets_every_revision_in_larger_messages(fleet: Fleet) -> None:
    """The fleet gives it a minute, so that a slow machine has time for the edits."""
    worker = fleet.workers[0]
    url = f"{worker.url}/p/slow"
    async with connect(url) as writer:
        sleeper = await asyncio.to_thread(Sleeper, worker.port, "slow")
        for number in range(60):
            await writer.edit(0, 0, f"{number} {PASTE[:9_000]}")
            await writer.flush()
        head = writer.rev

        def catch_up() -> None:
            """Reads all, and answers the pings that it finds on the way."""
            pongs = 0
            while b'"newRev":%d,' % head not in sleeper.received:
                sleeper.received += sleeper.socket.recv(65536)
                while sleeper.received.count(b"\x81\x012") > pongs:
                    pongs += 1
                    sleeper.send("3")

        await asyncio.to_thread(catch_up)
        found = [sleeper.received.index(b'"newRev":%d,' % rev) for rev in range(1, head + 1)]
        assert found == sorted(found)
        assert b"NEW_CHANGES_BATCH" in sleeper.received
        sleeper.socket.close()


async def test_what_has_arrived_is_known_from_our_clients_acknowledgements(
    patient: Fleet,
) -> None:
    worker = patient.workers[0]
    url = f"{worker.url}/p/acknowledged"
    async with connect(url) as writer, connect(url):
        before = worker.metric("padfleet_fanout_delivery_seconds_count")

        async def a_delivery_was_measured() -> bool:
            await writer.edit(0, 0, PASTE)
            await writer.flush()
            await writer.edit(0, len(PASTE), "")
            await writer.flush()
            return worker.metric("padfleet_fanout_delivery_seconds_count") > before

        await eventually(a_delivery_was_measured, timeout=30)


async def test_etherpads_tools_find_their_names(patient: Fleet) -> None:
    worker = patient.workers[0]
    async with connect(f"{worker.url}/p/stats") as pad, connect(f"{worker.url}/p/stats"):
        await pad.append("hello")
        await pad.flush()
        password = f"Bearer {TOKEN}"
        text = await asyncio.to_thread(worker.page, "/stats/prometheus", Authorization=password)
        to_anybody = await asyncio.to_thread(worker.page, "/stats/prometheus")
    assert "etherpad_socket_emits_total" in to_anybody
    assert "padId" not in to_anybody, "a pad's name opens it"
    assert 'etherpad_pad_users{padId="stats"} 2.0' in text
    assert 'padId="$canary' not in text, "these are the worker's own, and nobody is on them"
    assert 'etherpad_socket_emits_total{type="ACCEPT_COMMIT"}' in text
    assert "etherpad_changeset_apply_duration_seconds_bucket" in text
