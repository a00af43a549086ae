"""Tests Etherpad's own page on cold pads: only `/socket.io/` goes to the fleet.

It needs an Etherpad 3.3 with its default settings (ETHERPAD_URL, or ETHERPAD_CHECKOUT), and nginx.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import redis

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser
from tests.browser.test_stock_page import BODY, at_start, eventually, opened, text
from tests.etherpad import any_etherpad, needs_any
from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, Caller
from tests.nginx import nginx, serving
from tests.processes import free_ports

pytestmark = needs_any


@pytest.fixture(scope="module")
def cold_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("cold-fleet")
    settings = {
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_COLD_URL": f"file://{folder / 'cold'}",
        "PADFLEET_COLD_AFTER": "2",
        "PADFLEET_COLD_EVERY": "0.5",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def server(cold_fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Runs Etherpad and the fleet behind one address, as deploy/balancer/nginx.conf does."""
    (port,) = free_ports(1)
    workers = [worker.port for worker in cold_fleet.workers]
    there, proxy = tmp_path_factory.mktemp("etherpad"), tmp_path_factory.mktemp("nginx")
    with (
        any_etherpad(there) as etherpad,
        serving(nginx(proxy, port, workers, urlsplit(etherpad).netloc), port) as url,
    ):
        yield url


@pytest.fixture
def stock(running_browser: Browser) -> Iterator[Browser]:
    yield running_browser
    for page in running_browser.pages:
        page.faults()  # Etherpad's page asks for an icon that is not there
    running_browser.close_all()


async def cold_pad(fleet: Fleet, words: str) -> tuple[str, str]:
    """Makes a pad, and returns its name and its read-only id once it has left Redis."""
    pad = new_pad()
    async with Caller(fleet.urls[0]) as api:
        await api.createPad(padID=pad, text=f"{words}\n")
        read_only = (await api.getReadOnlyID(padID=pad))["readOnlyID"]
        await api.appendText(padID=pad, text="and a second revision\n")
    eventually("it is cold", lambda: not in_redis(fleet, pad))
    return pad, read_only


def in_redis(fleet: Fleet, pad: str) -> bool:
    with redis.Redis.from_url(fleet.redis_url) as client:
        return bool(cast("Any", client.keys(f"*{pad}*")))


async def test_a_reader_sees_a_cold_pad_and_then_what_is_typed(
    stock: Browser, server: str, cold_fleet: Fleet
) -> None:
    pad, read_only = await cold_pad(cold_fleet, "Long ago.")
    reader = stock.open(f"{server}/p/{read_only}")
    eventually("the pad", lambda: "Long ago.\nand a second" in text(reader))
    assert reader.look(f"{BODY}.contentEditable") != "true"
    assert not in_redis(cold_fleet, pad), "a reader does not bring it back"
    ada = opened(stock, f"{server}/p/{pad}")
    at_start(ada)
    ada.type("Now. ")
    eventually("what is typed now", lambda: "Now. Long ago." in text(reader))
    assert text(reader) == text(ada)


async def test_a_reader_looks_at_the_history_of_a_cold_pad(
    stock: Browser, server: str, cold_fleet: Fleet
) -> None:
    pad, read_only = await cold_pad(cold_fleet, "Long ago.")
    past = stock.open(f"{server}/p/{read_only}/timeslider?embed=1#0")
    shown = "document.querySelector('#innerdocbody')?.innerText ?? ''"
    # The page shows the newest revision before it goes back to the one that is asked for.
    eventually("how it began", lambda: past.look(shown).strip() == "Long ago.")
    assert not in_redis(cold_fleet, pad), "nor does somebody who looks at its past"


async def test_many_readers_of_a_cold_pad_have_the_same(
    stock: Browser, server: str, cold_fleet: Fleet
) -> None:
    """The second one brings it back, and none of them needs a new connection."""
    pad, read_only = await cold_pad(cold_fleet, "Long ago.")
    readers = [stock.open(f"{server}/p/{read_only}") for _ in range(3)]
    for reader in readers:
        eventually("the pad", lambda reader=reader: "Long ago." in text(reader))
    async with Caller(cold_fleet.urls[0]) as api:
        await api.appendText(padID=pad, text="and a third\n")
    for reader in readers:
        eventually("what is new", lambda reader=reader: "and a third" in text(reader))
    assert len({text(reader) for reader in readers}) == 1
