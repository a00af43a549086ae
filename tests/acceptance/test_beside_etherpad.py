"""Compares the HTTP API, files and import with a real Etherpad: the same calls have to get the same
answers.

It runs if ETHERPAD_URL names one that may be written on (3.3, `authenticationMethod: apikey`), with
the key in ETHERPAD_API_KEY and, if it keeps its records there, the file in ETHERPAD_DIRTY_DB. Its
`importExportRateLimiting` has to be raised for the time.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.wire.jsontext import loads
from tests.etherpad import URL, needs_url
from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, ApiFailed, Caller
from tests.integration.api.test_files import check_as_etherpad_does
from tests.tools import padfleet

pytestmark = needs_url

LATER = str(int(time.time()) + 86_400)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("beside")
    settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_API_KEY": KEY}
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def ours(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0]) as caller:
        yield caller


@pytest.fixture
async def theirs() -> AsyncIterator[Caller]:
    async with Caller(URL, key=os.environ.get("ETHERPAD_API_KEY", ""), ours=False) as caller:
        yield caller


class Both:
    """Calls both, and compares what they say; names that they have made are put into later calls
    by `{name}`."""

    def __init__(self, ours: Caller, theirs: Caller) -> None:
        self._sides = (ours, theirs)
        self._names: tuple[dict[str, str], dict[str, str]] = ({}, {})

    async def call(self, function: str, /, *, keep: str = "", **fields: str) -> None:
        answers = []
        for caller, names in zip(self._sides, self._names, strict=True):
            given = {name: value.format(**names) for name, value in fields.items()}
            try:
                data = await caller.call(function, **given)
            except ApiFailed as error:
                data = ("refused", error.code, str(error))
            if keep:
                names[keep] = data[keep]
            answers.append(masked(data, names))
        assert answers[0] == answers[1], (function, fields)


def masked(value: Any, names: dict[str, str]) -> Any:
    """Returns a value without its random parts and its times."""
    if isinstance(value, dict):
        return {masked(k, names): masked(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(item, names) for item in value]
    if isinstance(value, str):
        for name, made in names.items():
            value = value.replace(made, f"<{name}>")
        if value.isdecimal() and len(value) == 13:
            return "<now>"  # Etherpad keeps a time that the caller gives as the text that it was
        return re.sub(r"\b[ar]\.[A-Za-z0-9]{16,32}|\bs\.\w{16,32}|[0-9a-f]{64}", "<made>", value)
    if isinstance(value, int) and value > 1_600_000_000_000:
        return "<now>"
    return value


async def test_the_same_calls_have_the_same_answers(ours: Caller, theirs: Caller) -> None:
    both = Both(ours, theirs)
    p = f"beside-{secrets.token_hex(4)}"
    await both.call("checkToken")
    await both.call("createAuthor", name="Ada", keep="authorID")
    await both.call("createAuthorIfNotExistsFor", authorMapper=p, name="Bob 😀")
    await both.call("getAuthorName", authorID="{authorID}")
    await both.call("getAuthorName", authorID="a.none")
    await both.call("listPadsOfAuthor", authorID="a.none")
    await both.call("createPad", padID=p, text="one\ntwo", authorId="{authorID}")
    await both.call("createPad", padID=p, text="again")
    await both.call("createPad", padID="a$b")
    await both.call("createPad", padID="a/b")
    await both.call("createPad", padID="x" * 51)
    await both.call("createPad", padID=f"{p}-long", text="x" * 100_001)
    for name in (
        "getText",
        "getHTML",
        "getRevisionsCount",
        "getRevisionChangeset",
        "getLastEdited",
        "getAttributePool",
        "listAuthorsOfPad",
        "getSavedRevisionsCount",
        "listSavedRevisions",
        "getChatHead",
        "getChatHistory",
        "getReadOnlyID",
        "padUsersCount",
        "padUsers",
        "setText",
        "getPublicStatus",
    ):
        await both.call(name, padID=p)
        await both.call(name, padID=f"{p}-none")
        if name not in ("padUsersCount", "padUsers", "getPublicStatus"):
            await both.call(name)
    await both.call("appendText", padID=p, text="three\nä😀", authorId="{authorID}")
    await both.call("appendText", padID=p, text=" by nobody")
    await both.call("setText", padID=p, text="all\r\nnew\ttext")
    await both.call("listPadsOfAuthor", authorID="{authorID}")
    for rev in ("0", "1", "2", "3", "4", "x", "-1", "1.5", ""):
        for name in ("getText", "getHTML"):
            await both.call(name, padID=p, rev=rev)
    await both.call("restoreRevision", padID=p, rev="1")
    await an_empty_line_more(ours, theirs, p)
    await both.call("setText", padID=p, text="the same again")
    await both.call("restoreRevision", padID=p)
    await both.call("restoreRevision", padID=p, rev="99")
    await both.call("getText", padID=p)
    await both.call("getRevisionsCount", padID=p)
    await both.call("listAuthorsOfPad", padID=p)
    await both.call("saveRevision", padID=p)
    await both.call("saveRevision", padID=p, rev="0")
    await both.call("saveRevision", padID=p, rev="0")
    await both.call("saveRevision", padID=p, rev="99")
    await both.call("listSavedRevisions", padID=p)
    for number in range(3):
        await both.call(
            "appendChatMessage",
            padID=p,
            text=f"<{number}>",
            authorID="{authorID}",
            time="1700000000000",
        )
    await both.call("appendChatMessage", padID=f"{p}-none", text="x", authorID="{authorID}")
    await both.call("appendChatMessage", padID=p, authorID="{authorID}")
    # Only up to the last one: to Etherpad these are texts, and 1 behind 1 is 11.
    for start, end in (("0", "2"), ("1", "2"), ("2", "1"), ("-1", "1"), ("1", "-1"), ("3", "4")):
        await both.call("getChatHistory", padID=p, start=start, end=end)
    await both.call("getChatHistory", padID=p)
    await both.call("sendClientsMessage", padID=p, msg="x")
    await both.call("copyPad", sourceID=p, destinationID=f"{p}-copy")
    await both.call("copyPad", sourceID=p, destinationID=f"{p}-copy")
    await both.call("copyPad", sourceID=p, destinationID=f"{p}-copy", force="true")
    await both.call("copyPad", sourceID=p, destinationID="g.0123456789abcdef$x")
    await both.call("copyPadWithoutHistory", sourceID=p, destinationID=f"{p}-bare")
    await an_empty_line_more(ours, theirs, f"{p}-bare")
    await both.call("getRevisionsCount", padID=f"{p}-bare")
    await both.call("movePad", sourceID=f"{p}-copy", destinationID=f"{p}-moved")
    await both.call("getText", padID=f"{p}-copy")
    await both.call("getText", padID=f"{p}-moved")
    await both.call("listSavedRevisions", padID=f"{p}-moved")
    await both.call("deletePad", padID=p, deletionToken="wrong")
    await both.call("deletePad", padID=p)
    await both.call("deletePad", padID=p)


async def an_empty_line_more(ours: Caller, theirs: Caller, pad: str) -> None:
    """Checks that Etherpad's text has one empty line more, which it adds when it copies a text."""
    texts = [(await side.getText(padID=pad))["text"] for side in (ours, theirs)]
    assert texts[0] + "\n" == texts[1]


