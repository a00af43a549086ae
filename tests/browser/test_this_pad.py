"""Tests what concerns the pad as a whole: saved, imported, shared, deleted, set for everybody,
without colours."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.documents import offered
from tests.acceptance.npm import new_pad
from tests.browser.browser import DESK, PHONE, TEXT, Browser, BrowserError, Page
from tests.browser.test_looks import check
from tests.eventually import eventually_sync
from tests.fleet import Fleet

NARROW = {**PHONE, "viewport": {"width": 320, "height": 640}}

LOOKS: list[Any] = [
    pytest.param({**DESK, "colorScheme": "light"}, "desk-light", id="desk-light"),
    pytest.param({**PHONE, "colorScheme": "dark"}, "phone-dark", id="phone-dark"),
    pytest.param({**NARROW, "colorScheme": "light"}, "320", id="320", marks=pytest.mark.thorough),
    pytest.param(
        {**NARROW, "forcedColors": "active"}, "forced", id="forced", marks=pytest.mark.thorough
    ),
]


def choose(page: Page, path: Path, content: str) -> None:
    """Chooses a file to be imported, which brings up a question."""
    pad_dialog(page)
    path.write_text(content)
    page.do("setInputFiles", "#import-file", str(path))
    page.await_shown("#ask[open]")
    page.says("#ask-words", path.name)


def pad_dialog(page: Page) -> None:
    if not page.do("isVisible", "#pad-dialog"):
        page.click("#pad-button")


def is_new(page: Page) -> bool:
    """Returns whether another document has replaced the one that was marked by `before`."""
    try:
        return not page.look("window.before ?? false")
    except BrowserError:  # in the middle of it
        return False


def colored(page: Page) -> list[str]:
    """Returns the stretches of text that have an author's colour."""
    found = "[...document.querySelectorAll('#editor .by')]"
    color = "getComputedStyle(e).getPropertyValue('--by') !== ''"
    return list(page.look(f"{found}.filter(e => {color}).map(e => e.textContent)"))


def shows_colors(page: Page, wanted: list[str]) -> None:
    def shown() -> bool:
        found = colored(page)
        assert found == wanted, f"colours are on {found}"
        return True

    eventually_sync(shown, f"the colours are those of {wanted}")


def read(page: Page, href: str) -> str:
    with urllib.request.urlopen(href, timeout=10) as response:
        return str(response.read().decode())


def test_a_pad_is_saved_as_what_the_server_makes_of_it(browser: Browser, fleet: Fleet) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    page.to_end()
    page.type(" and goodbye")
    page.saved()
    page.click("#pad-button")
    links: list[list[str]] = page.look(
        "[...document.querySelectorAll('#exports a')].map(a => [a.innerText, a.href])"
    )
    # This server says what it makes besides: that depends on what is installed.
    documents = [href.rpartition("/")[2] for _, href in links[3:]]
    assert documents == [form for form in ("docx", "pdf") if form in offered.written()]
    assert [name for name, _ in links[:3]] == ["Plain text", "HTML", "Etherpad"]
    txt, html, etherpad = [read(page, href) for _, href in links[:3]]
    assert txt == "Hello and goodbye\n"
    assert "Hello and goodbye" in html
    assert etherpad.startswith('{"pad:')


