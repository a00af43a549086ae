"""Clients of several makes read what a crowded pad is sent deflated, each with its own inflater."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import websockets

from padfleet.shared.wire.jsontext import dumps, loads
from tests.acceptance.npm import Npm, borrow_npm, new_pad, new_token
from tests.crowd import AUTHORS, crowd
from tests.eventually import eventually
from tests.fleet import Fleet

npm = pytest.fixture(borrow_npm)

QUERY = "/socket.io/?EIO=4&transport=websocket"


@dataclass
class Reader:
    """One who reads along, over a WebSocket of whatever make."""

    make: str
    send: Callable[[str], Awaitable[Any]]
    deflates: bool
    texts: list[str] = field(default_factory=list)

    async def take(self, text: str, pad: str) -> None:
        self.texts.append(text)
        if text[:1] == "0":
            await self.send("40")
        elif text[:2] == "40":
            ready = {"component": "pad", "type": "CLIENT_READY", "padId": pad, "token": new_token()}
            await self.send("42" + dumps(["message", ready]))
        elif text == "2":
            await self.send("3")

    def data(self, kind: str) -> list[Any]:
        """The data of the messages of this type, in order."""
        told = [loads(text[2:])[1] for text in self.texts if text.startswith("42[")]
        found = [each for each in told if isinstance(each, dict) and "data" in each]
        said = [each["data"] for each in found if isinstance(each["data"], dict)]
        if kind == "CLIENT_VARS":
            return [each["data"] for each in found if each["type"] == kind]
        return [data for data in said if data.get("type") == kind]


@asynccontextmanager
async def by_aiohttp(url: str, pad: str) -> AsyncIterator[Reader]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}{QUERY}", compress=15) as socket,
    ):
        reader = Reader("aiohttp", socket.send_str, socket.compress > 0)

        async def read() -> None:
            async for message in socket:
                await reader.take(message.data, pad)

        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read())
            yield reader
            await socket.close()
            await reading


@asynccontextmanager
async def by_websockets(url: str, pad: str) -> AsyncIterator[Reader]:
    address = url.replace("http", "ws", 1) + QUERY
    async with websockets.connect(address, max_size=None) as socket:
        reader = Reader("websockets", socket.send, bool(socket.protocol.extensions))

        async def read() -> None:
            async for message in socket:
                assert isinstance(message, str)
                await reader.take(message, pad)

        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read())
            yield reader
            await socket.close()
            await reading


MAKES = [by_aiohttp, by_websockets]


def follows(revisions: list[int], first: int, make: str) -> None:
    assert revisions == list(range(first, first + len(revisions))), f"{make} reads along"


@pytest.mark.parametrize("open_reader", MAKES, ids=lambda each: str(each.__name__))
async def test_I3_python_clients(
    fleet: Fleet,
    open_reader: Callable[[str, str], AbstractAsyncContextManager[Reader]],
) -> None:
    worker, pad = fleet.workers[0], new_pad()
    deflated = 'padfleet_fanout_deflate_bytes_total{side="%s"}'
    before = {side: worker.metric(deflated % side) for side in ("before", "after")}
    async with open_reader(worker.url, pad) as reader:
        assert reader.deflates
        await eventually(lambda: reader.data("CLIENT_VARS"), "it is on the pad")
        await asyncio.to_thread(crowd, worker.url, pad)
        last = max(data["newRev"] for data in reader.data("NEW_CHANGES"))
        assert last > 3 * AUTHORS
        first = reader.data("CLIENT_VARS")[0]["collab_client_vars"]["rev"] + 1
        follows([data["newRev"] for data in reader.data("NEW_CHANGES")], first, reader.make)
    spent = {side: worker.metric(deflated % side) - before[side] for side in before}
    assert spent["before"] > 3 * spent["after"] > 0


@pytest.mark.parametrize("transports", [["websocket"], ["polling", "websocket"]], ids="-".join)
async def test_I3_clients_from_npm(npm: Npm, fleet: Fleet, transports: list[str]) -> None:
    """socket.io-client with `ws`, which offers compression by itself; one of them comes over from
    polling, and has no window until then."""
    worker, pad = fleet.workers[0], new_pad()
    client = await asyncio.to_thread(lambda: npm.open(worker.url, transports=transports).join(pad))
    await asyncio.to_thread(crowd, worker.url, pad)
    revisions = [data["newRev"] for data in client.heard("NEW_CHANGES")]
    assert len(revisions) > 3 * AUTHORS
    follows(revisions, client.rev + 1, "socket.io-client")
    assert client.all("disconnect") == []
    assert client.all("extensions")[-1] == "permessage-deflate"