async def test_groups_and_sessions_have_the_same_answers(ours: Caller, theirs: Caller) -> None:
    both = Both(ours, theirs)
    await both.call("createGroup", keep="groupID")
    await both.call("createAuthor", keep="authorID")
    await both.call("listPads", groupID="{groupID}")
    await both.call("createGroupPad", groupID="{groupID}", padName="p", text="x", keep="padID")
    await both.call("createGroupPad", groupID="{groupID}", padName="p", text="x")
    await both.call("createGroupPad", groupID="g.none", padName="p", text="x")
    await both.call("listPads", groupID="{groupID}")
    await both.call("getPublicStatus", padID="{padID}")
    await both.call("setPublicStatus", padID="{padID}", publicStatus="true")
    await both.call("getPublicStatus", padID="{padID}")
    await both.call("listSessionsOfGroup", groupID="{groupID}")
    await both.call("listSessionsOfAuthor", authorID="{authorID}")
    for until in (LATER, "5", "-5", "x", ""):
        await both.call(
            "createSession", groupID="{groupID}", authorID="{authorID}", validUntil=until
        )
    await both.call("createSession", groupID="g.none", authorID="{authorID}", validUntil=LATER)
    await both.call("createSession", groupID="{groupID}", authorID="a.none", validUntil=LATER)
    await both.call(
        "createSession",
        groupID="{groupID}",
        authorID="{authorID}",
        validUntil=LATER,
        keep="sessionID",
    )
    await both.call("getSessionInfo", sessionID="{sessionID}")
    await both.call("deleteSession", sessionID="{sessionID}")
    await both.call("getSessionInfo", sessionID="{sessionID}")
    await both.call("deleteSession", sessionID="{sessionID}")
    await both.call("deleteGroup", groupID="{groupID}")
    await both.call("getText", padID="{padID}")
    for name in ("deleteGroup", "listPads", "listSessionsOfGroup"):
        await both.call(name, groupID="{groupID}")


LISTS = (
    "<p>a <b>b <i>c</i></b> <u>u</u><s>s</s></p><ul><li>x</li><li>y<ul><li>z</li></ul></li></ul>"
    "<p>http://a.b/?c=1&amp;d=&quot;2&lt;</p><ol><li>one</li><li>two</li></ol>"
)


async def made(caller: Caller, pad: str) -> None:
    author = (await caller.createAuthor(name="Ada 😀"))["authorID"]
    await caller.createPad(padID=pad, text="start\n", authorId=author)
    for number in range(120):
        who = {"authorId": author} if number % 2 else {}
        await caller.appendText(padID=pad, text=f"line {number} ä😀\n", **who)
    await caller.setHTML(padID=pad, html=LISTS)
    await caller.saveRevision(padID=pad, rev="7")
    await caller.saveRevision(padID=pad)
    for text in ("hello", "<b>"):
        await caller.appendChatMessage(padID=pad, text=text, authorID=author)


