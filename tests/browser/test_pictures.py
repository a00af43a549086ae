"""Takes the pictures in docs/page.md: `make pictures` writes them anew, and each run into
build/browser."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.client import connect
from tests.acceptance.npm import new_pad
from tests.browser.browser import PICTURES, Browser, Page
from tests.browser.test_looks import meeting, variants
from tests.browser.test_past import slide
from tests.eventually import eventually_sync
from tests.fleet import Fleet

LARGEST = 80_000
"""How many bytes one picture may have: it comes with each clone."""

MINUTES = (
    "<h1>Trip to the coast</h1>"
    "<p>Trains leave at 8:10 and 9:40; <b>the early one is half empty</b>."
    " Tickets: https://trains.example.org</p>"
    "<h2>To bring</h2>"
    "<ul><li>water and sun cream</li>"
    "<li>the map<ul><li>and a <i>charged</i> phone</li></ul></li></ul>"
    "<ol><li>Meet at the station</li><li>Buy bread</li></ol>"
)


@pytest.fixture
def album() -> Path:
    folder = Path(os.environ.get("PICTURES") or PICTURES)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep(page: Page, album: Path, name: str) -> None:
    """Saves a picture as WebP, with one pixel per CSS pixel."""
    page.still()
    width, height = page.look("[innerWidth, innerHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    options = {"format": "webp", "quality": 85, "clip": clip}
    data = base64.b64decode(page.do("debug", "Page.captureScreenshot", options)["data"])
    assert len(data) <= LARGEST, f"{name}.webp takes {len(data)} bytes"
    (album / f"{name}.webp").write_bytes(data)


@pytest.mark.thorough  # tests/browser/test_looks.py looks at the same pages
@variants
async def test_pictures_for_the_docs(
    browser: Browser, fleet: Fleet, album: Path, options: dict[str, Any], name: str
) -> None:
    url = f"{fleet.urls[0]}/p/trip-{new_pad()[-6:]}"
    await meeting(url)
    page = browser.open(
        f"{url}?userColor=%23f5c6c0", **{**options, "deviceScaleFactor": 1}
    ).joined()
    page.call_me("Ada")
    page.do("focus", "#editor .cm-content")
    page.press("Control+a")
    page.paste(html=MINUTES)
    page.press("Control+Home")
    page.saved()
    tariq = browser.open(f"{url}?userColor=%23e3ffc7").joined()
    tariq.call_me("Tariq")
    tariq.to_end()
    tariq.press("Enter", "Enter")
    tariq.type("I can bring the tent, and a stove if nobody else has one.")
    tariq.click("#chat-button")
    tariq.type("Who has a lamp?")
    tariq.press("Enter")
    async with connect(url, name="Mona", color="#c7d5ff") as mona:
        await mona.edit(len(mona.text) - 1, 0, "\nTwo more will join us at the beach.")
        await asyncio.to_thread(_take, page, album, name)


def _take(page: Page, album: Path, name: str) -> None:
    eventually_sync(lambda: page.look("document.querySelectorAll('#faces .face').length") == 3)
    eventually_sync(lambda: "beach" in page.text())
    eventually_sync(lambda: page.words("#unread") == "1")
    if name.startswith("desk"):
        page.click("#chat-button")
        eventually_sync(lambda: page.look("document.querySelectorAll('#lines .said').length") == 1)
        keep(page, album, f"page-{name}")
        page.click("#panel-close")
        page.click("#history-button")
        slide(page, 1)
        eventually_sync(lambda: "stove" not in "".join(page.lines("#past")))
        keep(page, album, f"history-{name}")
        return
    keep(page, album, f"page-{name}")
    page.click("#pad-button")
    keep(page, album, f"this-pad-{name}")
