"""Tests text that is dragged with the mouse."""

from __future__ import annotations

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.browser.test_equal import BOLD
from tests.eventually import eventually_sync
from tests.fleet import Fleet

SELECTED = """(() => {
  const boxes = [...getSelection().getRangeAt(0).getClientRects()];
  const box = boxes.find(({ width }) => width > 8);
  return [box.left + box.width / 2, box.top + box.height / 2];
})()"""

END_OF_LINE = """(number => {
  const box = document.querySelectorAll('#editor .cm-line')[number].getBoundingClientRect();
  return [box.right - 5, box.top + box.height / 2];
})"""


def take(page: Page) -> None:
    """Takes hold of what is selected, and moves it a little."""
    x, y = page.look(SELECTED)
    page.do("mouse.move", x, y)
    page.do("mouse.down")
    page.do("mouse.move", x + 12, y + 4, {"steps": 3})


def drop(page: Page, line: int) -> None:
    """Lets go of it at the end of a line."""
    x, y = page.look(f"{END_OF_LINE}({line})")
    page.do("mouse.move", x, y, {"steps": 3})
    page.do("mouse.up")


def test_a_bold_word_is_dragged_with_what_others_write_into_it(
    browser: Browser, fleet: Fleet
) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" bold")
    ada.press(*["Shift+ArrowLeft"] * 4, "Control+b", "End", "Enter")
    ada.type("second")
    bob.shows("Hello bold\nsecond")
    ada.press("ArrowUp", "End", *["Shift+ArrowLeft"] * 4)
    take(ada)
    bob.to_start()
    bob.press(*["ArrowRight"] * 8)
    bob.type("..")
    ada.shows("Hello bo..ld\nsecond")
    drop(ada, 1)
    for page in (ada, bob):
        page.shows("Hello \nsecondbo..ld")
        page.saved()
        page.gives(BOLD, "bo..ld")
    ada.press("Control+z")
    bob.shows("Hello bo..ld\nsecond")


def test_items_are_dragged_as_items(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.click("[data-do=list]")
    ada.press("Enter")
    ada.type("two")
    ada.press("Enter", "Enter")
    ada.type("end")
    bob.gives("document.querySelectorAll('#editor .item').length", 2)
    ada.press("Enter", "Control+Home", "Shift+ArrowDown", "Shift+End")
    take(ada)
    drop(ada, 3)
    ada.saved()
    eventually_sync(lambda: "*" not in bob.text() and bob.text() == ada.text())
    assert "Hello" in ada.lines()[-2]
    assert "two" in ada.lines()[-1]


DROP_FILE = """(selector => {
  const data = new DataTransfer();
  data.items.add(new File(['from a file\\r\\n\\0'], 'notes.txt', { type: 'text/plain' }));
  const target = document.querySelector(selector);
  const event = { dataTransfer: data, bubbles: true, cancelable: true };
  return ['dragover', 'drop'].map(kind => !target.dispatchEvent(new DragEvent(kind, event)));
})"""
"""Drops a file on an element. Returns for each event whether the browser is kept from opening the
file."""


def test_a_file_is_read_by_the_text_and_elsewhere_does_not_take_the_pages_place(
    browser: Browser, fleet: Fleet
) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    for beside in ("body", "#title", "#say-text"):
        assert ada.look(f"{DROP_FILE}('{beside}')") == [True, True]
    # The field for importing a file takes it as browsers do.
    assert ada.look(f"{DROP_FILE}('#import-file')") == [False, False]
    assert ada.look(f"{DROP_FILE}('#editor .cm-line')")[1]
    eventually_sync(lambda: "from a file" in ada.text(), "the file is in the text")
    ada.saved()
