"""Tests a page that is written on before all of it is there; it catches up with whatever happens
meanwhile."""

from __future__ import annotations

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet

REST = "**/assets/rest-*"
WATCHED = """(() => {
  const words = document.getElementById('status-words');
  window.said = [];
  new MutationObserver(() => window.said.push(words.textContent)).observe(words, {
    childList: true, characterData: true, subtree: true,
  });
})()"""
"""Keeps what the status says."""

CONNECTIONS = """(() => {
  window.connections = 0;
  window.WebSocket = class extends WebSocket {
    constructor(...address) {
      super(...address);
      window.connections += 1;
    }
  };
})()"""
"""Counts the WebSockets that a page opens."""

PARSED_LATE = """(() => {
  const loading = { configurable: true, get: () => 'loading' };
  Object.defineProperty(document, 'readyState', loading);
  document.addEventListener('DOMContentLoaded', (event) => {
    if (!event.isTrusted) return;
    event.stopImmediatePropagation();
    setTimeout(() => {
      delete document.readyState;
      document.dispatchEvent(new Event('DOMContentLoaded', { bubbles: true }));
    }, 2000);
  }, true);
})()"""
"""Makes a page take itself for parsed two seconds after it is."""

WRITTEN = "document.activeElement.closest('#editor') !== null"


def half(browser: Browser, url: str) -> Page:
    """Returns a page that can be written on, and whose other parts do not arrive."""
    page = browser.open("about:blank")
    page.do("hold", REST)
    page.do("goto", url)
    page.await_shown("body.ready")
    eventually_sync(lambda: page.do("holds") > 0, "the rest of the page is asked for")
    return page


def test_one_writes_before_the_rest_is_there(browser: Browser, fleet: Fleet) -> None:
    pad = new_pad()
    ben = browser.open(f"{fleet.urls[1]}/p/{pad}").joined()
    ada = half(browser, f"{fleet.urls[0]}/p/{pad}")
    assert not ada.look("document.body.classList.contains('furnished')")
    assert ada.look(WRITTEN)
    ada.press("Control+End")
    ada.type(", early bird")
    ben.shows("Hello, early bird")
    ben.to_end()
    ben.type("!")
    ada.shows("Hello, early bird!")
    # What is said of the connection is true by now, and not when the rest comes.
    ada.saved()
    # It looks as it will, and is named to who cannot see it.
    assert ada.do("getAttribute", "#editor .cm-content", "aria-label") == "Text of the pad"
    color = "getComputedStyle(document.querySelector('#editor .cm-line span')).backgroundColor"
    before = ada.look(color)
    assert before not in ("", "rgba(0, 0, 0, 0)")
    ada.do("letGo")
    ada.joined()
    ada.saved()
    assert ada.look(color) == before


def test_what_is_pressed_too_early_is_done_when_it_can_be(browser: Browser, fleet: Fleet) -> None:
    ada = half(browser, f"{fleet.urls[0]}/p/{new_pad()}")
    ada.press("Control+a")
    ada.click("[data-do=bold]")
    ada.do("selectOption", "#heading", "h2")
    ada.click("#chat-button")
    ada.press("Control+/")
    assert ada.do("isHidden", "#panel")
    ada.do("letGo")
    ada.joined()
    ada.await_shown("#chat-panel")
    ada.await_shown("#keys[open]")
    ada.await_shown("#editor .cm-line.h2, #editor .cm-line .h2, #editor .h2")
    ada.gives("document.querySelector('[data-do=bold]').getAttribute('aria-pressed')", "true")
    ada.saved()


def test_the_search_opens_when_it_can(browser: Browser, fleet: Fleet) -> None:
    ada = half(browser, f"{fleet.urls[0]}/p/{new_pad()}")
    ada.press("Control+f")
    ada.do("letGo")
    ada.await_shown(".find")
    ada.saved()


def test_nothing_that_is_published_once_is_missed(browser: Browser, fleet: Fleet) -> None:
    pad = new_pad()
    ben = browser.open(f"{fleet.urls[1]}/p/{pad}").joined()
    ada = half(browser, f"{fleet.urls[0]}/p/{pad}")
    ben.click("#chat-button")
    ben.do("fill", "#say-text", "are you there?")
    ben.press("Enter")
    ben.press("Control+s")
    eventually_sync(lambda: "are you there?" in ben.words("#lines"), "it is said")
    ben.to_end()
    ben.type("!")
    ada.shows("Hello!")  # so all that came before it has arrived
    ada.do("letGo")
    ada.joined()
    eventually_sync(lambda: ada.words("#unread") == "1", "it is unread")
    ada.click("#chat-button")
    eventually_sync(lambda: "are you there?" in ada.words("#lines"), "it is read")
    assert ada.words("#lines").count("are you there?") == 1
    ada.click("#history-button")
    eventually_sync(lambda: ada.look("document.querySelectorAll('#time-stars > *').length") == 1)