def test_a_reader_can_save_a_pad_and_nothing_more(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.click("#settings-button")
    reader = browser.open(ada.do("inputValue", "#read-link")).joined()
    reader.click("#pad-button")
    reader.gives(
        "[...document.querySelectorAll('#pad-dialog fieldset')].filter(f => !f.hidden)"
        ".map(f => f.querySelector('legend').innerText)",
        ["Save a copy as"],
    )
    href = reader.look("document.querySelector('#exports a').href")
    assert read(reader, href) == "Hello\n"
    reader.press("Escape")
    reader.click("#settings-button")
    reader.click("#show-codes")
    reader.gives("document.querySelectorAll('#codes svg').length", 1)


def test_a_file_takes_the_place_of_the_text_when_that_is_wanted(
    browser: Browser, fleet: Fleet, tmp_path: Path
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    choose(ada, tmp_path / "notes.txt", "from a file\n")
    ada.gives("document.activeElement.id", "ask-no")
    ada.click("#ask-no")
    ada.do("waitForSelector", "#ask:not([open])", {"state": "hidden"})
    assert ada.text() == "Hello"
    choose(ada, tmp_path / "notes.txt", "from a file\nof two lines\n")
    ada.click("#ask-yes")
    eventually_sync(lambda: "has been imported" in ada.words("#import-words"))
    for page in (ada, bob):
        page.shows("from a file\nof two lines")
    choose(ada, tmp_path / "rich.html", "<p>a <b>bold</b> word</p>")
    ada.click("#ask-yes")
    for page in (ada, bob):
        eventually_sync(lambda page=page: page.lines()[0] == "a bold word")  # type: ignore[misc]
        eventually_sync(
            lambda page=page: (
                page.look(  # type: ignore[misc]
                    "document.querySelector('#editor .bold')?.textContent"
                )
                == "bold"
            )
        )


def test_a_saved_pad_takes_the_place_of_a_fresh_one(
    browser: Browser, fleet: Fleet, tmp_path: Path
) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.to_end()
    ada.type(" with a past")
    ada.saved()
    saved = read(ada, ada.look("document.querySelectorAll('#exports a')[2].href"))
    other = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    other.look("window.before = true")
    choose(other, tmp_path / "old.etherpad", saved)
    other.click("#ask-yes")
    # It has another history now, so the page loads it anew.
    eventually_sync(lambda: is_new(other), "it is loaded anew", timeout=60)
    other.joined()
    other.shows("Hello with a past")


def test_why_a_file_was_not_imported_is_said_in_words(
    browser: Browser, fleet: Fleet, tmp_path: Path
) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    choose(ada, tmp_path / "broken.etherpad", "{}")
    ada.click("#ask-yes")
    eventually_sync(
        lambda: ada.words("#import-words").startswith("The server couldn’t turn this file")
    )
    assert ada.text() == "Hello"
    ada.hides("#import-progress")
    # It is the browser that complains about a status of 400, and rightly.
    browser.close_all(but="400")


def test_links_are_shared_as_pictures_and_by_the_system(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.click("#settings-button")
    ada.click("#show-codes")
    ada.gives("document.getElementById('show-codes').ariaExpanded", "true")
    ada.gives(
        "[...document.querySelectorAll('#codes svg')].map(s => s.getAttribute('aria-label'))",
        ["QR code of the link for editing", "QR code of the link for reading"],
    )
    # What a camera sees is what the library says, drawn module by module.
    dark = ada.look(
        "[...document.querySelectorAll('#codes path')].map(p => p.getAttribute('d').length)"
    )
    assert min(dark) > 500
    assert ada.do("isVisible", "#share-link") == ada.look("'share' in navigator")


def test_only_who_has_made_a_pad_is_offered_to_delete_it(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    bob.click("#pad-button")
    assert not bob.do("isVisible", "#delete-pad")
    bob.press("Escape")
    # The token is told once; this browser has kept it.
    ada.do("reload")
    ada.joined()
    ada.click("#pad-button")
    ada.click("#delete-pad")
    ada.await_shown("#ask[open]")
    ada.press("Escape")
    assert ada.status == "Saved"
    ada.click("#delete-pad")
    ada.click("#ask-yes")
    for page in (ada, bob):
        eventually_sync(lambda page=page: "has been deleted" in page.words("#notice-words"))  # type: ignore[misc]
    ada.gives("Object.keys(localStorage).filter(k => k.includes('deletion')).length", 0)


def test_a_wrong_token_deletes_nothing_and_says_so(browser: Browser, fleet: Fleet) -> None:
    pad = new_pad()
    ada = browser.open(f"{fleet.urls[0]}/p/{pad}").joined()
    ada.look(f"localStorage.setItem('padfleet.deletion.{pad}', 'wrong')")
    ada.do("reload")
    ada.joined()
    ada.click("#pad-button")
    ada.click("#delete-pad")
    ada.click("#ask-yes")
    eventually_sync(lambda: "is not the right one" in ada.words("#delete-error"))
    assert ada.status == "Saved"


def test_its_creator_sets_how_a_pad_looks_for_everybody(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    bob.click("#pad-button")
    assert not bob.do("isVisible", "#for-all")
    bob.press("Escape")
    ada.click("#pad-button")
    ada.click("[data-option=monospace]")
    ada.click("[data-option=showChat]")
    for page in (ada, bob):
        eventually_sync(lambda page=page: page.look("document.body.classList.contains('mono')"))  # type: ignore[misc]
        eventually_sync(lambda page=page: not page.do("isVisible", "#chat-button"))  # type: ignore[misc]
    # Each can choose otherwise, until nobody can.
    bob.click("#settings-button")
    bob.click("#show-mono")
    bob.gives("document.body.classList.contains('mono')", False)
    ada.click("[data-option=enforceSettings]")
    eventually_sync(lambda: bob.look("document.body.classList.contains('mono')"))
    bob.gives("document.getElementById('show-mono').disabled", True)
    bob.do("reload")
    bob.joined()
    bob.gives("document.body.classList.contains('mono')", True)


def test_its_creator_sets_the_language_and_that_the_chat_is_open(
    browser: Browser, fleet: Fleet
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.click("#pad-button")
    ada.click("[data-option=alwaysShowChat]")
    ada.do("selectOption", "#pad-language", "de")
    for page in (ada, bob):
        eventually_sync(lambda page=page: page.look("document.documentElement.lang") == "de")  # type: ignore[misc]
    assert not bob.do("isVisible", "#chat-panel"), "nothing is opened while somebody writes"
    bob.do("reload")
    bob.joined()
    eventually_sync(lambda: bob.do("isVisible", "#chat-panel"))
    bob.gives("document.documentElement.lang", "de")
    # On a phone it would hide the text.
    carol = browser.open(ada.look("location.href"), **PHONE, locale="en").joined()
    eventually_sync(lambda: carol.look("document.documentElement.lang") == "de")
    assert not carol.do("isVisible", "#chat-panel")
    # Each may choose otherwise, until nobody can.
    bob.click("#settings-button")
    bob.do("selectOption", "#language", "fr")
    eventually_sync(lambda: bob.look("document.documentElement.lang") == "fr")
    ada.click("[data-option=enforceSettings]")
    eventually_sync(lambda: bob.look("document.documentElement.lang") == "de")
    bob.gives("document.getElementById('language').disabled", True)
    ada.do("selectOption", "#pad-language", "")
    eventually_sync(lambda: bob.look("document.documentElement.lang") == "fr")


def test_colours_are_cleared_and_come_back_by_undo(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    bob.to_end()
    bob.type(" from Bob")
    bob.saved()
    ada.to_end()
    ada.type(" and Ada")
    ada.saved()
    for page in (ada, bob):
        shows_colors(page, [" from Bob", " and Ada"])
    ada.click("#pad-button")
    ada.says("#clear-colors", "Clear all colours…")
    ada.click("#clear-colors")
    ada.click("#ask-yes")
    for page in (ada, bob):
        shows_colors(page, [])
    ada.press("Control+z")
    for page in (ada, bob):
        shows_colors(page, [" from Bob", " and Ada"])
    ada.saved()
    # The selection alone: the last word, which is Ada's.
    ada.press("Control+End", "Shift+Control+ArrowLeft")
    ada.click("#pad-button")
    ada.says("#clear-colors", "Clear colours in the selection")
    ada.click("#clear-colors")
    for page in (ada, bob):
        shows_colors(page, [" from Bob", " and "])
    ada.saved()


@pytest.mark.parametrize(("options", "name"), LOOKS)
def test_its_dialogs_are_for_everybody(
    browser: Browser, fleet: Fleet, options: dict[str, Any], name: str
) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}", **options).joined()
    page.do("waitForSelector", TEXT)
    bar = "document.querySelector('.bar')"
    assert page.look(f"{bar}.scrollWidth <= {bar}.clientWidth"), "the bar is wider than the screen"
    page.click("#pad-button")
    check(page)
    page.picture(f"this-pad-{name}")
    page.click("#delete-pad")
    check(page)
    page.picture(f"ask-{name}")
    page.press("Escape", "Escape")
    page.click("#settings-button")
    page.click("#show-codes")
    check(page)
    page.picture(f"share-{name}")
    assert page.look("document.documentElement.scrollWidth <= innerWidth")
