"""Links in the text and in the chat: what is one, and how it is opened."""

from __future__ import annotations

from typing import Any

from padfleet.shared.client import connect
from padfleet.shared.easysync import to_units
from tests.acceptance.npm import new_pad
from tests.browser.browser import PHONE, Browser, Page
from tests.browser.test_looks import check
from tests.eventually import eventually_sync
from tests.fleet import Fleet

HREFS = "[...document.querySelectorAll('{root} a')].map(link => link.getAttribute('href'))"
NOT_OURS = "[...document.querySelectorAll('{root} a')].filter(link => link.target !== '_blank' || "
NOT_OURS += "link.rel !== 'noopener noreferrer nofollow').length"

TEXT = "see https://example.com/a_(b)., www.example.org; javascript:alert(1) and data:text/html,x\n"
WANTED = ["https://example.com/a_(b)", "http://www.example.org/"]


async def written(url: str, text: str) -> None:
    async with connect(url) as pad:
        await pad.edit(0, len(pad.text) - 1, to_units(text))
        await pad.flush()


def opened(page: Page) -> list[str]:
    """Returns what the page would have opened since it was told to record it instead."""
    return list(page.look("globalThis.opened"))


def listen(page: Page) -> None:
    page.look(
        "globalThis.opened = [],"
        " window.open = (href, target, how) => { opened.push([href, target, how].join(' ')) },"
        " undefined"
    )


async def test_links_in_the_text_are_opened_by_key_and_by_click(
    browser: Browser, fleet: Fleet
) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await written(url, TEXT)
    page = browser.open(url).joined()
    eventually_sync(lambda: page.look(HREFS.format(root="#editor .cm-content")) == WANTED)
    assert page.look(NOT_OURS.format(root="#editor .cm-content")) == 0
    listen(page)

    # Where one writes, a click is for the cursor. It shows how to open the link.
    page.click("#editor a.link")
    assert opened(page) == []
    page.await_shown(".link-hint a")
    assert page.words(".link-hint a") == "Open example.com"
    assert page.look(NOT_OURS.format(root=".link-hint")) == 0
    check(page)
    page.picture("link")
    page.press("Control+Enter")
    page.do("click", "#editor a.link", {"modifiers": ["Control"]})
    how = " _blank noopener,noreferrer"
    assert opened(page) == [f"{WANTED[0]}{how}"] * 2
    page.to_start()
    eventually_sync(lambda: page.look("document.querySelector('.link-hint') === null"))

    # As it is typed: the link ends with the word.
    page.type("https://example.net/typed ")
    eventually_sync(
        lambda: (
            page.look(HREFS.format(root="#editor .cm-content"))[0] == "https://example.net/typed"
        )
    )
    page.saved()


async def test_links_on_a_phone_are_opened_by_touch(browser: Browser, fleet: Fleet) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await written(url, TEXT)
    options: dict[str, Any] = dict(PHONE)
    page = browser.open(url, **options).joined()
    page.do("tap", "#editor a.link")
    page.await_shown(".link-hint a")
    left, right, height = page.look(
        "(({ left, right, height }) => [left, right, height])"
        "(document.querySelector('.link-hint a').getBoundingClientRect())"
    )
    assert left >= 0
    assert right <= 390
    assert height >= 36
    page.picture("link-phone")


async def test_a_reader_opens_links_with_a_click(browser: Browser, fleet: Fleet) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    await written(url, TEXT)
    writer = browser.open(url).joined()
    writer.click("#settings-button")
    reader = browser.open(writer.do("inputValue", "#read-link")).joined()
    listen(reader)
    reader.click("#editor a.link")
    assert opened(reader) == [f"{WANTED[0]} _blank noopener,noreferrer"]


def test_links_in_the_chat(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    for page in (ada, bob):
        page.click("#chat-button")
    ada.do("fill", "#say-text", TEXT.strip())
    ada.press("Enter")
    for page in (ada, bob):
        page.await_shown("#lines a")
        assert page.look(HREFS.format(root="#lines")) == WANTED
        assert page.look(NOT_OURS.format(root="#lines")) == 0
        assert page.words("#lines .said") == TEXT.strip()
