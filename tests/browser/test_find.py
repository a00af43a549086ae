"""Tests find and replace, in more text than is on the screen."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.shared.client import connect
from padfleet.shared.easysync import to_units
from tests.acceptance.npm import new_pad
from tests.browser.browser import PHONE, Browser, Page
from tests.browser.test_looks import check
from tests.eventually import eventually_sync
from tests.fleet import Fleet

LINES = 1100
EVERY = 60
"""How many lines lie between two matches: most matches are not on the page."""

FOUND = LINES // EVERY


def text() -> str:
    lines = [
        f"line {number} has a Needle" if number % EVERY == 0 else f"line {number}"
        for number in range(1, LINES + 1)
    ]
    return "\n".join(lines) + "\n"


async def long_pad(url: str) -> None:
    async with connect(url) as pad:
        await pad.edit(0, len(pad.text) - 1, to_units(text()[:-1]))
        await pad.flush()


def count(page: Page, wanted: str) -> None:
    eventually_sync(lambda: page.words(".find-count") == wanted, f"the count is {wanted!r}")


async def test_what_is_not_on_the_page_is_found_and_replaced(
    browser: Browser, fleet: Fleet
) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await long_pad(url)
    page = browser.open(url).joined()
    page.to_start()
    page.press("Control+f")
    page.type("needle")
    count(page, f"{FOUND} matches")
    page.press("Enter")
    count(page, f"1 of {FOUND}")
    page.press("Enter", "Enter")
    count(page, f"3 of {FOUND}")
    shown = f"line {3 * EVERY} has a Needle"
    eventually_sync(lambda: shown in page.lines(), "the match is scrolled to")
    page.press("Shift+Enter")
    count(page, f"2 of {FOUND}")
    check(page)
    page.picture("find")
    # Other words, by other rules.
    page.click("text=Match case")
    count(page, "No matches")
    page.do("fill", "[main-field]", "Needle$")
    count(page, "No matches")
    page.click("text=Regular expression")
    count(page, f"2 of {FOUND}")
    page.do("fill", "[main-field]", "(Needle")
    count(page, "Not a regular expression")
    page.do("fill", "[main-field]", "a (Needle)")
    count(page, f"{FOUND} matches")
    # All are replaced at once, and that is one step of undo.
    page.do("fill", ".find-row:nth-child(2) input", "the $1")
    page.click("text=Replace all")
    count(page, "No matches")
    page.saved()
    async with connect(url) as pad:
        assert pad.text == text().replace("a Needle", "the Needle")
    page.press("Escape")
    assert page.look("document.querySelector('.find') === null")
    page.press("Control+z")
    page.saved()
    async with connect(url) as pad:
        assert pad.text == text()


async def test_a_reader_can_find_but_not_replace(browser: Browser, fleet: Fleet) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await long_pad(url)
    writer = browser.open(url).joined()
    writer.click("#settings-button")
    reader = browser.open(writer.do("inputValue", "#read-link")).joined()
    reader.click("#editor .cm-content")
    reader.press("Control+f")
    reader.type("needle")
    count(reader, f"{FOUND} matches")
    link = reader.look("location.href")
    assert reader.do("isHidden", "text=Replace all")
    check(reader)
    # A phone has no Ctrl.
    reader = browser.open(link, **PHONE).joined()
    reader.do("tap", "[data-do=find]")
    reader.do("fill", "[main-field]", "needle")
    reader.do("press", "[main-field]", "Enter")
    count(reader, f"1 of {FOUND}")
    check(reader)
    reader.picture("find-reader-phone")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param(
            {**PHONE, "colorScheme": "dark"},
            "phone-dark",
            id="phone-dark",
            marks=pytest.mark.thorough,
        ),
        pytest.param({**PHONE, "viewport": {"width": 320, "height": 640}}, "narrow", id="narrow"),
        pytest.param({"forcedColors": "active"}, "forced", id="forced", marks=pytest.mark.thorough),
    ],
)
async def test_the_panel_has_room(
    browser: Browser, fleet: Fleet, options: dict[str, Any], name: str
) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await long_pad(url)
    page = browser.open(url, **options).joined()
    page.click("[data-do=find]")
    page.do("fill", "[main-field]", "needle")
    page.do("press", "[main-field]", "Enter")
    count(page, f"1 of {FOUND}")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.look(wide), "the page is not wider than the screen"
    check(page)
    page.picture(f"find-{name}")
