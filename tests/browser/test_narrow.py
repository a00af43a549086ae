"""Tests the page where there is little room, or with colours that are not its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser
from tests.browser.test_looks import check, meeting
from tests.fleet import Fleet

NARROW: dict[str, Any] = {"viewport": {"width": 320, "height": 640}}


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param({"forcedColors": "active", **NARROW}, "forced", id="320 px, forced colours"),
        pytest.param(NARROW, "narrow", id="320 px", marks=pytest.mark.thorough),
        # As at 200 % on a small screen.
        pytest.param(
            {"viewport": {"width": 640, "height": 400}},
            "double",
            id="200 %",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            {"reducedMotion": "reduce", **NARROW},
            "still",
            id="reduced motion",
            marks=pytest.mark.thorough,
        ),
    ],
)
async def test_everything_is_there_with_little_room_and_without_colours(
    browser: Browser, fleet: Fleet, options: dict[str, Any], name: str
) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await meeting(url)
    page = browser.open(url, like=None, **options).joined()
    fits = "document.documentElement.scrollWidth <= innerWidth"
    check(page)
    page.picture(f"pad-{name}")
    assert page.look(fits)
    page.click("#settings-button")
    check(page)
    assert page.look(fits)
    page.press("Escape")
    page.press("Control+/")
    page.await_shown("#keys[open]")
    check(page)
    page.picture(f"keys-{name}")
    assert page.look(fits)
    page.press("Escape")
    page.do("emulateMedia", {"media": "print"})
    assert page.do("isHidden", ".bar")
    assert page.do("isVisible", "#editor")
    page.do("emulateMedia", {"media": "screen"})
    page.do("goto", fleet.urls[0])
    page.await_shown("#recent a")
    check(page)
    assert page.look(fits)
    assert page.look(BEYOND) == []


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param(None, id="system", marks=pytest.mark.thorough),
        pytest.param("dark", id="chosen"),
    ],
)
def test_what_is_dark_on_a_screen_is_printed_in_dark_letters(
    browser: Browser, fleet: Fleet, chosen: str | None
) -> None:
    """Browsers leave out the background, and light letters could hardly be read on paper."""
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}", colorScheme="dark").joined()
    if chosen is not None:
        page.click("#settings-button")
        page.click("text=Dark")
        page.press("Escape")
    ink = (
        "getComputedStyle(document.querySelector('.cm-content')).color.match(/[0-9]+/g).map(Number)"
    )
    assert min(page.look(ink)) > 200
    page.do("emulateMedia", {"media": "print", "colorScheme": "dark"})
    assert max(page.look(ink)) < 60


SEEN = """
document.getElementById('sheet').clientHeight
- (document.querySelector('.cm-panels')?.clientHeight ?? 0)
"""
"""Returns how many pixels of the window's height are left for the text."""


def test_some_of_the_text_is_seen_at_400_percent(browser: Browser, fleet: Fleet) -> None:
    """The window of 1280×1024 is then as large as one of 320×256."""
    small: dict[str, Any] = {"viewport": {"width": 320, "height": 256}}
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}?lang=pt", **small).joined()
    fits = "document.documentElement.scrollWidth <= innerWidth"
    page.to_end()
    page.press("Control+f")
    page.await_shown(".find")
    assert page.look(SEEN) > 40, "besides what is looked for"
    assert page.look(fits)
    page.press("Escape")
    page.click("#history-button")
    page.still()
    assert page.look(SEEN) > 40, "besides the history"
    assert page.look(fits)
    page.click("#time-close")
    page.offline(True)
    page.await_shown("#notice")
    assert page.look(SEEN) > 40, "besides a notice"
    assert page.look(fits), "the state has long words in this language"
    page.offline(False)


BEYOND = """
[...document.querySelectorAll('button, a.button, h1, label, p, dt, dd, kbd')].filter((each) => {
  const box = each.getBoundingClientRect();
  if (box.width === 0 || each.closest('.away, .skip, .tools') !== null) return false;
  const hides = getComputedStyle(each).overflow !== 'visible';
  const spills = !hides && each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0;
  const around = (each.closest('dialog') ?? document.body).getBoundingClientRect();
  return spills || box.left < around.left - 1 || box.right > around.right + 1;
}).map((each) => each.id + ': ' + each.textContent)
"""
"""Returns the elements that do not fit into their place, their dialog or the window."""


@pytest.mark.parametrize(
    "language", ["de", *(pytest.param(each, marks=pytest.mark.thorough) for each in ("ar", "pl"))]
)
async def test_long_words_fit(browser: Browser, fleet: Fleet, language: str) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await meeting(url)
    page = browser.open(f"{url}?lang={language}", **NARROW).joined()
    assert page.look("document.getElementById('title').clientWidth") > 60, "its name is seen"
    for button, closes in (
        ("#people-button", "#panel-close"),
        ("#chat-button", "#panel-close"),
        ("#settings-button", "#settings .panel-head button"),
        ("#pad-button", "#pad-dialog .panel-head button"),
        ("#history-button", "#time-close"),
    ):
        page.click(button)
        page.still()
        assert page.look(BEYOND) == [], button
        if button == "#history-button":
            check(page)
        page.click(closes)
    page.press("Control+/")
    page.await_shown("#keys[open]")
    page.still()
    assert page.look(BEYOND) == [], "the list of keys"
