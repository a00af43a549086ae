"""Tests the other operations on pads with pads that lie in a directory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis as redis_py

from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, ApiFailed, Caller
from tests.tools import Ended, padfleet

ODD_NAMES = (
    "a=b;c,d+e@f",
    ".hidden",
    "..",
    "...",
    "~",
    "a~b~0123456789abc",
    "%2E%2F",
    "back\\slash",
    "star*[x]",
    "Case",
    "case",
    "CASE",
    "é",
    "e\u0301",
    "😀_pad",
    "\u202eright_to_left",
    "con",
    "trailing.",
    "-rf",
    "parts",
    "ä" * 50,
    "n" * 50,
)


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_COLD_URL": f"file://{folder / 'store'}",
        "PADFLEET_COLD_AFTER": "1",
        "PADFLEET_COLD_EVERY": "0.3",
        "PADFLEET_PAD_COMPACTION": "true",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def api(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0], version="1.3.1") as caller:
        yield caller


async def all_frozen(server: redis_py.Redis) -> None:
    async def gone() -> bool:
        keys = server.scan_iter(match="*:pad:*:meta", count=10_000)
        return not [key for key in keys if b"$canary" not in key]

    await eventually(gone, "all pads have left Redis", timeout=60)


async def tool(fleet: Fleet, *words: str) -> Ended:
    ended = await padfleet(fleet.redis_url, *words)
    assert ended.code == 0, ended.err
    return ended


async def test_a_pad_of_any_name_leaves_and_comes_back(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    texts = {name: f"text {number}\n" for number, name in enumerate(ODD_NAMES)}
    for name, text in texts.items():
        await api.createPad(padID=name, text=text)
    await all_frozen(server)
    listed = (await api.listAllPads())["padIDs"]
    assert set(texts) <= set(listed)
    for name, text in texts.items():
        assert (await api.getText(padID=name))["text"] == f"{text}\n", name
        await api.appendText(padID=name, text="more")
    await all_frozen(server)
    for name, text in texts.items():
        assert (await api.getText(padID=name))["text"] == f"{text}more\n", name
        await tool(fleet, "pads", "show", "--", name)
        await tool(fleet, "pads", "delete", "--", name)
        with pytest.raises(ApiFailed, match="does not exist"):
            await api.getText(padID=name)
    assert not set(texts) & set((await api.listAllPads())["padIDs"])


async def test_a_cold_pad_is_renamed_imported_onto_deleted_and_made_anew(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    await api.createPad(padID="source", text="one\n")
    await api.appendText(padID="source", text="two\n")
    await api.createPad(padID="in_its_way", text="in its way\n")
    link = (await api.getReadOnlyID(padID="source"))["readOnlyID"]
    exported = await api.export("source", "etherpad")
    await all_frozen(server)
    await tool(fleet, "pads", "rename", "--replace", "source", "in_its_way")
    await all_frozen(server)
    with pytest.raises(ApiFailed, match="does not exist"):
        await api.getPadID(roID=link)  # which stays with the name, as in Etherpad
    assert (await api.getText(padID="in_its_way"))["text"] == "one\ntwo\n\n"
    with pytest.raises(ApiFailed, match="does not exist"):
        await api.getText(padID="source")
    # Imported onto while it is cold, and over it again.
    await api.createPad(padID="target", text="old\n")
    await all_frozen(server)
    answer = await api.upload("target", "pad.etherpad", exported)
    assert answer["code"] == 0, answer
    await all_frozen(server)
    assert "two" in (await api.getText(padID="target"))["text"]
    answer = await api.upload("target", "pad.txt", b"from a text file\n")
    assert answer["code"] == 0, answer
    await all_frozen(server)
    assert "from a text file" in (await api.getText(padID="target"))["text"]
    # Deleted while it is cold, and at once made anew; twice.
    for turn in range(2):
        await api.deletePad(padID="target")
        await api.createPad(padID="target", text=f"anew {turn}\n")
        assert (await api.getRevisionsCount(padID="target"))["revisions"] == 0
        await all_frozen(server)
        assert (await api.getText(padID="target"))["text"].startswith(f"anew {turn}\n")
        assert (await api.getRevisionsCount(padID="target"))["revisions"] == 0


async def test_saved_revisions_settings_group_and_links_of_cold_pads(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    group = (await api.createGroup())["groupID"]
    pad = (await api.createGroupPad(groupID=group, padName="team", text="first\n"))["padID"]
    link = (await api.getReadOnlyID(padID=pad))["readOnlyID"]
    await all_frozen(server)
    await api.saveRevision(padID=pad)
    await api.setPublicStatus(padID=pad, publicStatus="true")
    author = (await api.createAuthor(name="A"))["authorID"]
    await api.appendChatMessage(padID=pad, text="said", authorID=author)
    await all_frozen(server)
    assert (await api.listSavedRevisions(padID=pad)) == {"savedRevisions": [0]}
    assert (await api.getPublicStatus(padID=pad)) == {"publicStatus": True}
    assert (await api.listPads(groupID=group))["padIDs"] == [pad]
    async with Guest(api.url) as guest:
        await guest.join(link)
        assert guest.vars["readonly"] is True
        assert guest.vars["collab_client_vars"]["initialAttributedText"]["text"] == "first\n\n"
    await all_frozen(server)
    await api.compactPad(padID=pad, keepRevisions=0)
    await all_frozen(server)
    assert (await api.getText(padID=pad))["text"] == "first\n\n"
    await api.deleteGroup(groupID=group)
    with pytest.raises(ApiFailed, match="does not exist"):
        await api.getText(padID=pad)
    async with Guest(api.url) as guest:
        await guest.ready(link)
        await eventually(lambda: guest.messages, "it is answered", timeout=20)
        assert "CLIENT_VARS" not in str(guest.messages), "there is nothing to see"
