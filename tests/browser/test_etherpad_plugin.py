"""Tests Etherpad's own page with `clients/etherpad-plugin` installed, before two workers of a
fleet.

It needs an Etherpad (`tests.etherpad`), with Node.js 24; pnpm; and nginx.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.client import Pad, connect
from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.etherpad import CHECKOUT, NODE, copied, needs_checkout, running
from tests.eventually import eventually, eventually_sync
from tests.fleet import ROOT, Fleet
from tests.nginx import nginx, serving
from tests.processes import free_ports

pytestmark = [
    needs_checkout,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

INNER = (
    "document.querySelector('iframe[name=ace_outer]')?.contentDocument"
    ".querySelector('iframe[name=ace_inner]')?.contentDocument"
)
LINES = "[...(%s)?.querySelector('#innerdocbody')?.children ?? []].map(it => it.textContent)"

COUNT = """(() => {
  const counted = window.counted = {batches: 0, within: 0, all: 0, lists: 0};
  window.pad.socket.on('message', ({data}) => {
    if (data?.type === 'NEW_CHANGES') counted.all++;
    if (data?.type === 'USERS') counted.lists++;
    if (data?.type !== 'NEW_CHANGES_BATCH') return;
    counted.batches++;
    counted.within += data.changes.length;
  });
})()"""
"""Counts what comes over the socket of a page: batches, changes within them, all changes, and lists
of people."""


@pytest.fixture(scope="module")
def etherpad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("etherpad")
    plugins = [ROOT / "clients/etherpad-plugin", ROOT / "tests/data/ep_spy"]
    checkout = copied(Path(CHECKOUT), folder / "checkout", plugins, NODE)
    settings = {"ep_padfleet": {"figures": True}, "loglevel": "WARN"}
    with running(checkout, folder, settings, NODE) as port:
        yield port


@pytest.fixture(scope="module")
def place(etherpad: int, fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Runs Etherpad and the fleet behind one address, as nginx-etherpad.conf does."""
    (port,) = free_ports(1)
    workers = [worker.port for worker in fleet.workers]
    folder = tmp_path_factory.mktemp("nginx")
    with serving(nginx(folder, port, workers, f"127.0.0.1:{etherpad}"), port) as url:
        yield url


@pytest.fixture
def stock(running_browser: Browser) -> Iterator[Browser]:
    yield running_browser
    for page in running_browser.pages:
        page.faults()  # Etherpad's page asks for an icon that is not there
    running_browser.close_all()


class Crowd:
    """Authors on one pad, taking the workers in turn; in each round all of them write at once."""

    def __init__(self, pads: list[Pad]) -> None:
        self.pads = pads
        self.rounds = 0

    async def write(self) -> None:
        self.rounds += 1

        async def one(number: int, pad: Pad) -> None:
            await pad.append(f"{number}, {self.rounds}\n")
            await pad.flush()

        await asyncio.gather(*(one(*each) for each in enumerate(self.pads)))

    async def settled(self) -> list[str]:
        """Returns the lines of the text, once everybody has the same."""

        def same() -> bool:
            return len({(pad.rev, pad.text) for pad in self.pads}) == 1

        await eventually(same, "all authors have the same", timeout=30)
        return self.pads[0].text.split("\n")[:-1]

    @property
    def rev(self) -> int:
        return self.pads[0].rev


@asynccontextmanager
async def crowd(fleet: Fleet, pad: str, authors: int = 30) -> AsyncIterator[Crowd]:
    async with AsyncExitStack() as stack:
        urls = [f"{fleet.urls[number % 2]}/p/{pad}" for number in range(authors)]
        yield Crowd([await stack.enter_async_context(connect(url)) for url in urls])


def opened(browser: Browser, url: str) -> Page:
    page = browser.open(url)
    ready = f"!!document.querySelector('#online_count') && {LINES % INNER}.length > 0"
    eventually_sync(lambda: page.look(f"!!window.pad?.collabClient && {ready}"), url, timeout=60)
    page.look(COUNT)
    return page


