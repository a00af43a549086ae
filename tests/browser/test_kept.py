"""A page that a test has left is used again as if it were new, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, BrowserError, Page
from tests.fleet import Fleet


def opened(browser: Browser, fleet: Fleet) -> Page:
    return browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()


def test_whoever_gets_a_page_next_is_somebody_new(browser: Browser, fleet: Fleet) -> None:
    first = opened(browser, fleet)
    first.call_me("Ada")
    first.look("localStorage.setItem('left', 'behind')")
    first.look("new Promise(made => indexedDB.open('left').onsuccess = made).then(() => 1)")
    browser.close_all()
    second = opened(browser, fleet)
    assert second.id == first.id, "the test does not test what it says"
    assert second.look("localStorage.getItem('left')") is None
    assert "left" not in second.look("indexedDB.databases().then(all => all.map(d => d.name))")
    second.click("#people-button")
    assert second.do("inputValue", "#my-name") == ""


def test_a_page_that_works_otherwise_from_then_on_is_closed(browser: Browser, fleet: Fleet) -> None:
    page = opened(browser, fleet)
    page.offline(True)
    page.offline(False)
    sharing = opened(browser, fleet)
    browser.open("about:blank", like=sharing)
    browser.close_all()
    assert opened(browser, fleet).id not in {page.id, sharing.id}


def test_a_page_that_cannot_be_made_like_new_is_closed(
    browser: Browser, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(browser, fleet)
    order = browser.order

    def failing(on: str, call: str, *args: Any) -> Any:
        if call == "forget":
            raise BrowserError("it hangs")
        return order(on, call, *args)

    with monkeypatch.context() as patch:
        patch.setattr(browser, "order", failing)
        browser.close_all()
    assert opened(browser, fleet).id != page.id
