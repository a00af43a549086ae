"""Tests that each limit on what comes from one address counts a network of IPv6 as one."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import pytest

from padfleet.shared.client import new_token
from tests.acceptance.npm import new_pad
from tests.fleet import Fleet, Member, fleet_of_its_own

KEY = "the key of callers"
REQUESTS = 30
"""How many requests without a socket an address may make at once: 30 seconds' worth of one."""

SETTINGS = {
    "PADFLEET_API_KEY": KEY,
    "PADFLEET_TRUSTED_PROXIES": "127.0.0.1",
    "PADFLEET_MAX_SOCKETS_PER_ADDRESS": "2",
    "PADFLEET_REQUESTS_PER_SECOND_PER_ADDRESS": "1",
    "PADFLEET_IMPORTS_PER_MINUTE_PER_ADDRESS": "2",
    "PADFLEET_NEW_PADS_PER_MINUTE_PER_ADDRESS": "2",
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("by-address")
    with fleet_of_its_own(folder, SETTINGS, workers=1) as running:
        yield running


@pytest.fixture
def worker(fleet: Fleet) -> Member:
    return fleet.workers[0]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Visitors:
    """Visitors who come from any address, by a proxy that the worker believes."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url
        self._open = contextlib.AsyncExitStack()

    async def close(self) -> None:
        await self._open.aclose()

    async def socket(self, address: str) -> bool:
        """Opens a socket, and returns whether it was let in. It stays open."""
        with contextlib.suppress(aiohttp.WSServerHandshakeError):
            await self._websocket(address, self._open)
            return True
        return False

    async def page(self, address: str) -> bool:
        """Asks for as many pages as one address may have, but for one."""
        for _ in range(REQUESTS - 1):
            async with self._http.get(f"{self._url}/", headers=self._from(address)) as answer:
                if answer.status == 429:
                    return False
        return True

    async def file(self, address: str) -> bool:
        """Imports a file, each time as somebody else."""
        data = aiohttp.FormData()
        data.add_field("file", b"imported\n", filename="a.txt")
        headers = {**self._from(address), "Cookie": f"padfleet_token={new_token()}"}
        url = f"{self._url}/p/{new_pad()}/import"
        async with self._http.post(url, data=data, headers=headers) as answer:
            assert answer.status in (200, 429), await answer.text()
            return answer.status == 200

    async def pad(self, address: str) -> bool:
        """Makes a pad, each time as somebody else."""
        ready = {"component": "pad", "type": "CLIENT_READY", "padId": new_pad()}
        async with contextlib.AsyncExitStack() as stack:
            socket = await self._websocket(address, stack)
            await socket.send_str("40")
            event = ["message", {**ready, "token": new_token()}]
            await socket.send_str(f"42{json.dumps(event)}")
            async with asyncio.timeout(20):
                while (said := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                    if "CLIENT_VARS" in said.data:
                        return True
        return False

    async def _websocket(
        self, address: str, stack: contextlib.AsyncExitStack
    ) -> aiohttp.ClientWebSocketResponse:
        url = f"{self._url}/socket.io/?EIO=4&transport=websocket"
        coming = self._http.ws_connect(url, headers=self._from(address))
        socket = await stack.enter_async_context(coming)
        await socket.receive_str()
        return socket

    def _from(self, address: str) -> dict[str, str]:
        return {"X-Forwarded-For": address}


NETWORKS = {
    "IPv6": ("2001:db8:0:1::{:x}", "2001:db8:0:2::1"),
    "IPv6, far apart": ("2001:db8:0:3:{:x}000::1", "2001:db8:0:4::1"),
    "IPv4 as IPv6": ("::ffff:198.51.100.7", "::ffff:198.51.100.8"),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("what", ["socket", "page", "file", "pad"])
async def test_a_network_of_ipv6_has_the_share_of_one_address(
    worker: Member, http: aiohttp.ClientSession, what: str, network: tuple[str, str]
) -> None:
    """Two each are let in, and a third one is not, from wherever in the network it comes; another
    network has its own share."""
    inside, outside = network
    # Each kind has addresses of its own, as an import and a new pad count as requests, too.
    number = 16 * ["socket", "page", "file", "pad"].index(what)
    inside = inside.replace("db8", f"db{number:x}").replace("198.51.100", f"198.51.{number}")
    outside = outside.replace("db8", f"db{number:x}").replace("198.51.100", f"198.51.{number}")
    visitors = Visitors(http, worker.url)
    try:
        act: Callable[[str], Awaitable[bool]] = getattr(visitors, what)
        share = 1 if what == "page" else 2
        let_in = [await act(inside.format(host)) for host in range(1, share + 2)]
        assert let_in == [True] * share + [False]
        if ":ffff:" in inside:
            assert not await act(inside.removeprefix("::ffff:")), "the same machine"
        assert await act(outside)
    finally:
        await visitors.close()
