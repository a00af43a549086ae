"""Tests the chat beside the text."""

from __future__ import annotations

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet


def said(page: Page) -> list[str]:
    return list(page.look("[...document.querySelectorAll('#lines .said')].map(l => l.textContent)"))


def test_people_chat_and_those_who_come_later_read_it(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.call_me("Ada")
    ada.click("#chat-button")
    ada.type("does anyone read this?")
    ada.press("Enter")
    eventually_sync(lambda: bob.words("#unread") == "1", "Bob is told that there is something")
    bob.click("#chat-button")
    eventually_sync(lambda: said(bob) == ["does anyone read this?"])
    eventually_sync(lambda: bob.words("#lines .who") == "Ada")
    bob.hides("#unread")
    bob.type("<b>yes</b>")
    bob.press("Enter")
    eventually_sync(lambda: said(ada) == ["does anyone read this?", "<b>yes</b>"])
    carol = browser.open(ada.look("location.href").replace(fleet.urls[0], fleet.urls[1])).joined()
    carol.click("#chat-button")
    eventually_sync(lambda: said(carol) == ["does anyone read this?", "<b>yes</b>"])


def test_what_was_said_while_a_page_was_offline_is_there_afterwards(
    browser: Browser, fleet: Fleet
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    for page in (ada, bob):
        page.click("#chat-button")
    bob.offline(True)
    eventually_sync(lambda: bob.status == "Offline", "Bob is offline")
    for word in ("one", "two"):
        ada.type(word)
        ada.press("Enter")
    eventually_sync(lambda: said(ada) == ["one", "two"])
    bob.type("lost?")
    bob.press("Enter")
    bob.says("#chat-error", "no connection")
    assert bob.do("inputValue", "#say-text") == "lost?"
    bob.offline(False)
    eventually_sync(lambda: said(bob) == ["one", "two"])
    bob.press("Enter")
    eventually_sync(lambda: said(bob) == said(ada) == ["one", "two", "lost?"])


def test_a_reader_is_told_that_the_chat_is_for_writers(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.click("#settings-button")
    reader = browser.open(ada.do("inputValue", "#read-link")).joined()
    ada.press("Escape")
    reader.click("#chat-button")
    reader.says("#chat-readers", "write")
    assert reader.do("isHidden", "#say-text")
    # What is said meanwhile is read all the same.
    ada.click("#chat-button")
    ada.type("for all")
    ada.press("Enter")
    eventually_sync(lambda: said(reader) == ["for all"])
