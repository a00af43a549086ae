"""Tests that a page shows who wrote a passage, even long after they left, and how a pad becomes
again what it was."""

from __future__ import annotations

import asyncio
from typing import Any

from padfleet.shared.client import connect
from padfleet.shared.easysync import to_units
from tests.acceptance.npm import new_pad
from tests.browser.browser import PHONE, Browser, Page
from tests.browser.test_looks import check
from tests.browser.test_past import slide
from tests.eventually import eventually_sync
from tests.fleet import Fleet


async def _written(url: str) -> None:
    """Writes two lines as Mona, who has left when the page opens; the first line becomes bold
    later."""
    async with asyncio.timeout(30), connect(url, name="Mona", color="#c7d5ff") as pad:
        await pad.edit(0, len(pad.text) - 1, to_units("Mona was here\nand here"))
        await pad.flush()


def hover(page: Page, index: int) -> None:
    passages = "document.querySelectorAll('#editor .by').length"
    eventually_sync(lambda: int(page.look(passages)) > index, "the passage is there")
    box = page.look(
        f"(r => [r.left + 8, r.top + r.height / 2])"
        f"(document.querySelectorAll('#editor .by')[{index}].getBoundingClientRect())"
    )
    page.do("mouse.move", box[0] - 3, box[1])
    page.do("mouse.move", box[0], box[1])


def tip(page: Page) -> str | None:
    shown = page.look("(t => t.hidden ? '' : t.textContent)(document.querySelector('.who-tip'))")
    return str(shown) or None


async def test_the_author_of_a_passage_is_shown_after_leaving(
    browser: Browser, fleet: Fleet
) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await _written(url)
    page = browser.open(url.replace(fleet.urls[0], fleet.urls[1])).joined()
    page.to_end()
    page.type(" and I")
    page.saved()
    hover(page, 0)
    eventually_sync(lambda: tip(page) == "Mona wrote this.")
    page.picture("who-hover")
    page.press("ArrowLeft")
    eventually_sync(lambda: tip(page) is None)
    hover(page, 2)
    eventually_sync(lambda: tip(page) == "You wrote this.")
    # For who cannot see it, the command says it; the same answer is said again.
    page.press("Control+Home")
    for _ in range(2):
        page.press("Control+Shift+2")
        eventually_sync(lambda: page.words("#said") == tip(page) == "Mona wrote this.")
    page.press("Control+End", "Control+Shift+2")
    eventually_sync(lambda: page.words("#said") == "You wrote this.")
    page.click("#people-button")
    page.click("#who-wrote")
    page.says("#who-words", "You wrote this.")
    check(page)


async def test_later_newcomers_are_known_by_name_too(browser: Browser, fleet: Fleet) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    page = browser.open(url).joined()
    await _written(url)  # in a name that CLIENT_VARS did not have
    eventually_sync(lambda: page.lines()[0] == "Mona was here")
    hover(page, 0)
    eventually_sync(lambda: tip(page) == "Mona wrote this.")


async def test_a_tap_tells_who_wrote_a_passage(browser: Browser, fleet: Fleet) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await _written(url)
    phone: dict[str, Any] = dict(PHONE)
    page = browser.open(url, **phone).joined()
    page.do("tap", "#editor .cm-line", {"position": {"x": 30, "y": 12}})
    eventually_sync(lambda: tip(page) == "Mona wrote this.")
    page.picture("who-tap")
    page.type("x")
    eventually_sync(lambda: tip(page) is None)


BOLD = "[...document.querySelectorAll('#editor .bold')].map(e => e.innerText)"


async def test_a_revision_is_restored_with_its_formats_and_undone(
    browser: Browser, fleet: Fleet
) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await _written(url)
    ada, bob = browser.two(fleet.urls, url.rpartition("/")[2])
    bob.press("Control+Home", "Shift+End", "Control+b")
    bob.to_end()
    bob.press("Enter")
    bob.type("Bob too")
    bob.saved()
    wanted = [*bob.lines()]
    ada.shows("\n".join(wanted))

    def saved_at(page: Page) -> int:
        page.click("#history-button")
        page.says("#time-words", "Revision ")
        words = page.words("#time-words")
        page.click("#time-close")
        return int(words.split()[1])

    rev = saved_at(bob)
    bob.press("Control+a", "Backspace")
    bob.type("vandals")
    bob.saved()
    ada.shows("vandals")
    ada.click("#history-button")
    slide(ada, rev)
    eventually_sync(lambda: ada.lines("#past") == wanted)
    authors = "[...document.querySelectorAll('#time-authors li')].map(l => l.innerText)"
    ada.gives(f"{authors}[0]", "Mona")
    ada.gives(f"{authors}.length", 2)
    check(ada)
    ada.picture("history-authors")
    ada.click("#time-restore")
    ada.await_shown("#ask[open]")
    ada.says("#ask-title", f"revision {rev}?")
    check(ada)
    ada.click("#ask-yes")
    for page in (ada, bob):
        page.shows("\n".join(wanted))
        page.gives(BOLD, ["Mona was here"])
    ada.says("#said", "has been restored")
    ada.saved()
    ada.press("Control+z")
    for page in (ada, bob):
        page.shows("vandals")
        page.gives(BOLD, [])
    ada.saved()
    # Nothing to be restored is said, and makes no revision.
    head = saved_at(ada)
    ada.click("#history-button")
    ada.click("#time-restore")
    ada.click("#ask-yes")
    eventually_sync(lambda: "already matches" in ada.words("#said"))
    assert saved_at(ada) == head


async def test_a_restored_word_that_others_still_have_keeps_its_author(
    browser: Browser, fleet: Fleet
) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await _written(url)
    ada = browser.open(url).joined()
    ada.to_end()
    ada.press("Enter")
    ada.type("Ada")
    ada.saved()
    ada.click("#pad-button")
    ada.click("#clear-colors")
    ada.click("#ask-yes")
    ada.saved()
    ada.click("#history-button")
    ada.click("#time-back")
    eventually_sync(lambda: len(ada.look("[...document.querySelectorAll('#past .by')]")) >= 2)
    ada.click("#time-restore")
    ada.click("#ask-yes")
    hover(ada, 0)
    eventually_sync(lambda: tip(ada) == "Mona wrote this.")
    ada.saved()


def test_a_reader_restores_nothing(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.click("#settings-button")
    reader = browser.open(ada.do("inputValue", "#read-link")).joined()
    reader.click("#history-button")
    reader.await_shown("#time-close")
    assert not reader.do("isVisible", "#time-restore")
