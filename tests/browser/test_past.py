"""Tests the view of the pad as it was."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import redis as redis_py

from padfleet.shared.client import connect
from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet, fleet_of_its_own
from tests.whereabouts import is_in_redis


async def _write(url: str, words: int) -> list[str]:
    """Makes a pad with a past; returns the text at each revision from 0 on."""
    async with asyncio.timeout(60), connect(url, name="Writer") as pad:
        texts = [pad.text]
        for word in range(words):
            await pad.edit(len(pad.text) - 1, 0, f" {word}" + ("\n" if word % 10 == 9 else ""))
            await pad.flush()
            texts.append(pad.text)
        return texts


def slide(page: Page, rev: int) -> None:
    page.look(
        f"(s => {{ s.value = {rev}; s.dispatchEvent(new Event('input')) }})"
        "(document.getElementById('time-slider'))"
    )


def shows_past(page: Page, text: str) -> bool:
    shown = "\n".join(page.lines("#past")) + "\n"
    assert shown == text, f"it shows {shown!r}"
    return True


async def test_the_past_is_gone_through_and_played(browser: Browser, fleet: Fleet) -> None:
    url = f"{fleet.urls[0]}/p/{new_pad()}"
    texts = await _write(url, 230)
    head = len(texts) - 1
    ada = browser.open(url.replace(fleet.urls[0], fleet.urls[1])).joined()
    ada.click("#history-button")
    ada.says("#time-words", f"Revision {head} of {head}")

    def shows(rev: int) -> None:
        def shown() -> bool:
            assert ada.words("#time-words").startswith(f"Revision {rev} of ")
            return shows_past(ada, texts[rev])

        eventually_sync(shown, f"revision {rev} is shown", timeout=20)

    for rev in (0, 99, 100, 7, 205, head, 1):
        slide(ada, rev)
        shows(rev)
    ada.click("#time-next")
    shows(2)
    slide(ada, head - 5)
    shows(head - 5)
    ada.click("#time-play")
    shows(head)
    eventually_sync(lambda: ada.do("getAttribute", "#time-play", "aria-label") == "Play")
    # What is written meanwhile makes the past longer.
    async with connect(url) as pad:
        await pad.append("and more")
        texts.append(pad.text)
    eventually_sync(lambda: f"of {head + 1}" in ada.words("#time-words"))
    slide(ada, head + 1)
    shows(head + 1)
    ada.click("#time-close")
    ada.shows(texts[-1][:-1])


def test_a_revision_is_saved_and_found_again(browser: Browser, fleet: Fleet) -> None:
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.to_end()
    ada.type(" kept")
    ada.saved()
    ada.click("#history-button")
    ada.click("#time-save")
    bob.click("#history-button")
    for page in (ada, bob):
        page.await_shown(".star")
    ada.click("#time-close")
    ada.to_end()
    ada.type(" and more")
    ada.saved()
    bob.click(".star")
    eventually_sync(lambda: bob.lines("#past") == ["Hello kept"])
    bob.says("#time-words", "saved")


async def test_a_cold_pad_is_seen_where_it_is_until_somebody_wants_to_write_on_it(
    browser: Browser, tmp_path: Path
) -> None:
    pad = new_pad()
    settings = {
        "PADFLEET_COLD_URL": f"file://{tmp_path / 'store'}",
        "PADFLEET_COLD_AFTER": "1",
        "PADFLEET_COLD_EVERY": "0.6",
    }
    with fleet_of_its_own(tmp_path, settings, workers=1) as fleet:
        url = f"{fleet.urls[0]}/p/{pad}"
        texts = await _write(url, 20)
        head = len(texts) - 1
        async with connect(url) as there:
            link = f"{fleet.urls[0]}/p/{there.read_only_id}"
        with redis_py.Redis.from_url(fleet.redis_url) as server:
            is_here = partial(is_in_redis, server, pad)
            eventually_sync(lambda: not is_here(), "nothing of it is in Redis", timeout=60)
            ada = browser.open(f"{url}/timeslider#5")
            for rev in (5, 0, head):
                slide(ada, rev)
                ada.says("#time-words", f"Revision {rev} of {head}")
                shown = partial(shows_past, ada, texts[rev])
                eventually_sync(shown, f"revision {rev} is shown", timeout=20)
            bert = browser.open(link).joined()
            bert.shows(texts[-1][:-1])
            assert not is_here(), "it was brought back"
            ada.click("#time-close")
            ada.joined().shows(texts[-1][:-1])
            ada.to_end()
            ada.type(" and on")
            ada.saved()
            assert is_here()
            bert.shows(texts[-1][:-1] + " and on")
        browser.close_all()  # before the fleet has gone
