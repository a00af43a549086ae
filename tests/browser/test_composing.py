"""Tests composing, as with an input method or a phone's keyboard, while others write in the same
line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.npm import new_pad
from tests.browser.browser import ANDROID, DESK, Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet


def compose(page: Page, text: str) -> None:
    """Changes the word that is being composed to `text`."""
    parameters = {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
    page.browser.order(page.id, "debug", "Input.imeSetComposition", parameters)


def commit(page: Page, text: str) -> None:
    page.browser.order(page.id, "debug", "Input.insertText", {"text": text})


def test_the_line_that_somebody_composes_in_waits_for_what_others_do(
    browser: Browser, fleet: Fleet
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    bob.to_end()
    bob.type("\nsecond")
    ada.shows("Hello\nsecond")
    ada.to_start()
    ada.press("End")
    compose(ada, "に")
    compose(ada, "にほ")
    # What is done elsewhere comes meanwhile.
    bob.to_end()
    bob.type(" line")
    eventually_sync(lambda: ada.lines()[1] == "second line")
    bob.to_start()
    bob.type("Oh ")
    bob.saved()
    compose(ada, "にほん")
    assert ada.lines()[0] == "Helloにほん"
    eventually_sync(lambda: "にほん" in bob.lines()[0], "Bob sees what is composed")
    assert ada.lines()[0] == "Helloにほん"
    commit(ada, "日本")
    for page in (ada, bob):
        page.shows("Oh Hello日本\nsecond line")
        page.saved()
    ada.type("!")
    for page in (ada, bob):
        page.shows("Oh Hello日本!\nsecond line")


MORE = (("desk", "end"), ("desk", "line"), ("android", "start"))
"""What `make thorough` tries, too: the other pairs have each device, and each place, already."""


@pytest.mark.parametrize(
    ("device", "others"),
    [
        pytest.param(
            device,
            others,
            id=f"{name}-{others}",
            marks=pytest.mark.thorough if (name, others) in MORE else (),
        )
        for name, device in (("desk", DESK), ("android", ANDROID))
        for others in ("start", "end", "line")
    ],
)
def test_nothing_of_a_composition_is_left_behind(
    browser: Browser, fleet: Fleet, others: str, device: dict[str, Any]
) -> None:
    """Words as phones compose them, letter by letter, while somebody writes in the same line.

    Android's Chrome tells of it elsewhere: an EditContext has it, and not the text.
    """
    pad = new_pad()
    ada = browser.open(f"{fleet.urls[0]}/p/{pad}", **device).joined()
    bob = browser.open(f"{fleet.urls[1]}/p/{pad}").joined()
    other = "document.querySelector('#editor .cm-content').editContext != null"
    ada.gives(other, device is ANDROID)
    bob.to_end()
    ada.to_end()
    if others != "end":
        ada.press("Home")
        for _ in "Hel":
            ada.press("ArrowRight")
    if others == "start":
        bob.press("Home")
    for word in ("fast", "slow", "gone"):
        for letters in range(1, len(word) + 1):
            compose(ada, word[:letters])
            bob.type("-")
        if others == "line" and word == "slow":
            bob.press("Enter")
        if word == "gone":
            compose(ada, "")  # given up
        else:
            commit(ada, word)
    ada.saved()
    bob.saved()
    eventually_sync(lambda: ada.text() == bob.text(), "both are the same")
    text = ada.text().replace("\n", "")
    assert text.replace("-", "") == ("Hellofastslow" if others == "end" else "Helfastslowlo")
    assert text.count("-") == 12


def test_a_composition_without_end_does_not_keep_others_out(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    compose(ada, "に")
    eventually_sync(lambda: bob.text() == "Helloに")
    bob.to_start()
    bob.type("Oh ")
    eventually_sync(lambda: ada.text() == "Oh Helloに", "it comes all the same", timeout=30)
    bob.shows("Oh Helloに")


@pytest.mark.parametrize(
    "given_up",
    [
        pytest.param(False, id="kept", marks=pytest.mark.thorough),
        pytest.param(True, id="given up"),
    ],
)
def test_what_is_composed_over_leaves_the_browser_nothing_to_give_styles_to(
    browser: Browser, fleet: Fleet, given_up: bool
) -> None:
    """If there were something left, the browser would keep the look of what it has deleted, by
    styles that the page forbids, and complain of its own doing."""
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.press("Control+a", "Control+b")
    ada.type("bold")
    ada.press("Control+b")
    ada.type(" plain")
    bob.shows("bold plain")
    ada.press("Control+Home", "Control+Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    compose(ada, "に")
    compose(ada, "にほ")
    if given_up:
        compose(ada, "")
        ada.type("x")
    else:
        commit(ada, "日本")
    bob.shows("xlain" if given_up else "日本lain")
    assert ada.text() == bob.text()
    if not given_up:
        ada.press("Control+z")
        bob.shows("bold plain")
