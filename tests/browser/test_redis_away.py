"""Tests a page that is opened while Redis does not answer."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from padfleet.services.tools.up.server import EmbeddedServer
from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser
from tests.browser.test_looks import check
from tests.eventually import eventually_sync
from tests.fleet import Fleet


def test_a_pad_that_does_not_come_is_said_not_to_and_comes_later(
    tmp_path: Path, running_browser: Browser
) -> None:
    settings = {"PADFLEET_DEFAULT_PAD_TEXT": "Hello"}
    with (
        EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as server,
        Fleet(server.url, tmp_path, settings) as fleet,
    ):
        fleet.start()
        os.kill(server.pid, signal.SIGSTOP)
        try:
            page = running_browser.open(f"{fleet.urls[0]}/p/{new_pad()}")
            eventually_sync(
                lambda: "can’t be opened right now" in page.words("#notice"),
                "the page says that the pad does not come",
                timeout=30,
            )
            page.await_shown("#notice-button")
            check(page)
            page.picture("away")
        finally:
            os.kill(server.pid, signal.SIGCONT)
        eventually_sync(
            lambda: page.look("document.body.classList.contains('ready')"),
            "the pad is there by itself",
            timeout=60,
        )
        page.shows("Hello")
        page.hides("#notice")
        # Who writes when it goes away learns that nothing is saved, and loses nothing.
        os.kill(server.pid, signal.SIGSTOP)
        try:
            page.to_end()
            page.type(" there")
            eventually_sync(
                lambda: "isn’t saving" in page.words("#notice"),
                "the page says that nothing is saved",
                timeout=60,
            )
            page.type("!")
        finally:
            os.kill(server.pid, signal.SIGCONT)
        page.saved()
        page.shows("Hello there!")
        page.hides("#notice")  # nothing is wrong any more
        page.do("close")
        running_browser.pages.remove(page)
