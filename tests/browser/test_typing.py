"""Tests people who type on pages of their own, on different workers."""

from __future__ import annotations

import asyncio
import threading

from padfleet.shared.client import connect
from padfleet.shared.easysync import attribs_of, iter_ops, to_units
from tests.acceptance.npm import new_pad
from tests.browser.browser import TEXT, Browser, Page
from tests.crowd import crowd
from tests.eventually import eventually_sync
from tests.fleet import Fleet


async def text_of(page: Page) -> str:
    async with connect(page.look("location.href")) as pad:
        return pad.text


async def reads_along(browser: Browser, fleet: Fleet) -> None:
    """Checks that a browser has the pad's text, and that what it types itself comes deflated."""
    worker, pad = fleet.workers[0], new_pad()
    page = browser.open(f"{worker.url}/p/{pad}").joined()
    deflated = 'padfleet_fanout_deflate_bytes_total{side="after"}'
    sent, taken = worker.metric(deflated), worker.metric("padfleet_fanout_inflated_bytes_total")
    await asyncio.to_thread(crowd, worker.url, pad)
    eventually_sync(lambda: worker.metric(deflated) > sent, "something has come deflated")
    page.to_end()
    page.type(" and this one")
    page.saved()
    assert worker.metric("padfleet_fanout_inflated_bytes_total") > taken
    assert page.text() == (await text_of(page)).removesuffix("\n")