async def until_batches(
    authors: Crowd, page: Page, least: int, counted: str = "window.batches"
) -> None:
    """Lets the crowd write until so many batches have come to a page."""

    async def enough() -> bool:
        await authors.write()
        return int(page.look(counted)) >= least

    await eventually(enough, f"{least} batches", timeout=60)


def has(page: Page, lines: list[str], document: str = INNER) -> None:
    def equal() -> bool:
        # An empty line has a no-break space in it in the past, and nothing in the editor.
        shown = [line.strip("\N{NO-BREAK SPACE}") for line in page.look(LINES % document)]
        assert shown[-len(lines) - 1 :] in (lines, [*lines, ""]), (shown[-3:], lines[-3:])
        return True

    eventually_sync(equal, "the page has the text", timeout=60)


def spied_all(page: Page, since: int, rev: int, window: str = "window") -> None:
    """Hooks of another plugin were given each revision that came, in order and with its payload."""
    spied = page.look(f"{window}.spied")
    missed = set(range(since + 1, rev + 1)) - {seen[0] for seen in spied}
    assert not missed, f"hooks were not told of {sorted(missed)[:9]}"
    assert [seen[0] for seen in spied] == sorted({seen[0] for seen in spied})
    assert {tuple(seen[1:]) for seen in spied} == {("string", "object")}


async def test_batches_come_to_the_stock_page(stock: Browser, place: str, fleet: Fleet) -> None:
    pad = new_pad()
    page, other = opened(stock, f"{place}/p/{pad}"), opened(stock, f"{place}/p/{pad}")
    async with crowd(fleet, pad) as authors:
        since = int(page.look("pad.collabClient.getCurrentRevisionNumber()"))
        await until_batches(authors, page, 10)
        await until_batches(authors, other, 10)
        lines = await authors.settled()
        for each in (page, other):
            has(each, lines)
            spied_all(each, since, authors.rev)
        counted: dict[str, int] = page.look("window.counted")
        print(f"{counted=}, {authors.rounds} rounds")
        assert counted["all"] == authors.rounds * 30
        assert counted["within"] > counted["all"] // 2, counted
        messages = counted["batches"] + counted["all"] - counted["within"]
        line = f"padfleet: {counted['all']} changes by others arrived in {messages} messages."
        figures = "document.querySelector('#ep_padfleet_figures').textContent"
        eventually_sync(lambda: page.look(figures) == line, line)


async def test_what_is_typed_meanwhile_stays(stock: Browser, place: str, fleet: Fleet) -> None:
    pad = new_pad()
    page, other = opened(stock, f"{place}/p/{pad}"), opened(stock, f"{place}/p/{pad}")
    async with crowd(fleet, pad) as authors:
        page.do("mouse.click", 300, 300)
        page.press("Control+Home")
        for word in ("typed-", "while-", "batches-", "came-"):
            page.type(word)
            await until_batches(authors, page, 1)
            page.look("window.batches = 0")

        def typed() -> bool:
            shown = authors.pads[0].text
            assert shown.startswith("typed-while-batches-came-"), shown[:80]
            return True

        await eventually(typed, "what was typed", timeout=30)
        lines = await authors.settled()
        for each in (page, other):
            has(each, lines)
    assert not [fault for fault in page.faults() if "bad message revision" in fault]


async def test_a_hook_that_throws_costs_no_change(stock: Browser, place: str, fleet: Fleet) -> None:
    pad = new_pad()
    page = opened(stock, f"{place}/p/{pad}")
    async with crowd(fleet, pad) as authors:
        since = authors.rev
        trips = since + 20
        page.look(f"window.spyTrips = {trips}")
        await until_batches(authors, page, 5)
        has(page, await authors.settled())
        spied_all(page, since, authors.rev)
    assert any("the spy trips" in fault for fault in page.faults())


async def test_batches_come_again_after_a_break(stock: Browser, place: str, fleet: Fleet) -> None:
    pad = new_pad()
    page = opened(stock, f"{place}/p/{pad}")
    async with crowd(fleet, pad) as authors:
        await until_batches(authors, page, 1)
        page.offline(True)
        page.look("void window.pad.socket.io.engine.close()")
        await authors.write()
        page.offline(False)
        head = "window.pad.collabClient.getCurrentRevisionNumber()"
        await eventually(lambda: page.look(head) == authors.rev, "it is back", timeout=60)
        before = int(page.look("window.batches"))
        await until_batches(authors, page, before + 3)
        has(page, await authors.settled())


