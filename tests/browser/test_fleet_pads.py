"""Tests the page `/fleet/pads` as its operators use it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from padfleet.shared.client import connect
from tests.browser.browser import Browser, Page
from tests.browser.test_fleet_page import EVIL, LOGIN, TOKEN, picture_of
from tests.browser.test_looks import check, variants
from tests.eventually import eventually_sync
from tests.fleet import Fleet, fleet_of_its_own


@pytest.fixture(scope="module")
def seen_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("pads")
    settings = {"PADFLEET_FLEET_TOKEN": TOKEN, "PADFLEET_PARTITIONS": "16"}
    with fleet_of_its_own(folder, settings, writers=1, workers=2) as running:
        asyncio.run(written(running, "minutes", "team-a", "team-b", EVIL.replace("/", "")))
        yield running


async def written(fleet: Fleet, *names: str) -> None:
    for name in names:
        async with connect(f"{fleet.urls[0]}/p/{name}", name="Mona") as pad:
            await pad.append(f"this is {name}\n")


def names(page: Page) -> list[str]:
    return list(
        page.look("[...document.querySelectorAll('#pads tbody th')].map(c => c.textContent)")
    )


def opened(browser: Browser, url: str, **options: Any) -> Page:
    page = browser.open(f"{url}/fleet/pads", **LOGIN, **options)
    page.await_shown("#pads tbody tr")
    return page


def done(page: Page) -> list[str]:
    return list(page.look("[...document.querySelectorAll('#done li')].map(c => c.innerText)"))


@variants
async def test_pads_are_looked_at(
    browser: Browser, seen_fleet: Fleet, options: dict[str, Any], name: str
) -> None:
    async with connect(f"{seen_fleet.urls[1]}/p/minutes", name="Ada") as pad:
        await pad.append("here\n")
        page = opened(browser, seen_fleet.ops_urls[0], **options)
        eventually_sync(lambda: len(names(page)) >= 4, "they are listed")
        assert page.look("document.querySelectorAll('main img').length") == 0, "names are text"
        assert page.look("document.documentElement.scrollWidth <= innerWidth")
        page.click("[data-sort=pad]")
        assert names(page) == sorted(names(page), key=str.casefold)
        check(page)
        page.do("screenshot", {"path": str(picture_of(f"fleet-pads-{name}")), "fullPage": True})
        page.click("#pads tbody th button >> text=minutes")
        eventually_sync(lambda: "Ada" in page.words("#people"), "who is on it is shown")
        assert page.look("document.querySelector('#pad').scrollWidth <= innerWidth")
        check(page)
        page.picture(f"fleet-pad-{name}")
        page.click("#delete")
        check(page)
        page.picture(f"fleet-sure-{name}")
        page.click("#sure-no")
        page.click("#close")


def test_the_password_may_stand_in_the_address(browser: Browser, seen_fleet: Fleet) -> None:
    """As in a bookmark. Browsers ask for nothing else by such an address."""
    named = seen_fleet.ops_urls[0].replace("http://", f"http://me:{TOKEN}@")
    page = browser.open(f"{named}/fleet/pads")
    page.await_shown("#pads tbody tr")
    page.click("#pads tbody th button >> text=minutes")
    eventually_sync(lambda: "/p/r." in page.words("#link") or page.words("#pad-state"), "its facts")
    page = browser.open(f"{named}/fleet")
    eventually_sync(lambda: "as of" in page.words("#age"), "the fleet is shown")


async def test_all_of_it_is_done_by_keyboard(browser: Browser, seen_fleet: Fleet) -> None:
    """Somebody finds a pad, sends people away, renames the pad, and deletes it."""
    await written(seen_fleet, "by-hand")
    async with connect(f"{seen_fleet.urls[1]}/p/by-hand", name="Ada"):
        page = opened(browser, seen_fleet.ops_urls[0])
        page.do("focus", "#words")
        page.type("BY-h")
        page.press("Enter")
        eventually_sync(lambda: names(page) == ["by-hand"], "it is found")
        page.do("focus", "#pads tbody th button")
        page.press("Enter")
        eventually_sync(lambda: "Ada" in page.words("#people"), "she is there")
        assert page.look("document.activeElement.closest('dialog').id") == "pad"
        assert "/p/r." in page.words("#link"), "who has opened it has made one"
        page.do("focus", "#people button")
        assert page.look("document.activeElement.getAttribute('aria-label')") == "Send away: Ada"
        page.press("Space")
        eventually_sync(lambda: "Nobody" in page.words("#people"), "she has been sent away")
        assert "1 session" in page.words("#pad-state")
    page.do("focus", "#to")
    page.type("by-mail")
    page.press("Enter")
    eventually_sync(lambda: "renamed to by-mail" in page.words("#count"), "it is renamed")
    page.do("fill", "#words", "by-")
    page.press("Enter")
    eventually_sync(lambda: names(page) == ["by-mail"], "it is found under its new name")
    page.do("focus", "#pads tbody th button")
    page.press("Enter")
    page.do("focus", "#delete")
    page.press("Enter")
    assert "by-mail" in page.words("#sure-words")
    page.press("Escape")
    assert not page.look("document.querySelector('#sure').open")
    page.press("Enter", "Tab", "Enter")
    eventually_sync(lambda: "by-mail was deleted" in page.words("#count"), "it is deleted")
    eventually_sync(lambda: "delete by-mail" in done(page)[0], "it is written down")
    assert [" ".join(line.split()[2:4]) for line in done(page)[:3]] == [
        "delete by-mail",
        "move by-hand",
        "kick by-hand",
    ]
    assert "by me (fleet token, 127.0.0.1)" in done(page)[0]


async def test_what_cannot_be_done_is_reported(browser: Browser, seen_fleet: Fleet) -> None:
    await written(seen_fleet, "first", "second")
    page = opened(browser, seen_fleet.ops_urls[1])
    page.click("#pads tbody th button >> text=first")
    page.do("fill", "#to", "second")
    page.click("#elsewhere [value=copy]")
    eventually_sync(lambda: page.look("document.querySelector('#pad-state').className") == "bad")
    assert page.words("#pad-state")
    page.click("#replace")
    page.click("#elsewhere [value=copy]")
    eventually_sync(lambda: "copied to second" in page.words("#pad-state"), "it is copied")
    page.faults()  # that it was refused, 409
