"""Tests whether everybody can use the page: by eye, by ear, by keyboard, on a phone.

axe-core looks for faults; pictures go to build/browser/, for people to look at.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.client import connect
from padfleet.shared.easysync import to_units
from tests.acceptance.npm import new_pad
from tests.browser.browser import DESK, FOLDER, PHONE, Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet

AXE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"

USUAL = ("desk-light", "phone-dark")
"""Each device and each scheme once; `make thorough` tries the other two pairs."""

VARIANTS = [
    pytest.param(
        {**device, "colorScheme": scheme},
        name,
        id=name,
        marks=() if name in USUAL else pytest.mark.thorough,
    )
    for kind, device in (("desk", DESK), ("phone", PHONE))
    for scheme in ("light", "dark")
    for name in (f"{kind}-{scheme}",)
]

variants = pytest.mark.parametrize(("options", "name"), VARIANTS)


def check(page: Page) -> None:
    """Raises AssertionError if axe finds something serious."""
    # Colours are not its own until it has faded in.
    page.still()
    if not page.look("'axe' in window"):
        # Put in by the debugger, not by the page: its policy lets nothing in.
        page.look(Path(AXE).read_text("utf-8") + "; undefined")
    found: list[dict[str, Any]] = page.look(
        "axe.run().then(r => r.violations.map(({id, impact, nodes}) =>"
        " ({id, impact, nodes: nodes.map(n => n.html + ' ' + n.failureSummary)})))"
    )
    serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    assert not serious, "\n".join(map(str, serious))


async def meeting(url: str) -> None:
    """Writes something to look at: several people, formats, a list."""
    async with asyncio.timeout(30), connect(url, name="Mona", color="#c7d5ff") as pad:
        text = "Trip to the coast\n\nTrains leave at 8:10 and 9:40. The early one is half empty.\n"
        await pad.edit(0, len(pad.text) - 1, to_units(text))
        await pad.flush()
    async with asyncio.timeout(30), connect(url, name="Tariq", color="#e3ffc7") as pad:
        await pad.append("I can bring the tent, and a stove if nobody else has one.\n")


@variants
async def test_the_page_of_a_pad_looks_as_it_should_on_each_screen(
    browser: Browser, fleet: Fleet, options: dict[str, Any], name: str
) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await meeting(url)
    page = browser.open(url, **options).joined()
    page.call_me("Ada Lovelace")
    page.to_end()
    page.click("[data-do=list]")
    for item in ("water", "sun cream"):
        page.type(item)
        page.press("Enter")
    page.click("[data-do=bold]")
    page.type("the map!")
    page.saved()
    check(page)
    page.picture(f"pad-{name}")
    async with connect(url, name="Mona") as pad:
        eventually_sync(
            lambda: page.look("document.querySelectorAll('#faces .face').length") == 2,
            "there are two faces",
        )
        page.click("#people-button")
        await asyncio.to_thread(
            eventually_sync, lambda: page.do("isVisible", "#others li"), "Mona is here"
        )
        check(page)
        page.picture(f"people-{name}")
        assert pad.text
    page.click("#panel-close")
    page.click("#chat-button")
    check(page)
    page.click("#panel-close")
    page.click("#settings-button")
    check(page)
    page.picture(f"settings-{name}")
    page.press("Escape")
    page.click("#history-button")
    check(page)
    page.picture(f"history-{name}")
    page.click("#time-close")
    page.offline(True)
    eventually_sync(lambda: page.status == "Offline")
    check(page)
    page.picture(f"offline-{name}")
    page.offline(False)
    page.saved()


@variants
def test_the_start_page_fits_every_screen(
    browser: Browser, fleet: Fleet, options: dict[str, Any], name: str
) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}", **options).joined()
    page.do("goto", fleet.urls[0])
    page.await_shown("#recent a")
    check(page)
    page.picture(f"start-{name}")


def test_a_pad_is_opened_by_its_name_and_found_again(browser: Browser, fleet: Fleet) -> None:
    page = browser.open(fleet.urls[0])
    page.click("#name")
    page.type("a$b")
    page.press("Enter")
    page.says("#name-error", "$ sign")
    page.do("fill", "#name", "minutes of today")
    page.press("Enter")
    page.joined()
    assert page.look("location.pathname") == "/p/minutes_of_today"
    page.click(".brand")
    page.await_shown("#recent a")
    assert page.words("#recent-list") == "minutes_of_today"


def test_a_new_pad_has_a_name_that_nobody_guesses(browser: Browser, fleet: Fleet) -> None:
    names = set()
    for _ in range(2):
        page = browser.open(fleet.urls[0])
        page.click("#fresh")
        page.joined()
        names.add(page.words("#title"))
    assert len(names) == 2
    assert {len(name) for name in names} == {16}


def test_everything_is_reached_by_keyboard(browser: Browser, fleet: Fleet) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    page.press("Escape", "Tab")  # on from the text, which is the last stop, and around
    names: list[str] = []
    focused = (
        "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
    )
    for _ in range(10):
        page.press("Tab")
        names.append(" ".join(page.look(focused).split()))
    assert names == [
        "Skip to the text",
        "padfleet, start page",
        "1 person here",
        "Chat",
        "History",
        "This pad",
        "Keyboard shortcuts",
        "Share and settings",
        "Bold",  # the toolbar is one stop
        "Text of the pad",
    ]
    page.do("focus", "[data-do=bold]")
    page.press("ArrowRight", "ArrowRight")
    page.gives(focused, "Underline")
    page.press("Enter")
    page.gives("document.querySelector('[data-do=underline]').ariaPressed", "true")
    page.do("focus", "#chat-button")
    page.press("Enter")
    page.gives("document.activeElement.id", "say-text")
    page.press("Escape")
    page.gives("document.activeElement.id", "chat-button")


def test_what_matters_about_the_connection_is_said_aloud(browser: Browser, fleet: Fleet) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    page.says("#said", "Connected")
    page.to_end()
    page.type("typed")
    page.saved()
    assert page.words("#said") == "Connected"  # not each "Saved"
    page.offline(True)
    eventually_sync(lambda: page.words("#said").startswith("You’re offline."))
    page.offline(False)
    eventually_sync(lambda: page.words("#said") == "Connected")


def test_a_theme_is_chosen_and_kept(browser: Browser, fleet: Fleet) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}", colorScheme="light").joined()
    back = "getComputedStyle(document.body).backgroundColor"
    light = page.look(back)
    page.click("#settings-button")
    page.click("text=Dark")
    eventually_sync(lambda: page.look(back) != light)
    page.still()
    dark = page.look(back)
    page.do("reload")
    page.joined()
    assert page.look(back) == dark