async def test_two_people_on_two_workers_type_at_once(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    bob.to_start()
    for word in range(6):
        ada.type(f" end{word}")
        bob.type(f"start{word} ")
        if word % 3 == 2:
            ada.press("Enter")
    ada.saved()
    bob.saved()
    starts = "".join(f"start{word} " for word in range(6))
    ends = "".join(f" end{word}" + ("\n" if word % 3 == 2 else "") for word in range(6))
    for page in (ada, bob):
        page.shows(f"{starts}Hello{ends}")
    assert await text_of(ada) == f"{starts}Hello{ends}\n"


async def test_formats_are_seen_by_the_other_and_kept(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.press("Enter", "Control+b")
    ada.type("bold")
    ada.press("Control+b")
    ada.type(" plain ")
    ada.click("[data-do=italic]")
    ada.type("slanted")
    bob.shows("Hello\nbold plain slanted")
    bob.gives("document.querySelector('#editor .bold')?.textContent", "bold")
    bob.gives("document.querySelector('#editor .italic')?.textContent", "slanted")
    ada.gives("document.querySelector('[data-do=italic]').ariaPressed", "true")
    ada.gives("document.querySelector('[data-do=bold]').ariaPressed", "false")

    # What is selected gets a format, and loses it by undo.
    bob.to_start()
    bob.press("Shift+End", "Control+u")
    eventually_sync(
        lambda: ada.look("document.querySelector('#editor .underline')?.textContent") == "Hello"
    )
    bob.press("Control+z")
    eventually_sync(lambda: not ada.look("!!document.querySelector('#editor .underline')"))
    bob.saved()
    async with connect(ada.look("location.href")) as pad:
        found, at = {}, 0
        for op in iter_ops(pad.state.attributed_text.attribs):
            attributes = attribs_of(op.attribs, pad.state.pool)
            for key in ("bold", "italic", "underline"):
                if attributes.get(key):
                    found[key] = pad.text[at : at + op.chars]
            at += op.chars
        assert found == {"bold": "bold", "italic": "slanted"}


async def test_lists_are_made_continued_indented_and_ended(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.press("Enter")
    ada.click("[data-do=list]")
    ada.type("one")
    ada.press("Enter")
    ada.type("two")
    ada.press("Enter", "Tab")
    ada.type("below two")
    ada.press("Enter", "Enter")
    ada.type("no list")
    bob.shows("Hello\n•one\n•two\n◦below two\nno list")
    ada.saved()
    assert await text_of(ada) == "Hello\n*one\n*two\n*below two\nno list\n"
    # The cursor does not come to stand before a marker, where typing would tear it off its line.
    bob.to_start()
    bob.press("ArrowDown", "Home")
    bob.type("number ")
    ada.shows("Hello\n•number one\n•two\n◦below two\nno list")


def test_undo_takes_back_what_i_did_and_not_what_others_did(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.press("Control+b")
    ada.type(" mine")
    bob.shows("Hello mine")
    bob.to_start()
    bob.type("theirs ")
    ada.shows("theirs Hello mine")
    ada.press("ArrowLeft", "ArrowRight")  # or it would all be one step, being done at one go
    ada.press("Control+Backspace")
    bob.shows("theirs Hello ")
    ada.press("Control+z")
    bob.shows("theirs Hello mine")
    # However the keyboard says it: with Caps Lock, Shift makes a small letter.
    for again in ("Control+Shift+z", "Control+Shift+Z", "Control+y"):
        ada.press(again)
        bob.shows("theirs Hello ")
        ada.press("Control+z")
        bob.shows("theirs Hello mine")
    # What comes back looks as before.
    bob.gives("document.querySelector('#editor .bold')?.textContent.trim()", "mine")
    ada.press("Control+z")
    bob.shows("theirs Hello")
    ada.press("Control+Shift+z")
    bob.shows("theirs Hello mine")


def test_edits_made_offline_arrive_when_the_network_is_back(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" before")
    bob.shows("Hello before")
    ada.offline(True)
    eventually_sync(lambda: ada.status == "Offline", "the page says that it is offline")
    ada.says("#notice", "Keep writing")
    ada.type(" offline")
    bob.to_start()
    bob.type("meanwhile ")
    bob.saved()
    assert bob.text() == "meanwhile Hello before"
    assert ada.text() == "Hello before offline"
    ada.offline(False)
    for page in (ada, bob):
        page.shows("meanwhile Hello before offline")
        page.saved()
    ada.hides("#notice")


def test_a_worker_is_killed_while_both_type(browser: Browser, own_fleet: Fleet) -> None:
    ada, bob = browser.two(own_fleet.urls, new_pad())
    ada.to_end()
    bob.to_start()
    ada.type(" one")
    bob.type("one ")
    worker = own_fleet.workers[0]
    worker.kill()
    ada.type(" two")
    bob.type("two ")
    eventually_sync(lambda: ada.status != "Saved", "the page notices")
    # It must not be Bob's edits that are waited for, with only Ada's worker gone.
    bob.saved()
    own_fleet.restart(worker)
    ada.type(" three")
    for page in (ada, bob):
        page.shows("one two Hello one two three")
        page.saved()
    # Where no WebSocket comes about, polling is tried too.
    browser.close_all(but=("WebSocket connection to", "ERR_CONNECTION_REFUSED"))


def test_a_person_reads_and_types_while_programs_write_as_fast_as_they_can(
    browser: Browser, fleet: Fleet
) -> None:
    """Programs write as fast as they can, in batches, while a person reads and types."""
    ada, _ = browser.two(fleet.urls, new_pad())
    before = fleet.workers[0].metric('padfleet_fanout_frames_total{type="NEW_CHANGES_BATCH"}')
    url = ada.look("location.href").replace(fleet.urls[0], fleet.urls[1])
    crowd, each = 8, 12
    storm = threading.Thread(target=_write, args=(url, crowd, each))
    storm.start()
    ada.to_start()
    ada.type("still here ")
    while storm.is_alive():
        storm.join(0.1)
        ada.type(".")
    ada.saved()

    def all_here() -> bool:
        letters = ada.text()
        return all(letters.count(chr(ord("P") + one)) == each for one in range(crowd))

    eventually_sync(all_here, "all that was written is on the page", timeout=60)
    assert ada.text().startswith("still here .")
    after = fleet.workers[0].metric('padfleet_fanout_frames_total{type="NEW_CHANGES_BATCH"}')
    assert after > before, "there was no batch: the test does not test what it says"


def _write(url: str, crowd: int, each: int) -> None:
    async def writer(letter: str) -> None:
        async with connect(url) as pad:
            for _ in range(each):
                await pad.edit(len(pad.text) - 1, 0, to_units(letter))
                await pad.flush()

    async def all_of_them() -> None:
        async with asyncio.timeout(60):
            await asyncio.gather(*(writer(chr(ord("P") + one)) for one in range(crowd)))

    asyncio.run(all_of_them())


def test_a_read_only_link_shows_what_is_written_and_takes_nothing(
    browser: Browser, fleet: Fleet
) -> None:
    ada, _ = browser.two(fleet.urls, new_pad())
    ada.click("#settings-button")
    link = ada.do("inputValue", "#read-link")
    ada.press("Escape")
    reader = browser.open(link).joined()
    # The one tool that is left is the one that changes nothing.
    tools = "[...document.querySelectorAll('#tools > :not([hidden])')].map(t => t.dataset.do)"
    assert reader.look(tools) == ["find"]
    ada.to_end()
    ada.type(" there")
    reader.shows("Hello there")
    reader.click(TEXT)
    reader.type("nothing")
    assert reader.text() == "Hello there"


def test_who_may_not_open_a_pad_is_told_so(browser: Browser, fleet: Fleet) -> None:
    stranger = browser.open(f"{fleet.urls[0]}/p/r.{'0' * 32}")
    eventually_sync(lambda: stranger.words("#notice-words") == "You don’t have access to this pad.")
    stranger.says("#status-words", "Not connected")
    stranger.hides("#tools")


def test_the_second_window_of_one_person_takes_over_and_the_first_says_so(
    browser: Browser, fleet: Fleet
) -> None:
    ada, _ = browser.two(fleet.urls, new_pad())
    again = browser.open(ada.look("location.href"), like=ada).joined()
    eventually_sync(lambda: "another window" in ada.words("#notice"))
    again.to_end()
    again.type(" again")
    again.saved()
    ada.to_end()
    ada.type("lost")
    assert ada.text() == "Hello"


def test_long_pads_are_typed_in_as_quickly_as_short_ones(browser: Browser, fleet: Fleet) -> None:
    """This is not a measurement: it checks that only the visible part is on the page."""
    ada, _ = browser.two(fleet.urls, new_pad())
    lines = 3000
    ada.to_start()
    ada.paste(plain="a line of some length that is pasted\n" * lines)
    ada.to_end()
    ada.type("the end")
    ada.saved()
    eventually_sync(lambda: ada.lines()[-1] == "Hellothe end")
    assert len(ada.lines()) < 200


async def test_a_long_pad_begins_with_what_is_in_sight(browser: Browser, fleet: Fleet) -> None:
    """Only the visible part of 200 KB by several people is drawn, coloured and linked."""
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    for author in range(4):
        async with connect(url, name=f"Author {author}") as pad:
            line = f"{author} has written this at https://example.com/ and nowhere else\n"
            await pad.edit(len(pad.text) - 1, 0, to_units(line * 800))
            await pad.flush()
    page = browser.open(url, viewport={"width": 390, "height": 844}).joined()
    assert page.look("document.querySelectorAll('#editor .cm-line').length") < 100
    assert page.look("document.querySelectorAll('#editor .cm-content span').length") < 400
    page.to_end()
    eventually_sync(lambda: "3 has written" in page.text())
    assert page.look("document.querySelectorAll('#editor .cm-line').length") < 150


async def test_a_page_reads_what_a_crowd_is_sent_deflated(browser: Browser, fleet: Fleet) -> None:
    await reads_along(browser, fleet)
