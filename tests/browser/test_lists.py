"""Tests numbered lists, indented lines and headings: made with keys and buttons, and read by
Etherpad."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.shared.client import connect
from padfleet.shared.easysync import attribs_of, iter_ops
from tests.acceptance.npm import new_pad
from tests.browser.browser import PHONE, Browser
from tests.browser.test_looks import check
from tests.fleet import Fleet

NARROW: dict[str, Any] = {**PHONE, "viewport": {"width": 320, "height": 640}}


async def markers(url: str) -> list[dict[str, str]]:
    """Returns the attributes of each line's marker, without the author; they are empty if there is
    no marker."""
    async with connect(url) as pad:
        found, at = dict[int, dict[str, str]](), 0
        for op in iter_ops(pad.state.attributed_text.attribs):
            attributes = attribs_of(op.attribs, pad.state.pool)
            attributes.pop("author", None)
            if attributes.get("lmkr"):
                found[at] = attributes
            at += op.chars
        starts = [0]
        for line in pad.text.split("\n")[:-2]:
            starts.append(starts[-1] + len(line) + 1)
        return [found.get(start, {}) for start in starts]


async def test_a_numbered_list_is_written_with_the_keyboard(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.press("Enter", "Control+Shift+7")
    ada.type("one")
    ada.press("Enter")
    ada.type("two")
    ada.press("Enter", "Tab")
    ada.type("below")
    ada.press("Enter", "Shift+Tab")
    ada.type("three")
    ada.press("Enter", "Enter")
    ada.type("no list")
    bob.shows("Hello\n1.one\n2.two\n1.below\n3.three\nno list")
    # One is put between; those below count on.
    ada.press("ArrowUp", "ArrowUp", "ArrowUp", "End", "Enter")
    ada.type("new")
    bob.shows("Hello\n1.one\n2.two\n3.new\n1.below\n4.three\nno list")
    ada.saved()
    common = {"insertorder": "first", "lmkr": "1"}
    expected = [("number1", "1"), ("number1", "2"), ("number1", "3"), ("number2", "1")]
    assert await markers(ada.look("location.href")) == [
        {},
        *({**common, "list": kind, "start": start} for kind, start in expected),
        {**common, "list": "number1", "start": "4"},
        {},
    ]
    # Backspace at the start of an item takes it out of the list, and undo puts it back.
    ada.press("Home", "Backspace")
    bob.shows("Hello\n1.one\n2.two\nnew\n1.below\n1.three\nno list")
    ada.press("Control+z")
    bob.shows("Hello\n1.one\n2.two\n3.new\n1.below\n4.three\nno list")


def test_several_items_are_typed_over(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.press("Enter", "Control+Shift+7")
    ada.type("one")
    ada.press("Enter")
    ada.type("two")
    ada.press("Enter")
    ada.type("three")
    ada.press("Shift+ArrowUp")
    ada.type("X")
    bob.shows("Hello\n1.one\n2.twoX")
    ada.press("Control+z")
    bob.shows("Hello\n1.one\n2.two\n3.three")
    ada.saved()


async def test_headings_and_indents_are_made_with_buttons(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.do("selectOption", "#heading", "h1")
    ada.press("End", "Enter")
    ada.type("text")
    ada.click("[data-do=indent]")
    ada.press("Enter")
    ada.type("more")
    ada.click("[data-do=outdent]")
    ada.press("Control+Alt+3")
    bob.shows("Hello\ntext\nmore")
    bob.gives("document.querySelector('#editor [role=heading].h1')?.ariaLevel", "1")
    bob.gives("document.querySelector('#editor .item.indent')?.textContent", "text")
    ada.gives("document.getElementById('heading').value", "h3")
    ada.saved()
    common = {"insertorder": "first", "lmkr": "1"}
    assert await markers(ada.look("location.href")) == [
        {**common, "heading": "h1"},
        {**common, "list": "indent1"},
        {**common, "heading": "h3"},
    ]
    html = ada.look(f"fetch('{ada.look('location.pathname')}/export/html').then(a => a.text())")
    assert "<h1>Hello</h1>" in html
    assert "<h3>more</h3>" in html


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param(PHONE, "phone", id="phone", marks=pytest.mark.thorough),
        pytest.param({**NARROW, "colorScheme": "dark"}, "narrow-dark", id="narrow-dark"),
        # test_narrow.py looks at the tools without colours, too.
        pytest.param({"forcedColors": "active"}, "forced", id="forced", marks=pytest.mark.thorough),
        pytest.param({"colorScheme": "dark"}, "dark", id="dark", marks=pytest.mark.thorough),
    ],
)
def test_everything_is_within_reach(
    browser: Browser, fleet: Fleet, options: dict[str, Any], name: str
) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}", **options).joined()
    page.to_end()
    page.do("selectOption", "#heading", "h1")
    page.press("End", "Enter")
    page.click("[data-do=numbers]")
    for item in ("a tent", "a stove", "and a line that is so long that it does not fit at all"):
        page.type(item)
        page.press("Enter")
    page.click("[data-do=indent]")
    page.type("https://example.com")
    page.press("Enter")
    page.click("[data-do=list]")
    page.type("bullet")
    page.click("[data-do=undo]")  # the last but one of the tools can be scrolled to
    page.click("[data-do=redo]")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.look(wide), "the page is not wider than the screen"
    check(page)
    page.picture(f"lists-{name}")
