"""Tests what people do on the page, once each, in browsers that are not based on Chromium.

Firefox is driven by Puppeteer and WebKit, that of GTK, by Selenium; both as Debian packages them.
`make browsers` runs all of it, `make test` only typing, and that in Firefox alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from padfleet.shared.client import connect
from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.browser.browser import running as running_in
from tests.browser.test_cursors import sees_at
from tests.browser.test_links import (
    HREFS,
    TEXT,
    WANTED,
    listen,
    opened,
    written,
)
from tests.browser.test_looks import check
from tests.browser.test_past import slide
from tests.browser.test_this_pad import choose, read, shows_colors
from tests.browser.test_typing import reads_along
from tests.eventually import eventually_sync
from tests.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Kind:
    """A browser that may be installed here."""

    driver: str
    programs: Callable[[], list[str | None]]
    """The paths of what it takes; None where one is not installed."""

    package: str


KINDS = {
    kind.driver: kind
    for kind in (
        Kind(
            "firefox",
            lambda: [shutil.which("firefox-esr") or shutil.which("firefox")],
            "firefox-esr",
        ),
        Kind(
            "webkit",
            lambda: [
                shutil.which("WebKitWebDriver"),
                next(map(str, Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")), None),
                shutil.which("Xvfb"),
            ],
            "webkit2gtk-driver xvfb",
        ),
    )
}


@pytest.fixture(
    scope="module",
    params=["firefox", pytest.param("webkit", marks=pytest.mark.browsers)],
)
def running(request: pytest.FixtureRequest) -> Iterator[Browser]:
    kind = KINDS[request.param]
    lacking = f"there is no {kind.driver} (Debian: apt-get install {kind.package})"
    yield from running_in(kind.programs(), lacking, kind.driver)


@pytest.fixture
def other(running: Browser) -> Iterator[Browser]:
    yield running
    # Each says in its own words that a worker which a test has killed cannot be reached.
    running.close_all(but=("WebSocket", "ws://127.0.0.1", "Could not connect", "XMLHttpRequest"))


def copy_from_elsewhere(page: Page, html: str) -> None:
    """Brings rich text to the clipboard as people do: selected in another place, and copied."""
    page.look(
        f"(place => {{ place.innerHTML = {json.dumps(html)}; document.body.append(place);"
        " place.focus(); getSelection().selectAllChildren(place) }"
        ")(Object.assign(document.createElement('div'), { id: 'elsewhere', tabIndex: -1 }))"
    )
    page.press("Control+c")
    page.look("document.getElementById('elsewhere').remove()")


def test_two_people_type_undo_and_redo(other: Browser, fleet: Fleet) -> None:
    ada, bob = other.two(fleet.urls, new_pad())
    ada.to_end()
    bob.to_start()
    for word in range(4):
        ada.type(f" end{word}")
        bob.type(f"start{word} ")
    wanted = "start0 start1 start2 start3 Hello end0 end1 end2 end3"
    for page in (ada, bob):
        page.shows(wanted)
        page.saved()
    ada.press("Enter")
    ada.type("schön: 日本 🙂")
    bob.shows(f"{wanted}\nschön: 日本 🙂")
    ada.press("Control+a", "Delete")
    bob.shows("")
    ada.press("Control+z")
    bob.shows(f"{wanted}\nschön: 日本 🙂")
    ada.press("Control+Shift+z")
    bob.shows("")
    ada.press("Control+z")
    for page in (ada, bob):
        page.saved()
        assert page.look("document.querySelector('#editor').dataset.redraws ?? '0'") == "0"


@pytest.mark.browsers
def test_formats_lists_and_headings(other: Browser, fleet: Fleet) -> None:
    ada, bob = other.two(fleet.urls, new_pad())
    ada.to_end()
    ada.press("Control+b")
    ada.type(" bold")
    ada.press("Control+b", "Enter")
    ada.click("[data-do=numbers]")
    ada.type("one")
    ada.press("Enter")
    ada.type("two")
    ada.press("Tab")
    ada.press("Enter", "Enter")
    ada.type("A title")
    ada.do("selectOption", "#heading", "h2")
    bob.shows("Hello bold\n1.one\n1.two\nA title")
    for name, text in (("bold", "bold"), ("h2", "A title")):
        found = f"document.querySelector('#editor .{name}')?.textContent.trim()"
        eventually_sync(lambda found=found, text=text: bob.look(found) == text)  # type: ignore[misc]


@pytest.mark.browsers
def test_what_is_copied_is_pasted_and_rich_text_keeps_its_formats(
    other: Browser, fleet: Fleet
) -> None:
    ada = other.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.to_end()
    ada.press("Control+a", "Control+c", "Control+End", "Control+v")
    ada.shows("HelloHello")
    ada.press("Control+a", "Control+x")
    ada.shows("")
    ada.press("Control+v")
    ada.shows("HelloHello")
    ada.press("Control+a", "Delete")
    ada.shows("")
    copy_from_elsewhere(ada, "<h1>Title</h1><ul><li>a <b>bold</b></li><li>b</li></ul>")
    ada.do("focus", "#editor .cm-content")
    ada.press("Control+v")
    ada.shows("Title\n•a bold\n•b")
    assert ada.look("document.querySelector('#editor .bold').textContent") == "bold"
    ada.press("Control+z")
    ada.shows("")
    ada.saved()


@pytest.mark.browsers
async def test_links_are_opened_with_a_key(other: Browser, fleet: Fleet) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await written(url, TEXT)
    page = other.open(url).joined()
    eventually_sync(lambda: page.look(HREFS.format(root="#editor .cm-content")) == WANTED)
    listen(page)
    page.click("#editor a.link")
    assert opened(page) == []
    page.await_shown(".link-hint a")
    page.press("Control+Enter")
    page.do("click", "#editor a.link", {"modifiers": ["Control"]})
    eventually_sync(lambda: opened(page) == [f"{WANTED[0]} _blank noopener,noreferrer"] * 2)


@pytest.mark.browsers
async def test_find_and_replace_reach_the_whole_text(other: Browser, fleet: Fleet) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    text = "\n".join(f"line {n}" + (" needle" if n % 100 == 0 else "") for n in range(1, 1001))
    await written(url, text)
    page = other.open(url).joined()
    page.to_start()
    page.press("Control+f")
    page.await_shown("[main-field]")
    page.type("needle")
    eventually_sync(lambda: page.words(".find-count") == "10 matches")
    page.press("Enter", "Enter")
    eventually_sync(lambda: "line 200 needle" in page.lines(), "the match is scrolled to")
    page.do("fill", ".find-row:nth-child(2) input", "pin")
    page.click(".find-row:nth-child(2) button:last-of-type")
    eventually_sync(lambda: page.words(".find-count") == "No matches")
    page.press("Escape")
    page.saved()
    async with connect(url) as pad:
        assert pad.text == text.replace("needle", "pin") + "\n"


@pytest.mark.browsers
def test_names_cursors_and_chat(other: Browser, fleet: Fleet) -> None:
    ada, bob = other.two(fleet.urls, new_pad())
    ada.call_me("Ada")
    ada.to_end()
    ada.type(" from Ada")
    sees_at(bob, "Ada", len("Hello from Ada"))
    bob.click("#people-button")
    eventually_sync(lambda: "Ada" in bob.words("#others"))
    bob.click("#chat-button")
    bob.type("anyone?")
    bob.press("Enter")
    eventually_sync(lambda: ada.words("#unread") == "1")
    ada.click("#chat-button")
    eventually_sync(lambda: ada.words("#lines .said") == "anyone?")
    ada.click("#panel-close")
    # Who wrote it is told to who asks.
    ada.to_end()
    ada.press("Control+Shift+2")
    eventually_sync(lambda: ada.words("#said") == "You wrote this.")


@pytest.mark.browsers
def test_the_history_is_gone_through_and_restored(other: Browser, fleet: Fleet) -> None:
    ada, bob = other.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" kept")
    ada.saved()
    ada.press("Control+s")
    ada.type(" and more")
    ada.saved()
    ada.click("#history-button")
    slide(ada, 0)
    eventually_sync(lambda: ada.lines("#past") == ["Hello"])
    ada.click(".star")
    eventually_sync(lambda: ada.lines("#past") == ["Hello kept"])
    ada.click("#time-restore")
    ada.click("#ask-yes")
    bob.shows("Hello kept")


@pytest.mark.browsers
def test_a_pad_is_saved_and_a_file_imported(other: Browser, fleet: Fleet, tmp_path: Path) -> None:
    ada, bob = other.two(fleet.urls, new_pad())
    ada.click("#pad-button")
    assert read(ada, ada.look("document.querySelector('#exports a').href")) == "Hello\n"
    choose(ada, tmp_path / "rich.html", "<p>a <b>bold</b> word</p>")
    ada.click("#ask-yes")
    for page in (ada, bob):
        page.shows("a bold word")
    eventually_sync(
        lambda: bob.look("document.querySelector('#editor .bold')?.textContent") == "bold"
    )


@pytest.mark.browsers
def test_links_are_shared_readers_read_and_colours_are_cleared(
    other: Browser, fleet: Fleet
) -> None:
    ada, bob = other.two(fleet.urls, new_pad())
    bob.to_end()
    bob.type(" from Bob")
    bob.saved()
    shows_colors(ada, [" from Bob"])
    ada.click("#settings-button")
    link = ada.do("inputValue", "#read-link")
    ada.click("#show-codes")
    ada.await_shown("#codes svg")
    ada.press("Escape")
    ada.click("#pad-button")
    ada.click("#clear-colors")
    ada.click("#ask-yes")
    shows_colors(bob, [])
    reader = other.open(link).joined()
    reader.shows("Hello from Bob")
    assert reader.do("isHidden", "[data-do=bold]")
    reader.click("#editor .cm-content")
    reader.type("nothing")
    assert reader.text() == "Hello from Bob"


@pytest.mark.browsers
def test_settings_languages_and_writing_from_the_right(other: Browser, fleet: Fleet) -> None:
    page = other.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    page.to_end()
    page.press("Control+a")
    page.type("שלום עולם")
    page.press("Enter")
    page.type("left to right")
    directions = (
        "[...document.querySelectorAll('#editor .cm-line')].map(l => getComputedStyle(l).direction)"
    )
    assert page.look(directions) == ["rtl", "ltr"]
    page.saved()
    page.click("#settings-button")
    page.click("#show-mono")
    assert page.look("document.body.classList.contains('mono')")
    page.click("label:has([name=theme][value=dark])")
    page.do("selectOption", "#language", "he")
    eventually_sync(lambda: page.look("document.documentElement.dir") == "rtl")
    check(page)
    page.press("Escape")
    page.do("reload")
    page.joined()
    assert page.do("getAttribute", "[data-do=bold]", "aria-label") == "מודגש"
    assert page.look("document.documentElement.dataset.theme") == "dark"
    page.shows("שלום עולם\nleft to right")
    check(page)


@pytest.mark.browsers
def test_the_pad_is_gone_on_with_when_the_worker_is_back(other: Browser, own_fleet: Fleet) -> None:
    ada, bob = other.two(own_fleet.urls, new_pad())
    ada.to_end()
    ada.type(" one")
    bob.shows("Hello one")
    own_fleet.workers[0].kill()
    ada.type(" two")
    eventually_sync(lambda: ada.status != "Saved", "the page notices")
    own_fleet.restart(own_fleet.workers[0])
    bob.shows("Hello one two")
    ada.saved()


@pytest.mark.browsers
async def test_it_reads_what_a_crowd_is_sent_deflated(other: Browser, fleet: Fleet) -> None:
    await reads_along(other, fleet)
