"""Tests Etherpad's own page, on Etherpad's server and on ours: only `/socket.io/` goes elsewhere.

It needs an Etherpad 3.3 with its default settings, whose address is in ETHERPAD_URL, and nginx.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.etherpad import URL, needs_url
from tests.eventually import eventually_sync
from tests.fleet import Fleet
from tests.nginx import nginx, serving
from tests.processes import free_ports

pytestmark = needs_url

INNER = (
    "document.querySelector('iframe[name=ace_outer]')?.contentDocument"
    ".querySelector('iframe[name=ace_inner]')?.contentDocument"
)
BODY = f"{INNER}?.querySelector('#innerdocbody')"


@pytest.fixture
def padfleet(fleet: Fleet, tmp_path: Path) -> Iterator[str]:
    """Runs Etherpad and the fleet behind one address, as deploy/balancer/nginx.conf does."""
    (port,) = free_ports(1)
    workers = [worker.port for worker in fleet.workers]
    with serving(nginx(tmp_path, port, workers, urlsplit(URL).netloc), port) as url:
        yield url


@pytest.fixture(params=["etherpad", "padfleet"])
def server(request: pytest.FixtureRequest) -> str:
    """The address of either server: tests have to pass on both."""
    return URL if request.param == "etherpad" else str(request.getfixturevalue("padfleet"))


@pytest.fixture
def stock(running_browser: Browser) -> Iterator[Browser]:
    yield running_browser
    for page in running_browser.pages:
        page.faults()  # Etherpad's page asks for an icon that is not there
    running_browser.close_all()


def text(page: Page) -> str:
    # A space at the end of what one author wrote is drawn as one that does not break.
    return str(page.look(f"{BODY}?.innerText ?? ''")).replace("\xa0", " ")


def has(page: Page, selector: str) -> bool:
    return bool(page.look(f"!!{INNER}.querySelector({selector!r})"))


def eventually(what: str, condition: Callable[..., object], *words: object) -> None:
    eventually_sync(partial(condition, *words), what, timeout=30)


def opened(browser: Browser, url: str) -> Page:
    page = browser.open(url)
    ready = f"{BODY}?.contentEditable === 'true' && !!document.querySelector('#online_count')"
    eventually_sync(lambda: page.look(ready), "the editor is there", timeout=40)
    return page


def two(browser: Browser, server: str) -> tuple[Page, Page]:
    pad = f"{server}/p/{new_pad()}"
    return opened(browser, pad), opened(browser, pad)


def at_start(page: Page) -> None:
    page.do("mouse.click", 300, 300)
    page.press("Control+Home")


def test_typing_formats_lists_and_undo(stock: Browser, server: str) -> None:
    ada, bob = two(stock, server)
    at_start(ada)
    ada.type("Hello from Ada. ")
    eventually("what Ada typed", lambda: "Hello from Ada." in text(bob))
    at_start(bob)
    bob.press("Control+End")
    bob.type("And Bob is here")
    eventually("what Bob typed", lambda: "And Bob is here" in text(ada))
    at_start(ada)
    ada.press(*["Shift+ArrowRight"] * 5, "Control+b")
    eventually("it is bold", has, bob, "b")
    ada.click(".buttonicon-insertunorderedlist")
    eventually("it is a list", has, bob, "ul li")
    ada.press("Control+z")
    eventually("the list is undone", lambda: not has(bob, "ul li"))
    eventually("both have the same", lambda: text(ada) == text(bob))


def test_chat_names_and_who_is_here(stock: Browser, server: str) -> None:
    ada, bob = two(stock, server)
    ada.click(".buttonicon-showusers")
    ada.do("fill", "#myusernameedit", "Ada")
    ada.press("Enter")
    bob.click(".buttonicon-showusers")
    names = "document.querySelector('#otheruserstable')?.innerText ?? ''"
    eventually("Ada's name", lambda: "Ada" in bob.look(names))
    ada.click("#chaticon")
    ada.do("fill", "#chatinput", "shall we?")
    ada.press("Enter")
    said = "document.querySelector('#chattext')?.textContent ?? ''"
    for page in (ada, bob):
        eventually("what was said", lambda page=page: "shall we?" in page.look(said))
    late = opened(stock, str(ada.look("location.href")))
    eventually("what was said before it came", lambda: "shall we?" in late.look(said))


def test_what_was_typed_offline_is_merged_when_the_page_is_back(
    stock: Browser, server: str
) -> None:
    ada, bob = two(stock, server)
    at_start(bob)
    bob.type("before ")
    eventually("it", lambda: "before" in text(ada))
    bob.offline(True)
    at_start(ada)
    ada.press("Control+End")
    ada.type("while Bob was away")
    bob.offline(False)
    eventually("what was missed", lambda: "while Bob was away" in text(bob))
    eventually("both have the same", lambda: text(ada) == text(bob))


def test_history_and_the_read_only_page(stock: Browser, server: str) -> None:
    ada, bob = two(stock, server)
    at_start(ada)
    ada.type("The past. ")
    eventually("it", lambda: "The past." in text(bob))
    ada.click(".buttonicon-history")
    past = (
        "[...document.querySelectorAll('iframe')].some(f => f.src.includes('timeslider') && "
        "f.contentDocument?.body?.innerText.includes('The past.'))"
    )
    eventually("the history", lambda: ada.look(past))
    bob.click(".buttonicon-embed")
    bob.do("check", "#readonlyinput", {"force": True})
    link = str(bob.do("inputValue", "#linkinput"))
    assert "/p/r." in link
    reader = stock.open(f"{server}{urlsplit(link).path}")
    eventually("the pad", lambda: "The past." in text(reader))
    carol = opened(stock, str(bob.look("location.href")))
    at_start(carol)
    carol.type("More. ")
    eventually("what is typed now", lambda: "More. The past." in text(reader))
