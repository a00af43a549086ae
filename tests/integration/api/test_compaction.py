"""Tests the HTTP API call that removes the old revisions of a pad."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from padfleet.shared.client import connect
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, ApiFailed, Caller
from tests.tools import padfleet


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("compaction")
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_SNAPSHOT_EVERY": "5",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_PAD_COMPACTION": "true",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def allowed(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0], version="1.3.1") as caller:
        yield caller


async def written(api: Caller, revisions: int = 6) -> tuple[str, str]:
    """Makes a pad with this many revisions after its first one, each of which adds a letter.
    Returns the pad's id and its author."""
    pad = f"old-{secrets.token_hex(4)}"
    author = (await api.createAuthor(name="Ada"))["authorID"]
    await api.createPad(padID=pad, text="", authorId=author)
    for number in range(revisions):
        await api.appendText(padID=pad, text="abcdefghij"[number % 10], authorId=author)
    return pad, author


async def test_compacting_all_leaves_one_revision_and_the_text(
    allowed: Caller, fleet: Fleet
) -> None:
    pad, author = await written(allowed)
    await allowed.appendChatMessage(padID=pad, text="hello", authorID=author)
    await allowed.saveRevision(padID=pad, rev="2")
    link = await allowed.getReadOnlyID(padID=pad)
    html = await allowed.getHTML(padID=pad)
    assert await allowed.compactPad(padID=pad) == {"ok": True, "mode": "all"}
    assert await allowed.getRevisionsCount(padID=pad) == {"revisions": 0}
    assert await allowed.getText(padID=pad) == {"text": "abcdef\n"}
    assert await allowed.getHTML(padID=pad) == html
    assert await allowed.listAuthorsOfPad(padID=pad) == {"authorIDs": [author]}
    assert pad in (await allowed.listPadsOfAuthor(authorID=author))["padIDs"]
    assert (await allowed.getChatHistory(padID=pad))["messages"][0]["text"] == "hello"
    assert await allowed.listSavedRevisions(padID=pad) == {"savedRevisions": []}
    assert await allowed.getReadOnlyID(padID=pad) == link
    # It is a pad like any other, from its first revision on.
    await allowed.appendText(padID=pad, text="!", authorId=author)
    assert await allowed.getText(padID=pad, rev="0") == {"text": "abcdef\n"}
    assert await allowed.getText(padID=pad) == {"text": "abcdef!\n"}
    ended = await padfleet(fleet.redis_url, "verify", "--all")
    assert ended.code == 0, ended


async def test_the_newest_revisions_stay_if_asked(allowed: Caller) -> None:
    pad, _ = await written(allowed)
    for rev in ("2", "5"):
        await allowed.saveRevision(padID=pad, rev=rev)
    changed = await allowed.createDiffHTML(padID=pad, startRev="4", endRev="6")
    said = {"ok": True, "mode": "keepLast", "keepRevisions": 2}
    assert await allowed.compactPad(padID=pad, keepRevisions="2") == said
    assert await allowed.getRevisionsCount(padID=pad) == {"revisions": 2}
    texts = [(await allowed.getText(padID=pad, rev=str(rev)))["text"] for rev in range(3)]
    assert texts == ["abcd\n", "abcde\n", "abcdef\n"]
    assert await allowed.listSavedRevisions(padID=pad) == {"savedRevisions": [1]}
    same = await allowed.createDiffHTML(padID=pad, startRev="0", endRev="2")
    assert same["html"].partition("</style>")[2] == changed["html"].partition("</style>")[2]
    # There is nothing more to take away.
    for keep in ("2", "9"):
        said = {"ok": False, "mode": "keepLast", "keepRevisions": int(keep)}
        assert await allowed.compactPad(padID=pad, keepRevisions=keep) == said
    assert await allowed.getText(padID=pad) == {"text": "abcdef\n"}


@pytest.mark.parametrize("keep", ["-1", "x", "1.5"])
async def test_how_many_is_a_number(allowed: Caller, keep: str) -> None:
    pad, _ = await written(allowed, 1)
    refused = await allowed.refusal("compactPad", padID=pad, keepRevisions=keep)
    assert refused == (1, "keepRevisions must be a non-negative integer")
    assert await allowed.refusal("compactPad", padID="none") == (1, "padID does not exist")


async def test_I5_who_has_it_open_is_told_to_reload(allowed: Caller) -> None:
    pad, _ = await written(allowed)
    async with Guest(allowed.url) as guest:
        await guest.join(pad)
        await allowed.compactPad(padID=pad)
        await guest.hears(lambda: [m for m in guest.messages if "disconnect" in m])


async def test_I1_an_edit_made_meanwhile_is_not_lost(allowed: Caller) -> None:
    pad, author = await written(allowed, 30)
    stopped = asyncio.Event()

    async def write() -> int:
        number = 0
        while not stopped.is_set():
            await allowed.appendText(padID=pad, text=f"<{number}>", authorId=author)
            number += 1
        return number

    writing = asyncio.create_task(write())
    for _ in range(5):
        with suppress(ApiFailed):  # somebody was quicker
            await allowed.call("compactPad", padID=pad, keepRevisions="3")
    stopped.set()
    number = await writing
    assert number > 0
    text = (await allowed.getText(padID=pad))["text"]
    assert all(text.count(f"<{n}>") == 1 for n in range(number)), text
    async with connect(f"{allowed.url}/p/{pad}") as opened:
        assert opened.text == text