async def test_people_come_in_lists_and_go(stock: Browser, place: str, fleet: Fleet) -> None:
    """The page knows who is there, and those who left while it was away are gone."""
    pad = new_pad()
    shown = "pad.collabClient.getConnectedUsers().map(it => it.userId).sort()"
    async with crowd(fleet, pad, 20) as staying:
        page = opened(stock, f"{place}/p/{pad}")
        stay = sorted([*(each.author_id for each in staying.pads), page.look("clientVars.userId")])
        async with crowd(fleet, pad, 10) as leaving:
            everybody = sorted([*stay, *(each.author_id for each in leaving.pads)])
            await eventually(lambda: page.look(shown) == everybody, "it knows all", timeout=60)
            page.offline(True)
            page.look("void window.pad.socket.io.engine.close()")
        lists = page.look("window.counted.lists")
        page.offline(False)
        await eventually(lambda: page.look(shown) == stay, "ten have gone", timeout=60)
        assert page.look("window.counted.lists") > lists


async def test_readers_get_batches_too(stock: Browser, place: str, fleet: Fleet) -> None:
    pad = new_pad()
    page = opened(stock, f"{place}/p/{pad}")
    reader = opened(stock, f"{place}/p/{page.look('clientVars.readOnlyId')}")
    async with crowd(fleet, pad) as authors:
        since = authors.rev
        await until_batches(authors, reader, 5)
        has(reader, await authors.settled())
        spied_all(reader, since, authors.rev)


async def test_an_embedded_page_gets_batches(stock: Browser, place: str, fleet: Fleet) -> None:
    pad = new_pad()
    portal = stock.open(f"{place}/favicon.ico")
    portal.look(
        "(() => { document.body.innerHTML = '<iframe id=it width=900 height=600></iframe>';"
        f" it.src = '{place}/p/{pad}'; }})()"
    )
    inside = "it.contentWindow"
    ready = f"!!{inside}.pad?.collabClient && {inside}.spied !== undefined"
    eventually_sync(lambda: portal.look(ready), "the pad in the frame", timeout=60)
    async with crowd(fleet, pad) as authors:
        since = authors.rev
        await until_batches(authors, portal, 5, f"{inside}.batches")
        has(portal, await authors.settled(), INNER.replace("document", f"{inside}.document", 1))
        spied_all(portal, since, authors.rev, inside)


async def test_the_past_that_a_pad_shows_gets_batches(
    stock: Browser, place: str, fleet: Fleet
) -> None:
    pad = new_pad()
    page = opened(stock, f"{place}/p/{pad}")
    async with crowd(fleet, pad) as authors:
        await authors.write()
        await authors.settled()
        page.click(".buttonicon-history")
        past = "[...document.querySelectorAll('iframe')].find(it => it.src.includes('timeslider'))"
        window = f"{past}.contentWindow"
        there = f"{past}?.contentDocument?.querySelectorAll('#innerdocbody > div').length > 9"
        eventually_sync(lambda: page.look(there), "the past", timeout=60)
        since = authors.rev
        await until_batches(authors, page, 5, f"{window}.batches")
        lines = await authors.settled()
        told = f"{window}.spied.length"
        eventually_sync(lambda: page.look(told) >= authors.rev - since, "its hooks", timeout=60)
        spied_all(page, since, authors.rev, window)
        has(page, lines, f"{past}.contentDocument")


def test_settings_reach_the_page(stock: Browser, place: str) -> None:
    page: Any = opened(stock, f"{place}/p/{new_pad()}?lang=de")
    meta = "document.querySelector('meta[name=ep_padfleet]').content"
    assert page.look(meta) == "batches figures"
    past = stock.open(f"{place}/p/{new_pad()}/timeslider?embed=1")
    assert past.look(meta) == "batches figures"
    said = page.look("html10n.get('ep_padfleet.figures', {changes: 3, messages: 2})")
    assert said == "padfleet: 3 Änderungen anderer sind in 2 Nachrichten gekommen."
