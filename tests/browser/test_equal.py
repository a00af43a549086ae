"""Tests that two people and the pad have one text, whatever they do and undo."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from padfleet.shared.client import connect
from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet

STEP_MS = 600
"""After so long, what is typed is another step of undo."""

BOLD = "[...document.querySelectorAll('#editor .bold')].map(part => part.textContent).join('|')"


def pause(page: Page) -> None:
    page.do("waitForTimeout", STEP_MS)


async def agree(ada: Page, bob: Page, wanted: str) -> None:
    for page in (ada, bob):
        page.shows(wanted)
        page.saved()
        assert page.look("document.getElementById('editor').dataset.redraws ?? ''") == ""
    async with connect(ada.look("location.href")) as pad:
        assert pad.text == f"{wanted}\n"


async def test_backspace_after_a_pause_while_the_other_writes(
    browser: Browser, fleet: Fleet
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" mines")
    pause(ada)
    ada.press("Backspace")
    pause(ada)
    bob.to_start()
    bob.type("theirs ")
    ada.shows("theirs Hello mine")
    ada.type(" abc")
    await agree(ada, bob, "theirs Hello mine abc")
    ada.press("Control+z")
    await agree(ada, bob, "theirs Hello mine")
    ada.press("Control+z")  # an older step than a deletion is still there
    await agree(ada, bob, "theirs Hello mines")
    ada.press("Control+z")
    await agree(ada, bob, "theirs Hello")


def type_over_everything(page: Page) -> None:
    page.press("Control+a")
    page.type("new")


def cut_the_last_line(page: Page) -> None:
    page.press("Enter")
    page.type("last")
    pause(page)
    page.press("Shift+Home", "Control+x", "Backspace")


def undo_typing_at_the_end(page: Page) -> None:
    page.type(" more")
    pause(page)
    page.press("Control+z")


@pytest.mark.parametrize(
    ("deed", "left"),
    [
        (type_over_everything, "new"),
        pytest.param(cut_the_last_line, "Hello", marks=pytest.mark.thorough),
        (undo_typing_at_the_end, "Hello"),
    ],
)
async def test_what_the_other_writes_is_seen_after(
    browser: Browser, fleet: Fleet, deed: Callable[[Page], None], left: str
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    deed(ada)
    bob.shows(left)
    bob.to_start()
    bob.type("theirs ")
    ada.shows(f"theirs {left}")
    ada.type("!")
    await agree(ada, bob, f"theirs {left}!")


async def test_everything_is_deleted_offline_while_the_other_types(
    browser: Browser, fleet: Fleet
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" there")
    bob.shows("Hello there")
    ada.offline(True)
    eventually_sync(lambda: ada.status == "Offline")
    ada.press("Control+a", "Delete")
    bob.to_end()
    bob.type(" meanwhile")
    bob.saved()
    ada.offline(False)
    await agree(ada, bob, " meanwhile")
    ada.press("Control+z")
    for page in (ada, bob):
        page.saved()
    eventually_sync(lambda: sorted(ada.text()) == sorted("Hello there meanwhile"))
    await agree(ada, bob, ada.text())


async def test_a_bold_word_comes_back_and_nothing_else_is_bold(
    browser: Browser, fleet: Fleet
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" bold word")
    pause(ada)
    ada.press(*["ArrowLeft"] * 5, *["Shift+ArrowLeft"] * 4, "Control+b")
    eventually_sync(lambda: bob.look(BOLD) == "bold")
    ada.press("Delete")
    bob.shows("Hello  word")
    bob.to_start()
    bob.press(*["ArrowRight"] * 6)
    bob.type("right here")
    ada.shows("Hello right here word")
    ada.press("Control+z")
    await agree(ada, bob, "Hello boldright here word")
    for page in (ada, bob):
        page.gives(BOLD, "bold")


# The component's own way from an element to its view, for what no user can do.
DIFFER = """(() => {
  const content = document.querySelector('#editor .cm-content');
  const { view } = content.cmTile ?? content.cmView;
  view.update([view.state.update({ changes: { from: 0, to: 5, insert: 'WRONG!' } })]);
  return content.textContent;
})()"""


async def test_an_editor_that_differs_is_drawn_anew_and_counted(
    browser: Browser, fleet: Fleet
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" there")
    ada.saved()
    for count in (1, 2):
        assert ada.look(DIFFER) == "WRONG! there"
        ada.shows("Hello there")
        ada.gives("document.getElementById('editor').dataset.redraws", str(count))
        ada.saved()
    ada.type("!")
    bob.shows("Hello there!")
    said = ada.faults()
    assert said == ["The editor differed from the pad, and has been drawn anew."], "once"
