"""Clients of several makes read what a crowded pad is sent deflated, each with its own inflater."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import pytest
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory as Offer

from padfleet.shared.wire.jsontext import dumps, loads
from tests.acceptance.npm import Npm, borrow_npm, new_pad, new_token
from tests.crowd import AUTHORS, crowd
from tests.eventually import eventually
from tests.fleet import Fleet

npm = pytest.fixture(borrow_npm)

QUERY = "/socket.io/?EIO=4&transport=websocket"


@dataclass
class Reader:
    """A client that reads along, over a WebSocket of any library."""

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
        """Returns the data of the messages of this type, in order."""
        told = [loads(text[2:])[1] for text in self.texts if text.startswith("42[")]
        found = [each for each in told if isinstance(each, dict) and "data" in each]
        said = [each["data"] for each in found if isinstance(each["data"], dict)]
        if kind == "CLIENT_VARS":
            return [each["data"] for each in found if each["type"] == kind]
        return [data for data in said if data.get("type") == kind]


@asynccontextmanager
async def by_aiohttp(url: str, pad: str, bits: int = 15) -> AsyncIterator[Reader]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}{QUERY}", compress=bits) as socket,
    ):
        reader = Reader(f"aiohttp, {bits} bits", socket.send_str, socket.compress > 0)

        async def read() -> None:
            async for message in socket:
                await reader.take(message.data, pad)

        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read())
            yield reader
            await socket.close()
            await reading


@asynccontextmanager
async def by_websockets(url: str, pad: str, *offers: Offer) -> AsyncIterator[Reader]:
    """Reads along by the library websockets, with these offers in this order, or its own."""
    address = url.replace("http", "ws", 1) + QUERY
    offered = list(offers) or None
    async with websockets.connect(address, max_size=None, extensions=offered) as socket:
        told = [offer.get_request_params() for offer in offers]
        deflates = bool(socket.protocol.extensions)
        reader = Reader(f"websockets, {told}", socket.send, deflates)

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
async def test_I3_compressed_revisions_reach_python_clients_in_order(
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


def has(reader: Reader, rev: int) -> bool:
    return any(data["newRev"] == rev for data in reader.data("NEW_CHANGES"))


NARROWEST = 12
"""Bits of the window that a worker sends for: who has room for less is spoken to undeflated."""

BITS = range(8, 16)


async def test_I3_a_client_can_read_whatever_compression_it_offers(fleet: Fleet) -> None:
    """All of these clients are on one pad at once: each window that can be asked for, on either
    side, no takeover on either side, several offers. A client whose offer cannot be met is served
    all the same."""
    worker, pad = fleet.workers[0], new_pad()
    wide = dict[str, Any](server_max_window_bits=15)
    wanted: list[tuple[AbstractAsyncContextManager[Reader], bool]] = [
        (by_aiohttp(worker.url, pad, bits), bits >= NARROWEST) for bits in BITS[1:]
    ]
    for offers, deflates in [
        *(([Offer(server_max_window_bits=bits)], bits >= NARROWEST) for bits in BITS),
        *(([Offer(client_max_window_bits=bits)], True) for bits in BITS[1:]),
        ([Offer(client_max_window_bits=True)], True),
        ([Offer(client_no_context_takeover=True)], True),
        ([Offer(server_no_context_takeover=True)], False),
        ([Offer(server_max_window_bits=9), Offer(**wide)], True),
        ([Offer(server_no_context_takeover=True), Offer(client_max_window_bits=9)], True),
        ([Offer(**wide), Offer(server_max_window_bits=9)], True),
        ([Offer(server_max_window_bits=9), Offer(server_max_window_bits=10)], False),
    ]:
        wanted.append((by_websockets(worker.url, pad, *offers), deflates))
    async with AsyncExitStack() as stack:
        readers = [(await stack.enter_async_context(opened), d) for opened, d in wanted]
        for reader, deflates in readers:
            assert reader.deflates == deflates, reader.make
            await eventually(partial(reader.data, "CLIENT_VARS"), reader.make)
        await asyncio.to_thread(crowd, worker.url, pad)
        last = max(data["newRev"] for reader, _ in readers for data in reader.data("NEW_CHANGES"))
        assert last > 3 * AUTHORS
        for reader, _ in readers:
            await eventually(partial(has, reader, last), f"{reader.make} has the last one")
            first = reader.data("CLIENT_VARS")[0]["collab_client_vars"]["rev"] + 1
            follows([data["newRev"] for data in reader.data("NEW_CHANGES")], first, reader.make)


@pytest.mark.parametrize("bits", [9, NARROWEST, 15])
async def test_I3_a_client_of_ws_with_a_narrow_window(npm: Npm, fleet: Fleet, bits: int) -> None:
    worker, pad = fleet.workers[0], new_pad()
    deflate = {"serverMaxWindowBits": bits, "clientMaxWindowBits": bits, "threshold": 0}

    client = await asyncio.to_thread(lambda: npm.open(worker.url, deflate=deflate).join(pad))
    await asyncio.to_thread(crowd, worker.url, pad)
    revisions = [data["newRev"] for data in client.heard("NEW_CHANGES")]
    assert len(revisions) > 3 * AUTHORS
    follows(revisions, client.rev + 1, "socket.io-client")
    assert client.all("extensions")[-1] == ("permessage-deflate" if bits >= NARROWEST else "")


@pytest.mark.parametrize("transports", [["websocket"], ["polling", "websocket"]], ids="-".join)
async def test_I3_clients_from_npm(npm: Npm, fleet: Fleet, transports: list[str]) -> None:
    """socket.io-client with `ws` offers compression by itself; one of the clients comes over from
    polling, and has no window until then."""
    worker, pad = fleet.workers[0], new_pad()
    client = await asyncio.to_thread(lambda: npm.open(worker.url, transports=transports).join(pad))
    await asyncio.to_thread(crowd, worker.url, pad)
    revisions = [data["newRev"] for data in client.heard("NEW_CHANGES")]
    assert len(revisions) > 3 * AUTHORS
    follows(revisions, client.rev + 1, "socket.io-client")
    assert client.all("disconnect") == []
    assert client.all("extensions")[-1] == "permessage-deflate"