def test_what_could_not_be_loaded_is_asked_for_again(browser: Browser, fleet: Fleet) -> None:
    ada = half(browser, f"{fleet.urls[0]}/p/{new_pad()}")
    ada.do("fail")
    ada.await_shown("#incomplete")
    ada.picture("incomplete")
    ada.says("#incomplete", "keeps trying")
    ada.press("Control+End")
    ada.type("!")
    ada.do("letGo")
    ada.joined()
    ada.hides("#incomplete")
    ada.saved()
    browser.close_all(but=("ERR_FAILED", "the rest of the page cannot be had"))


def test_words_that_could_not_be_loaded_are_asked_for_again(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open("about:blank")
    ada.do("hold", "**/assets/de-*")
    ada.do("goto", f"{fleet.urls[0]}/p/{new_pad()}?lang=de")

    def failed() -> bool:
        ada.do("fail")
        return bool(ada.look("!document.querySelector('#incomplete').hidden"))

    eventually_sync(failed, "the words cannot be had", timeout=30)
    ada.press("Control+End")
    ada.type("!")
    ada.do("letGo")
    ada.joined()
    ada.hides("#incomplete")
    ada.click("#settings-button")
    ada.says("#settings-title", "Teilen")
    ada.says("#status-words", "Gespeichert")
    browser.close_all(but=("ERR_FAILED", "the rest of the page cannot be had"))


def test_a_pad_is_asked_for_before_the_pages_script_is_there(
    browser: Browser, fleet: Fleet
) -> None:
    pad = new_pad()
    ben = browser.open(f"{fleet.urls[1]}/p/{pad}").joined()
    ada = browser.open("about:blank")
    ada.do("addInitScript", {"content": CONNECTIONS})
    ada.do("hold", "**/assets/pad-*")
    ada.do("goto", f"{fleet.urls[0]}/p/{pad}", {"waitUntil": "commit"})
    eventually_sync(lambda: ben.words("#people-count") == "2", "Ada is on the pad")
    ben.to_end()
    ben.type(", Ada")
    assert ada.status == "Loading…"
    ada.do("letGo")
    ada.joined()
    ada.shows("Hello, Ada")
    ada.press("Control+End")
    ada.type(" and Ben")
    ben.shows("Hello, Ada and Ben")
    # The page goes on with the connection that it found.
    assert ada.look("window.connections") == 1
    # If that breaks, it opens others by itself.
    ada.offline(True)
    ada.says("#status-words", "Offline")
    ada.offline(False)
    ada.saved()
    browser.close_all(but="ERR_INTERNET_DISCONNECTED")


def test_each_stage_of_the_way_to_a_pad_is_said(browser: Browser, fleet: Fleet) -> None:
    page = browser.open("about:blank")
    page.do("addInitScript", {"content": "window.begun = null"})  # nothing has been asked for
    page.do("hold", "**/assets/pad-*")
    page.do("goto", f"{fleet.urls[0]}/p/{new_pad()}?lang=de", {"waitUntil": "commit"})
    eventually_sync(lambda: page.do("holds") > 0, "the page's script is asked for")
    eventually_sync(lambda: page.status == "Laden …", "nothing connects yet")
    page.look(WATCHED)
    page.do("letGo")
    page.joined()
    eventually_sync(lambda: page.status == "Gespeichert", "it is there")
    said = page.look("window.said")
    wanted = ["Verbinden …", "Pad wird geöffnet …", "Gespeichert"]
    assert [words for words in said if words in wanted] == wanted


def test_a_page_without_its_script_says_so(browser: Browser, fleet: Fleet) -> None:
    page = browser.open("about:blank")
    page.do("hold", "**/assets/pad-*")
    page.do("goto", f"{fleet.urls[0]}/p/{new_pad()}", {"waitUntil": "commit"})
    eventually_sync(lambda: page.do("holds") > 0, "the page's script is asked for")
    assert page.do("isHidden", "#not-loaded")
    page.do("fail")
    page.await_shown("#not-loaded")
    page.picture("not-loaded")
    page.do("letGo")
    page.click("#not-loaded a")
    page.joined()
    assert page.do("isHidden", "#not-loaded")
    browser.close_all(but="ERR_FAILED")


def test_a_pad_that_comes_before_the_page_has_been_parsed_is_saved(
    browser: Browser, fleet: Fleet
) -> None:
    """The status then missed that the pad had come, and said "Saving…" forever."""
    page = browser.open("about:blank")
    page.do("addInitScript", {"content": PARSED_LATE})
    page.do("goto", f"{fleet.urls[0]}/p/{new_pad()}")
    page.joined().to_end()
    page.type("!")
    page.saved()