async def answer(caller: Caller, name: str, pad: str) -> Any:
    try:
        return await caller.call(name, padID=pad)
    except ApiFailed as error:
        return str(error)


async def alike(ours: Caller, our_pad: str, theirs: Caller, their_pad: str) -> None:
    for name in (
        "getRevisionsCount",
        "listSavedRevisions",
        "getChatHistory",
        "listAuthorsOfPad",
        "getLastEdited",
        "getText",
    ):
        a = await answer(ours, name, our_pad)
        b = await answer(theirs, name, their_pad)
        if name == "listAuthorsOfPad":
            a, b = sorted(a["authorIDs"]), sorted(b["authorIDs"])
        assert a == b, name
    for rev in range((await ours.getRevisionsCount(padID=our_pad))["revisions"] + 1):
        a = await ours.getText(padID=our_pad, rev=str(rev))
        b = await theirs.getText(padID=their_pad, rev=str(rev))
        assert a == b, rev


async def test_our_file_goes_into_etherpad(ours: Caller, theirs: Caller) -> None:
    pad = f"from-us-{secrets.token_hex(4)}"
    await made(ours, pad)
    file = await ours.export(pad, "etherpad")
    check_as_etherpad_does(loads(file), pad)
    answer = await theirs.upload(f"{pad}-there", "x.etherpad", file)
    assert answer["code"] == 0, answer
    await alike(ours, pad, theirs, f"{pad}-there")
    # The pad can be edited there and come back.
    await theirs.appendText(padID=f"{pad}-there", text="on\n")
    back = await theirs.export(f"{pad}-there", "etherpad")
    assert (await ours.upload(f"{pad}-back", "x.etherpad", back))["code"] == 0
    await alike(ours, f"{pad}-back", theirs, f"{pad}-there")


async def test_etherpads_file_comes_to_us(ours: Caller, theirs: Caller) -> None:
    pad = f"from-them-{secrets.token_hex(4)}"
    await made(theirs, pad)
    file = await theirs.export(pad, "etherpad")
    assert (await ours.upload(pad, "x.etherpad", file))["code"] == 0
    await alike(ours, pad, theirs, pad)
    for kind in ("txt", "html"):
        here, there = await ours.export(pad, kind), await theirs.export(pad, kind)
        if kind == "txt":
            assert here == there
    mine = await ours.getHTML(padID=pad)
    yours = await theirs.getHTML(padID=pad)
    assert without_ends(mine["html"]) == without_ends(yours["html"])
    head = (await theirs.getRevisionsCount(padID=pad))["revisions"]
    for first in range(head):
        mine, yours = [
            await api.createDiffHTML(padID=pad, startRev=str(first)) for api in (ours, theirs)
        ]
        assert mine["authors"] == yours["authors"]
        assert without_ends(mine["html"]) == without_ends(yours["html"])


def without_ends(html: str) -> str:
    """Ends of items and paragraphs go without saying; addresses are escaped in two ways."""
    html = re.sub(r"</li>|</p>", "", html)
    return re.sub(r'href="[^"]*"', "", html)


async def test_all_pads_come_over(
    ours: Caller, theirs: Caller, fleet: Fleet, tmp_path: Path
) -> None:
    pad = f"all-{secrets.token_hex(4)}"
    await made(theirs, pad)
    group = (await theirs.createGroup())["groupID"]
    grouped = (await theirs.createGroupPad(groupID=group, padName="p", text="x"))["padID"]
    key = tmp_path / "key"
    key.write_text(os.environ.get("ETHERPAD_API_KEY", ""))
    words = ["import", URL, "--api-key-file", key, "--pad", pad, "--pad", grouped]
    ended = await padfleet(fleet.redis_url, *words)
    assert ended.code == 0, ended
    await alike(ours, pad, theirs, pad)
    await alike(ours, grouped, theirs, grouped)
    read_only = await theirs.getReadOnlyID(padID=pad)
    assert await ours.getReadOnlyID(padID=pad) == read_only


@pytest.mark.skipif("ETHERPAD_DIRTY_DB" not in os.environ, reason="its file is not known")
async def test_its_file_comes_over(ours: Caller, theirs: Caller, fleet: Fleet) -> None:
    pad = f"dirty-{secrets.token_hex(4)}"
    await made(theirs, pad)
    await theirs.getReadOnlyID(padID=pad)
    ended = await padfleet(fleet.redis_url, "import", os.environ["ETHERPAD_DIRTY_DB"], "--replace")
    assert "0 failed" in ended.err, ended
    await alike(ours, pad, theirs, pad)
    pads = await theirs.listAllPads()
    assert set(pads["padIDs"]) <= set((await ours.listAllPads())["padIDs"])
