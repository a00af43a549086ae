"""Tests the page in a frame of somebody else's page, and what an address may ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from padfleet.shared.client import connect
from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet, fleet_of_its_own


class Host:
    """A page of another origin, with a frame in it."""

    def __init__(self) -> None:
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(
                    b"<!doctype html><link rel=icon href=data:,><title>A page</title>"
                    + f'<iframe src="{page.frame}" width=900 height=600></iframe>'.encode()
                )

            def log_message(self, *_args: Any) -> None:
                pass

        self.frame = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.stop()


@pytest.fixture
def open_fleet(host: Host, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet that lets the host's page show its pads."""
    settings = {"PADFLEET_DEFAULT_PAD_TEXT": "Hello", "PADFLEET_EMBED": f"same,{host.url}"}
    with fleet_of_its_own(tmp_path, settings) as running:
        yield running


def in_frame(page: Page, expression: str) -> Any:
    return page.browser.order(page.id, "inFrame", expression)


def test_a_pad_is_written_in_within_a_page_that_may_show_it(
    open_fleet: Fleet, host: Host, browser: Browser
) -> None:
    pad = new_pad()
    host.frame = f"{open_fleet.urls[0]}/p/{pad}?userName=Visitor&showChat=false&lang=en"
    page = browser.open(host.url)
    eventually_sync(lambda: in_frame(page, "document.body.className.includes('furnished')"))
    in_frame(page, "document.querySelector('.cm-content').focus()")
    page.press("Control+End")
    page.type(" from a frame")
    reader = browser.open(f"{open_fleet.urls[1]}/p/{pad}").joined()
    reader.shows("Hello from a frame")
    reader.click("#people-button")
    names = "[...document.querySelectorAll('#others li')].map(l => l.innerText)"
    reader.gives(names, ["Visitor"])
    assert in_frame(page, "getComputedStyle(document.getElementById('chat-button')).display") == (
        "none"
    )


def test_a_page_that_may_not_show_it_does_not(browser: Browser, fleet: Fleet, host: Host) -> None:
    host.frame = f"{fleet.urls[0]}/p/{new_pad()}"
    page = browser.open(host.url)
    eventually_sync(
        lambda: any("frame-ancestors" in fault for fault in page.faults()),
        "the browser refuses to show it",
    )


async def test_an_address_says_how_a_pad_is_shown(browser: Browser, fleet: Fleet) -> None:
    pad = new_pad()
    async with connect(f"{fleet.urls[0]}/p/{pad}") as writer:
        await writer.edit(0, 5, "one\ntwo\nthree")
        await writer.flush()
    asked = (
        "userName=Ada%20L.&userColor=%2300aa55&noColors=true&useMonospaceFont=true"
        "&showControls=false&alwaysShowChat=true&rtl=true#L2"
    )
    page = browser.open(f"{fleet.urls[0]}/p/{pad}?{asked}").joined()
    page.hides("#tools")
    page.await_shown("#chat-panel")
    classes = page.look("document.body.className").split()
    assert {"plain", "mono"} <= set(classes)
    assert page.do("inputValue", "#my-name") == "Ada L."
    assert page.do("inputValue", "#my-color") == "#00aa55"
    direction = "getComputedStyle(document.querySelector('#editor .cm-line')).direction"
    assert page.look(direction) == "rtl"
    page.do("focus", "#editor .cm-content")
    page.type(">")
    page.shows("one\n>two\nthree")
    # It is so for this address alone.
    page.saved()
    page.do("goto", f"{fleet.urls[0]}/p/{pad}?")
    page.joined()
    page.await_shown("#tools")
    assert not {"plain", "mono"} & set(page.look("document.body.className").split())


async def test_etherpads_address_of_a_revision_leads_to_it(browser: Browser, fleet: Fleet) -> None:
    pad = new_pad()
    async with connect(f"{fleet.urls[0]}/p/{pad}") as writer:
        for word in ("one", "two", "three"):
            await writer.append(f" {word}")
            await writer.flush()
    page = browser.open(f"{fleet.urls[0]}/p/{pad}/timeslider#1").joined()
    assert page.look("location.pathname + location.search + location.hash") == (
        f"/p/{pad}?history#1"
    )
    eventually_sync(lambda: page.words("#time-words").startswith("Revision 1 of 3"))
    eventually_sync(lambda: page.lines("#past") == ["Hello one"])
    page.do("goto", f"{fleet.urls[0]}/p/{pad}/timeslider")
    page.joined()
    eventually_sync(lambda: page.words("#time-words").startswith("Revision 3 of 3"))
    page.click("#time-close")
    page.shows("Hello one two three")
