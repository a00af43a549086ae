"""Keys: for writing and for leaving, none for programs; and the sheet that lists them."""

from __future__ import annotations

from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser
from tests.eventually import eventually_sync
from tests.fleet import Fleet

FOCUSED = "document.activeElement.id || document.activeElement.className"

WISHED = """(inputType => !document.querySelector('#editor .cm-content').dispatchEvent(
  new InputEvent('beforeinput', { inputType, bubbles: true, cancelable: true })))"""
"""Asks for something by a menu. Returns whether the page does it instead of the browser."""


def test_tab_indents_and_after_escape_leaves_the_text(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.to_end()
    ada.press("Enter", "Tab")
    ada.type("in")
    assert ada.lines() == ["Hello", "    in"]
    ada.press("Control+a", "Tab")
    assert ada.lines() == ["    Hello", "        in"]
    ada.press("Shift+Tab", "Shift+Tab", "Shift+Tab")
    assert ada.lines() == ["Hello", "in"]
    assert "cm-content" in ada.look(FOCUSED)
    ada.press("Escape", "Shift+Tab")
    assert "cm-content" not in ada.look(FOCUSED)
    ada.press("Tab")
    assert "cm-content" in ada.look(FOCUSED)
    # Who comes back writes again; and a key between takes the Escape back.
    ada.press("End", "Tab")
    ada.press("Escape", "ArrowLeft", "Tab")
    assert "cm-content" in ada.look(FOCUSED)
    described = "document.activeElement.getAttribute('aria-describedby')"
    assert "Escape, then Tab" in ada.look(f"document.getElementById({described}).textContent")
    ada.saved()


def test_a_reader_leaves_the_text_by_tab(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    reader = browser.open(ada.do("inputValue", "#read-link")).joined()
    reader.do("focus", "#editor .cm-content")
    reader.press("Tab")
    assert "cm-content" not in reader.look(FOCUSED)
    reader.press("Control+s")
    assert reader.do("isHidden", "#toast")


def test_keys_of_programmers_do_nothing(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.to_end()
    ada.press("Enter")
    ada.type("second (line)")
    before = ada.lines()
    for keys in (
        "Alt+ArrowUp",
        "Shift+Alt+ArrowDown",
        "Control+]",
        "Control+[",
        "Control+Shift+k",
        "Control+Enter",
        "Control+Alt+Backslash",
        "Alt+l",
        "Control+Shift+Backslash",
    ):
        ada.press(keys)
        assert ada.lines() == before, keys
    ada.press("Control+m", "Tab")  # CodeMirror's would let Tab leave from now on
    assert "cm-content" in ada.look(FOCUSED)


def test_a_revision_is_saved_from_anywhere_on_the_page(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" kept")
    ada.saved()
    ada.press("Control+s")
    eventually_sync(lambda: ada.do("isVisible", "#toast"), "the page says that it is saved")
    for place in ("#toast", "#said"):
        ada.says(place, "has been saved")
    ada.click("#chat-button")
    ada.press("Control+s")
    bob.click("#history-button")
    bob.await_shown(".star")


def test_the_sheet_of_keys_lists_what_buttons_say_and_more(browser: Browser, fleet: Fleet) -> None:
    ada = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    ada.to_end()
    ada.press("Control+/")
    ada.await_shown("#keys[open]")
    rows = ada.look(
        "Object.fromEntries([...document.querySelectorAll('#keys-list div')].map(row =>"
        " [row.querySelector('dt').textContent,"
        " [...row.querySelectorAll('kbd')].map(key => key.textContent)]))"
    )
    assert rows["Bold"] == ["Ctrl", "B"]
    assert rows["Strikethrough"] == ["Ctrl", "Shift", "X"]
    assert rows["Leave the text"] == ["Esc", "Tab"]
    assert rows["Save the current revision"] == ["Ctrl", "S"]
    ada.press("Escape")
    ada.hides("#keys")
    ada.click("#keys-button")
    ada.await_shown("#keys[open]")
    ada.press("Escape")
    ada.hides("#keys")
    # A question mark is a letter like others.
    ada.to_end()
    ada.type("?")
    assert ada.do("isHidden", "#keys")
    assert ada.text() == "Hello?"


def test_each_line_runs_the_way_of_its_own_letters(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    for line in ("שלום עולם", "left to right", "مرحبا"):
        ada.press("Enter")
        ada.do("keyboard.insertText", line)
    ada.saved()
    for page in (ada, bob):
        page.shows("Hello\nשלום עולם\nleft to right\nمرحبا")
        directions = page.look(
            "[...document.querySelectorAll('#editor .cm-line')]"
            ".map(line => getComputedStyle(line).direction)"
        )
        assert directions == ["ltr", "rtl", "ltr", "rtl"]
    # The page's language says nothing about the text: voices and spelling find their own.
    assert ada.look("document.querySelector('#editor .cm-content').spellcheck") is True
    assert ada.look("document.querySelector('#editor .cm-content').closest('[lang]').lang") == ""
    # In a line that runs leftward, the left arrow goes on.
    ada.press("Control+Home", "ArrowDown", "Home")
    ada.press("ArrowLeft")
    ada.type("|")
    assert ada.lines()[1] == "ש|לום עולם"
    ada.saved()


def test_menus_and_gestures_give_formats(browser: Browser, fleet: Fleet) -> None:
    """On a phone, the menu of a selection has formats; browsers would only make them on the
    screen."""
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    page.to_end()
    page.press("Control+a")
    for kind, selector in (
        ("formatBold", ".bold"),
        ("formatItalic", ".italic"),
        ("formatUnderline", ".underline"),
        ("formatStrikeThrough", ".strikethrough"),
        ("insertUnorderedList", ".bullet"),
        ("insertOrderedList", ".number"),
    ):
        assert page.look(f"{WISHED}('{kind}')")
        page.await_shown(f"#editor {selector}")
    assert page.look(f"{WISHED}('formatSuperscript')")
    for _ in range(6):
        assert page.look(f"{WISHED}('historyUndo')")
    page.hides("#editor :is(.bold, .italic, .underline, .strikethrough, .number, .bullet)")
    page.shows("Hello")
    page.saved()
