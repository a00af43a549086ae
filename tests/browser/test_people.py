"""Tests the list of people, with their names and colours."""

from __future__ import annotations

from functools import partial

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet


def others(page: Page) -> list[str]:
    return list(page.look("[...document.querySelectorAll('#others li')].map(l => l.innerText)"))


def test_each_sees_who_is_here_under_the_name_they_gave(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.call_me("Ada")
    bob.click("#people-button")
    eventually_sync(lambda: others(bob) == ["Ada"], "Ada is here")
    eventually_sync(lambda: ada.words("#people-count") == "2")
    ada.do("close")
    eventually_sync(lambda: others(bob) == [], "Ada has left")
    browser.pages.remove(ada)


def test_a_colour_is_chosen_and_seen_on_what_was_written(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" coloured")
    ada.click("#people-button")
    ada.do("fill", "#my-color", "#00aa55")
    ada.do("dispatchEvent", "#my-color", "change")
    mine = "[...document.querySelectorAll('#editor .by')].at(-1)"
    shown = f"getComputedStyle({mine}).getPropertyValue('--by').trim()"

    def has_colour(page: Page) -> bool:
        return bool(page.look(shown) == "#00aa55")

    for page in (ada, bob):
        eventually_sync(partial(has_colour, page), "it has the colour")


def test_the_name_is_kept_for_the_next_visit(browser: Browser, fleet: Fleet) -> None:
    ada, _ = browser.two(fleet.urls, new_pad())
    ada.call_me("Ada")
    again = browser.open(f"{fleet.urls[1]}/p/{new_pad()}").joined()
    again.do("close")
    browser.pages.remove(again)
    ada.do("reload")
    ada.joined()
    ada.click("#people-button")
    ada.gives("document.getElementById('my-name').value", "Ada")
