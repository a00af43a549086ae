"""Tests the page in its reader's language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import padfleet.services.web.page
from tests.acceptance.npm import new_pad
from tests.browser.browser import PHONE, Browser
from tests.browser.test_looks import check
from tests.eventually import eventually_sync
from tests.fleet import Fleet

WORDS = Path(padfleet.services.web.page.__file__).parent / "web" / "words"
LANGUAGES: dict[str, dict[str, str]] = json.loads((WORDS / "languages.json").read_text("utf-8"))


USUAL = ("ar", "zh-Hant")
"""One from the right, and one with a script in its name; `make thorough` tries all of them. English
is that of all other tests."""


@pytest.mark.parametrize(
    "language",
    [pytest.param(each, marks=() if each in USUAL else pytest.mark.thorough) for each in LANGUAGES],
)
def test_a_page_is_in_the_language_of_its_browser(
    browser: Browser, fleet: Fleet, language: str
) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}", locale=language).joined()
    page.gives("document.documentElement.lang", language)
    assert page.look("document.documentElement.dir") == LANGUAGES[language]["dir"]
    page.to_end()
    page.type("x")
    label = page.do("getAttribute", "[data-do=bold]", "aria-label")
    catalogue = (WORDS / f"{language}.ftl").read_text("utf-8")
    assert f"tool-bold =\n    .aria-label = {label}\n" in catalogue
    saved = page.look("document.getElementById('status-words').textContent")
    assert f"= {saved}\n" in catalogue
    page.click("#settings-button")
    assert page.do("inputValue", "#language") == ""
    check(page)
    page.press("Escape")
    if LANGUAGES[language]["dir"] == "rtl":
        page.picture(f"pad-{language}")


def test_a_language_is_chosen_at_once_and_kept(browser: Browser, fleet: Fleet) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    page.to_end()
    page.type(" there")
    page.saved()
    page.click("#settings-button")
    page.do("selectOption", "#language", "he")
    eventually_sync(lambda: page.look("document.documentElement.dir") == "rtl")
    page.says("#settings-title", "שיתוף והגדרות")
    page.gives("document.getElementById('status-words').textContent", "נשמר")
    # The text is as it was, and so is the place in it.
    assert page.lines() == ["Hello there"]
    page.press("Escape")
    page.do("reload")
    page.joined()
    page.gives("document.querySelector('[data-do=bold]').ariaLabel", "מודגש")
    page.click(".brand")
    page.await_shown("#recent a")
    page.says("h1", "כותבים ביחד")
    page.do("goto", f"{fleet.urls[0]}/p/{new_pad()}?lang=fr")
    page.joined()
    page.gives("document.querySelector('[data-do=bold]').ariaLabel", "Gras")
    page.click("#settings-button")
    assert page.do("inputValue", "#language") == "he"
    page.do("selectOption", "#language", "")
    eventually_sync(lambda: page.do("getAttribute", "[data-do=bold]", "aria-label") == "Bold")
    assert page.look("document.cookie") == ""


def test_a_mirrored_page_on_a_phone(browser: Browser, fleet: Fleet) -> None:
    options: dict[str, Any] = dict(PHONE)
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}?lang=ar", like=None, **options).joined()
    page.do("focus", "#editor .cm-content")
    page.press("Control+a")
    page.do("keyboard.insertText", "مرحبا بكم في اللوحة\nHello, everybody\nقائمة المشتريات")
    check(page)
    page.picture("phone-ar")
    assert page.look("document.documentElement.scrollWidth <= innerWidth")
    # What is beside the text is mirrored, too: hints of empty fields, heads of panels, and the end
    # of the tools, which fades.
    page.click("#chat-button")
    page.gives("getComputedStyle(document.getElementById('say-text')).direction", "rtl")
    page.do("fill", "#say-text", "Hello")
    page.gives("getComputedStyle(document.getElementById('say-text')).direction", "ltr")
    head = "getComputedStyle(document.querySelector('#panel .panel-head'))"
    page.gives(f"[{head}.paddingLeft, {head}.paddingRight]", ["12px", "18px"])
    page.gives(
        "getComputedStyle(document.getElementById('tools')).maskImage.includes('left')", True
    )
