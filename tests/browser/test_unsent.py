"""Tests that text that was unsent when its page was closed is offered when its author returns."""

from __future__ import annotations

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet

KEPT = """new Promise((resolve) => {
  const request = indexedDB.open("padfleet", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("drafts", { keyPath: "id" });
  request.onsuccess = () => {
    const all = request.result.transaction("drafts").objectStore("drafts").getAll();
    all.onsuccess = () => {
      request.result.close();
      resolve(all.result.map((draft) => draft.changesets.join()).join());
    };
  };
})"""


def closed_with(browser: Browser, fleet: Fleet, words: str) -> tuple[Page, Page]:
    """Returns Ada's new page, after one of hers was closed with these words unsent, and Bob's."""
    ada, bob = browser.two(fleet.urls, new_pad())
    second = browser.open("about:blank", like=ada)  # keeps her browser open
    ada.to_end()
    ada.type("sent. ")
    ada.saved()
    ada.offline(True)
    eventually_sync(lambda: ada.status == "Offline", "Ada is offline")
    ada.type(words)
    eventually_sync(lambda: words in ada.look(KEPT), "it is kept")
    href = ada.look("location.href")
    browser.pages.remove(ada)
    ada.do("close")
    second.offline(False)
    bob.to_start()
    bob.type("Bob was here. ")
    bob.saved()
    again = browser.open(href, like=second).joined()
    again.await_shown("#unsent")
    again.says("#unsent p", words.strip())
    assert words not in again.text()
    return again, bob


def test_what_was_not_sent_is_put_back_where_it_belongs(browser: Browser, fleet: Fleet) -> None:
    ada, bob = closed_with(browser, fleet, "never sent. ")
    ada.click("#unsent button:first-of-type")
    eventually_sync(lambda: "sent. never sent. " in bob.text(), "Bob sees it", timeout=30)
    eventually_sync(lambda: "Bob was here. " in ada.text())
    ada.saved()
    eventually_sync(lambda: ada.look(KEPT) == "", "it is not kept any more")
    ada.gives("document.querySelector('#unsent') === null", True)


def test_the_last_edit_before_a_page_closes_is_kept(browser: Browser, fleet: Fleet) -> None:
    """They were kept only a moment after they had been written."""
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    second = browser.open("about:blank", like=ada)
    href = ada.look("location.href")
    ada.to_end()
    ada.offline(True)
    eventually_sync(lambda: ada.status == "Offline", "Ada is offline")
    ada.look(
        "document.execCommand('insertText', false, ' last words'),"
        " setTimeout(() => location.assign('about:blank')), undefined"
    )
    ada.do("waitForURL", "about:blank")
    second.offline(False)
    again = browser.open(href, like=second).joined()
    again.says("#unsent p", "last words")


def test_a_page_that_was_kept_for_the_way_back_goes_on(browser: Browser, fleet: Fleet) -> None:
    """Some browsers keep pages that are left, and show them as they were when the user comes
    back."""
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" there")
    bob.shows("Hello there")
    told = "dispatchEvent(new PageTransitionEvent('{}', {{ persisted: true }}))"
    ada.look(told.format("pagehide"))
    eventually_sync(lambda: ada.status == "Offline", "it has no connection any more")
    eventually_sync(lambda: bob.words("#people-count") == "1", "nobody is there")
    bob.to_start()
    bob.type("Meanwhile: ")
    bob.saved()
    ada.look(told.format("pageshow"))
    ada.shows("Meanwhile: Hello there")
    ada.type("!")
    bob.shows("Meanwhile: Hello there!")
    ada.saved()


def test_a_discarded_draft_is_not_offered_again(browser: Browser, fleet: Fleet) -> None:
    ada, bob = closed_with(browser, fleet, "on second thoughts. ")
    ada.click("#unsent button:last-of-type")
    eventually_sync(lambda: ada.look(KEPT) == "", "it is not kept any more")
    again = browser.open(ada.look("location.href"), like=ada).joined()
    again.to_end()
    again.type("Ada is back. ")
    eventually_sync(lambda: "Ada is back. " in bob.text())
    assert "second thoughts" not in bob.text()
    assert again.look("document.querySelector('#unsent') === null")
