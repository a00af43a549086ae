"""Tests that what is typed arrives once, whatever is between a page and its server."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.acceptance.npm import new_pad
from tests.browser.browser import DESK, Browser, Page
from tests.chaos.proxy import TcpProxy
from tests.fleet import Fleet
from tests.nginx import no_websockets

COMPLAINTS: Final = ("WebSocket connection to", "ERR_", "403")
"""What a browser itself writes to its console when a connection fails."""

CLOCK: Final = """
window.slept = 0;
const now = Date.now;
Date.now = () => now() + window.slept;
"""
"""A clock that can be told that hours have passed."""


def test_where_a_proxy_lets_no_websocket_through_the_page_polls(
    browser: Browser, fleet: Fleet, tmp_path: Path
) -> None:
    """It stayed "Not connected"."""
    pad = new_pad()
    with no_websockets(fleet.urls[0], tmp_path) as url:
        ada = browser.open(f"{url}/p/{pad}").joined()
        bob = browser.open(f"{fleet.urls[1]}/p/{pad}").joined()
        ada.to_end()
        ada.type(" from behind a proxy")
        ada.saved()
        bob.to_start()
        bob.type("Bob: ")
        for page in (ada, bob):
            page.shows("Bob: Hello from behind a proxy")
            page.saved()
        ada.hides("#notice")
        browser.close_all(but=COMPLAINTS)


def asleep(page: Page, sleeps: bool) -> None:
    """Puts the page to sleep, or wakes it: in a sleeping page nothing runs, no timer and no
    socket."""
    state = "frozen" if sleeps else "active"
    page.do("debug", "Page.setWebLifecycleState", {"state": state})


def test_a_laptop_that_slept_goes_on_where_it_was(browser: Browser, fleet: Fleet) -> None:
    """Its connection is dead, and nobody has told it; what it writes must not go nowhere."""
    pad = new_pad()
    with TcpProxy(fleet.workers[0].port) as proxy:
        context = browser.order("browser", "newContext", DESK)
        browser.order(context, "addInitScript", {"content": CLOCK})
        ada = Page(browser, browser.order(context, "newPage"), context)
        browser.pages.append(ada)
        ada.do("goto", f"http://127.0.0.1:{proxy.port}/p/{pad}")
        ada.joined()
        bob = browser.open(f"{fleet.urls[1]}/p/{pad}").joined()
        ada.to_end()
        ada.type(" before")
        ada.saved()
        asleep(ada, True)
        proxy.blackhole()
        bob.to_start()
        bob.type("meanwhile ")
        bob.saved()
        asleep(ada, False)
        ada.look("window.slept = 2 * 60 * 60 * 1000")
        ada.type(" after")
        ada.gives("document.getElementById('status-words').textContent !== 'Saved'", True)
        proxy.heal()  # what was sent into the dead connection arrives, too
        for page in (ada, bob):
            page.shows("meanwhile Hello before after")
            page.saved()
        bob.type("And on. ")
        ada.shows("meanwhile And on. Hello before after")
        browser.close_all(but=COMPLAINTS)
