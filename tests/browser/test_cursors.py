"""Tests the cursors and selections of others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.npm import new_pad
from tests.browser.browser import DESK, PHONE, Browser, Page
from tests.browser.test_looks import check
from tests.eventually import eventually_sync
from tests.fleet import Fleet


def flags(page: Page) -> list[str]:
    """Returns the names at the visible cursors."""
    found = "[...document.querySelectorAll('.their-caret')].map(c => c.dataset.name)"
    return list(page.look(found))


def place(page: Page, name: str) -> int | None:
    """Returns how many characters of its line come before the cursor of `name`, by where it is
    drawn."""
    return page.look(  # type: ignore[no-any-return]
        """((name) => {
          const all = [...document.querySelectorAll('.their-caret')];
          const caret = all.find(c => c.dataset.name === name)?.getBoundingClientRect();
          if (caret === undefined) return null;
          const line = [...document.querySelectorAll('#editor .cm-line')].find(l => {
            const box = l.getBoundingClientRect();
            return box.top <= caret.top + 4 && caret.top + 4 < box.bottom;
          });
          const range = document.createRange();
          let count = 0;
          const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
          for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
            for (let at = 0; at < text.length; at += 1) {
              range.setStart(text, at);
              range.setEnd(text, at + 1);
              const box = range.getBoundingClientRect();
              if ((box.left + box.right) / 2 < caret.left + 1) count += 1;
            }
          }
          return count;
        })("""
        + repr(name)
        + ")"
    )


def sees_at(page: Page, name: str, characters: int) -> None:
    def seen() -> bool:
        found = place(page, name)
        assert found == characters, f"it is behind {found} characters"
        return True

    eventually_sync(seen, f"{name} is behind {characters} characters")


def test_a_cursor_is_seen_with_the_name_and_goes_with_the_text(
    browser: Browser, fleet: Fleet
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.call_me("Ada")
    bob.call_me("Bob")
    ada.to_end()
    ada.type(" from Ada")
    ada.saved()
    sees_at(bob, "Ada", len("Hello from Ada"))
    # It moves with the text that anybody writes before it, and stays within the text.
    bob.to_start()
    bob.type("Bob: ")
    bob.saved()
    sees_at(bob, "Ada", len("Bob: Hello from Ada"))
    sees_at(ada, "Bob", len("Bob: "))
    ada.press("ArrowLeft", "ArrowLeft")
    sees_at(bob, "Ada", len("Bob: Hello from A"))
    ada.press("Shift+Home")
    eventually_sync(lambda: bob.look("document.querySelectorAll('.their-selection').length") == 1)
    sees_at(bob, "Ada", 0)
    # None of this is in the text, or said aloud.
    assert bob.lines() == ["Bob: Hello from Ada"]
    assert "Ada" not in bob.words("#said")
    assert bob.look("document.querySelector('.their-cursors').getAttribute('aria-hidden')")
    ada.do("close")
    browser.pages.remove(ada)
    eventually_sync(lambda: flags(bob) == [], "who leaves has no cursor")


def test_a_later_newcomer_is_told_all_cursors(browser: Browser, fleet: Fleet) -> None:
    pad = new_pad()
    ada = browser.open(f"{fleet.urls[0]}/p/{pad}").joined()
    ada.call_me("Ada")
    ada.to_end()
    bob = browser.open(f"{fleet.urls[1]}/p/{pad}").joined()
    sees_at(bob, "Ada", len("Hello"))


def test_cursors_of_others_can_be_hidden(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.call_me("Ada")
    bob.call_me("Bob")
    ada.to_end()
    bob.to_end()
    sees_at(bob, "Ada", 5)
    sees_at(ada, "Bob", 5)
    bob.click("#settings-button")
    bob.click("#show-cursors")
    eventually_sync(lambda: flags(ada) == flags(bob) == [])
    bob.do("reload")
    bob.joined()
    assert not bob.do("isChecked", "#show-cursors")
    bob.to_end()
    bob.type("!")
    ada.shows("Hello!")
    ada.press("Home")
    assert flags(ada) == flags(bob) == []
    bob.click("#settings-button")
    bob.click("#show-cursors")
    sees_at(ada, "Bob", 6)


def test_readers_see_none_and_are_offered_none(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.call_me("Ada")
    ada.click("#settings-button")
    assert ada.do("isVisible", "#show-cursors")
    link = ada.do("inputValue", "#read-link")
    ada.press("Escape")
    reader = browser.open(link).joined()
    ada.to_end()
    ada.type("!")
    reader.shows("Hello!")
    assert flags(reader) == []
    reader.click("#settings-button")
    assert not reader.do("isVisible", "#show-cursors")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param(
            {**DESK, "colorScheme": "light"}, "desk", id="desk", marks=pytest.mark.thorough
        ),
        pytest.param(
            {**DESK, "forcedColors": "active"}, "forced", id="forced", marks=pytest.mark.thorough
        ),
        pytest.param(
            {**PHONE, "colorScheme": "dark", "reducedMotion": "reduce"},
            "still",
            id="phone-dark-still",
        ),
    ],
)
def test_cursors_are_seen_on_every_screen(
    browser: Browser, fleet: Fleet, options: dict[str, Any], name: str
) -> None:
    pad = new_pad()
    ada = browser.open(f"{fleet.urls[0]}/p/{pad}").joined()
    ada.call_me("Ada Lovelace")
    ada.to_end()
    ada.press("Enter")
    ada.type("Trains leave at 8:10 and 9:40.")
    ada.saved()
    bob = browser.open(f"{fleet.urls[1]}/p/{pad}", **options).joined()
    ada.press("Shift+Control+ArrowLeft", "Shift+Control+ArrowLeft")
    eventually_sync(lambda: flags(bob) == ["Ada Lovelace"])
    bob.await_shown(".their-caret.fresh")
    check(bob)
    bob.picture(f"cursors-{name}")
    if name == "still":
        moving = "getComputedStyle(document.querySelector('.their-caret')).transitionProperty"
        assert bob.look(moving) == "none"
