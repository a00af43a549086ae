"""Tests a fleet that moves its pads to a directory when nobody is on them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import redis as redis_py

from padfleet.shared.client import Disconnected, connect, new_token
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, ApiFailed, Caller
from tests.tools import padfleet


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_COLD_URL": f"file://{folder / 'store'}",
        "PADFLEET_COLD_AFTER": "1",
        "PADFLEET_COLD_EVERY": "0.6",
        "PADFLEET_COMMIT_TIMEOUT_MS": "5000",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=2) as running:
        yield running


@pytest.fixture
async def api(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0]) as caller:
        yield caller


def left_of(server: redis_py.Redis, pad: str) -> list[bytes]:
    return list(server.scan_iter(match=f"*{pad}*", count=10_000))


async def frozen(server: redis_py.Redis, pad: str) -> None:
    async def gone() -> bool:
        return not left_of(server, pad)

    await eventually(gone, f"{pad} has left Redis", timeout=30)


def appended(fleet: Fleet) -> float:
    """Revisions that the cold store has been brought."""
    return sum(writer.metric("padfleet_cold_revisions_total") for writer in fleet.writers)


async def test_a_pad_leaves_redis_and_is_there_for_whoever_names_it(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    url = f"{fleet.urls[0]}/p/comes-and-goes"
    async with connect(url, name="Ada") as pad:
        await pad.append("a line\n")
        author = pad.author_id
    await api.appendChatMessage(padID="comes-and-goes", text="said", authorID=author)
    read_only = (await api.getReadOnlyID(padID="comes-and-goes"))["readOnlyID"]
    await frozen(server, "comes-and-goes")
    link = f"pf:readonly:{read_only}"
    await eventually(lambda: not server.exists(link), "its link has left Redis, a step behind")
    assert "comes-and-goes" in (await api.listAllPads())["padIDs"]
    assert (await api.listPadsOfAuthor(authorID=author))["padIDs"] == ["comes-and-goes"]
    async with connect(f"{fleet.urls[1]}/p/{read_only}") as pad:
        assert "a line\n" in pad.text
    async with connect(url, name="Bert") as pad:
        await pad.append("another\n")
        assert "another" in pad.text
    chat = await api.getChatHistory(padID="comes-and-goes")
    assert [message["text"] for message in chat["messages"]] == ["said"]
    await frozen(server, "comes-and-goes")
    assert "another" in (await api.getText(padID="comes-and-goes"))["text"]
    assert await api.getRevisionsCount(padID="comes-and-goes") == {"revisions": 2}


READS: dict[str, dict[str, object]] = {
    "getText": {},
    "getText of a revision": {"rev": 1},
    "getHTML": {},
    "getHTML of a revision": {"rev": 1},
    "getRevisionsCount": {},
    "getLastEdited": {},
    "getRevisionChangeset": {},
    "getRevisionChangeset of a revision": {"rev": 1},
    "getAttributePool": {},
    "listAuthorsOfPad": {},
    "getSavedRevisionsCount": {},
    "listSavedRevisions": {},
    "getChatHistory": {},
    "getChatHistory in part": {"start": 1, "end": 1},
    "getChatHead": {},
    "createDiffHTML": {"startRev": 0, "endRev": 2},
    "getReadOnlyID": {},
    "padUsers": {},
    "padUsersCount": {},
    "getPublicStatus": {},
}
"""The API functions that read a pad without changing it, and their arguments."""


async def all_answers(api: Caller, pad: str, link: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: await api.call(name.partition(" ")[0], padID=pad, **fields)
        for name, fields in READS.items()
    }
    for kind in ("txt", "html", "etherpad", "1/txt", "1/etherpad"):
        rev, _, last = kind.rpartition("/")
        for name in (pad, link):
            path = f"/p/{name}{f'/{rev}' if rev else ''}/export/{last}"
            async with api.http.get(f"{api.url}{path}") as response:
                found[f"{kind} of {name}"] = (response.status, await response.text())
    found["pad"] = await api.getPadID(roID=link)
    return found


def thawed(fleet: Fleet) -> float:
    members = fleet.writers + fleet.workers
    return sum(member.metric("padfleet_cold_thawed_total") for member in members)


async def test_whoever_only_reads_a_cold_pad_leaves_it_there(
    fleet: Fleet, api: Caller, server: redis_py.Redis, folder: Path, tmp_path: Path
) -> None:
    group = (await api.createGroup())["groupID"]
    pad = (await api.createGroupPad(groupID=group, padName="read", text="first\n"))["padID"]
    await api.setPublicStatus(padID=pad, publicStatus="true")
    author = (await api.createAuthor(name="Ada"))["authorID"]
    await api.appendText(padID=pad, text="second\n", authorId=author)
    await api.saveRevision(padID=pad, rev=1)
    for text in ("said", "said again"):
        await api.appendChatMessage(padID=pad, text=text, authorID=author)
    link = (await api.getReadOnlyID(padID=pad))["readOnlyID"]
    hot = await all_answers(api, pad, link)
    assert {answer[0] for name, answer in hot.items() if "txt" in name} == {200}
    before = thawed(fleet)
    await frozen(server, pad)
    assert await all_answers(api, pad, link) == hot
    # Tools are told by the fleet where its cold pads are.
    (tmp_path / "out").mkdir()
    url = f"{fleet.urls[0]}/p/{pad}"
    for words in (
        ("pad", "cat", url),
        ("export", "--pad", pad, "--to", tmp_path / "out"),
        ("backup", "--to", f"{tmp_path}/kept/"),
        ("verify", "--pad", pad),
        ("verify", "--backup", tmp_path / "kept"),
        ("restore", tmp_path / "kept"),
        ("pads", "show", pad),
    ):
        ended = await padfleet(fleet.redis_url, *words)
        assert ended.code == 0, ended.err
    (exported,) = (tmp_path / "out").iterdir()
    assert json.loads(exported.read_text()) == json.loads(hot[f"etherpad of {pad}"][1])
    assert not left_of(server, pad)
    assert thawed(fleet) == before, "it was brought back"


async def test_a_name_is_taken_also_if_its_pad_is_cold(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    await api.createPad(padID="taken", text="first")
    await frozen(server, "taken")
    with pytest.raises(ApiFailed, match="already exist"):
        await api.createPad(padID="taken", text="second")
    await frozen(server, "taken")
    before = thawed(fleet)
    await api.copyPad(sourceID="taken", destinationID="copied")
    await api.copyPadWithoutHistory(sourceID="taken", destinationID="text of it")
    assert "taken" in (await api.listAllPads())["padIDs"]
    assert thawed(fleet) == before, "it was brought back"
    assert not left_of(server, "taken")
    await frozen(server, "copied")
    with pytest.raises(ApiFailed, match="already exists"):
        await api.copyPad(sourceID="taken", destinationID="copied")
    await frozen(server, "taken")
    await api.deletePad(padID="taken")
    with pytest.raises(ApiFailed, match="does not exist"):
        await api.getText(padID="taken")
    await frozen(server, "taken")
    with pytest.raises(ApiFailed, match="does not exist"):
        await api.getText(padID="taken")


async def test_I5_a_page_comes_back_to_a_pad_that_was_frozen_meanwhile(
    fleet: Fleet, server: redis_py.Redis
) -> None:
    """The page continues from the revision that it had, and is sent what it missed."""
    token = new_token()
    async with connect(f"{fleet.urls[0]}/p/back-again", token=token) as pad:
        await pad.append("one\n")
    await frozen(server, "back-again")
    async with connect(f"{fleet.urls[0]}/p/back-again") as pad:
        await pad.append("two\n")
    await frozen(server, "back-again")
    async with Guest(fleet.urls[0]) as guest:
        await guest.join("back-again", token=token, reconnect=True, client_rev=1)
        await guest.hears(lambda: guest.heard("CLIENT_RECONNECT"), "what was missed")
        assert not [m for m in guest.messages if "disconnect" in m]


async def test_I5_all_of_redis_is_lost_and_every_pad_is_served(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    await api.createPad(padID="survivor", text="kept\n")
    await api.createPad(padID="cold-survivor", text="cold\n")
    await frozen(server, "cold-survivor")
    before = appended(fleet)
    async with connect(f"{fleet.urls[0]}/p/survivor") as pad:
        await pad.append("and this\n")
        await eventually(lambda: appended(fleet) > before, "it is in the store", timeout=30)
        server.flushall()
    for member in fleet.writers + fleet.workers:
        eventually_sync(member.ready, f"{member.name} is ready again", timeout=60)
    assert (await api.getText(padID="cold-survivor"))["text"].rstrip() == "cold"
    assert "and this" in (await api.getText(padID="survivor"))["text"]
    members = fleet.writers + fleet.workers
    assert sum(m.metric("padfleet_cold_lost_pads_total") for m in members) >= 1
    assert any("pad lost in Redis" in member.log.read_text() for member in members)


async def test_I7_a_writer_that_is_killed_again_and_again_loses_nothing(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    await api.createPad(padID="hard-times", text="start\n")
    for number in range(3):
        await api.appendText(padID="hard-times", text=f"line {number}\n")
        fleet.writers[0].kill()
        fleet.restart(fleet.writers[0])
    await frozen(server, "hard-times")
    text = (await api.getText(padID="hard-times"))["text"]
    assert text.split() == ["start", "line", "0", "line", "1", "line", "2"]
    told = [line for m in fleet.writers + fleet.workers for line in m.log.read_text().splitlines()]
    assert not [line for line in told if "hard-times" in line and "lost_from" in line]


async def test_an_unreachable_store_affects_cold_pads_only(
    fleet: Fleet, api: Caller, server: redis_py.Redis, folder: Path
) -> None:
    await api.createPad(padID="sleeps", text="asleep\n")
    await frozen(server, "sleeps")
    async with connect(f"{fleet.urls[0]}/p/awake") as pad:
        await pad.append("one\n")
        (folder / "store").rename(folder / "gone")
        (folder / "store").write_text("no directory")
        try:
            await pad.append("two\n")
            with pytest.raises((ApiFailed, aiohttp.ClientError, TimeoutError)):
                await api.getText(padID="sleeps")
        finally:
            (folder / "store").unlink()
            (folder / "gone").rename(folder / "store")
        await pad.append("three\n")

    async def there() -> bool:
        try:
            return bool((await api.getText(padID="sleeps"))["text"].rstrip() == "asleep")
        except ApiFailed:
            return False

    await eventually(there, "the pad can be had again", timeout=30)


async def test_who_asks_for_a_cold_pad_without_its_store_is_told_to_come_again(
    fleet: Fleet, api: Caller, server: redis_py.Redis, folder: Path
) -> None:
    await api.createPad(padID="later", text="asleep\n")
    await frozen(server, "later")
    calls = [f"{api.url}/p/later/export/{kind}" for kind in ("txt", "etherpad")]
    calls += [
        f"{api.url}/api/1.3.0/{name}?apikey={KEY}&padID=later"
        for name in ("getText", "getChatHead")
    ]
    (folder / "store").rename(folder / "gone")
    try:
        for url in calls:
            async with api.http.get(url) as response:
                assert response.status == 503, url
                assert int(response.headers["Retry-After"]) > 0
                assert str(folder) not in await response.text(), "not for everybody to know"
    finally:
        (folder / "gone").rename(folder / "store")
    for url in calls:
        async with api.http.get(url) as response:
            assert response.status == 200, url


async def test_a_damaged_object_is_not_served(
    fleet: Fleet, api: Caller, server: redis_py.Redis, folder: Path
) -> None:
    await api.createPad(padID="hurt", text="whole\n")
    await frozen(server, "hurt")
    store = (folder / "store").rglob("*")
    found = [path for path in store if path.is_file() and "hurt" in path.name]
    assert found
    for path in found:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(bytes(data))
    async with Guest(fleet.urls[0]) as guest:
        await guest.ready("hurt")
        await eventually(lambda: "corruptPad" in str(guest.messages), "it is said", timeout=20)


async def test_a_pad_whose_past_the_store_has_lost_is_mended_at_the_operators_word(
    fleet: Fleet, api: Caller, server: redis_py.Redis, folder: Path
) -> None:
    """The store is put back to an older copy while people are on the pad."""
    url, store = f"{fleet.urls[0]}/p/lost-its-past", folder / "store" / "pads"
    async with connect(url) as pad:
        await pad.append("one\n")
    await frozen(server, "lost-its-past")
    (head,) = store.rglob("lost-its-past~*")
    older = head.read_bytes()
    async with connect(url) as pad:
        await pad.append("two\n")
        await pad.append("three\n")
    await frozen(server, "lost-its-past")
    async with connect(url) as pad:
        head.write_bytes(older)
        await pad.append("four\n")
        text = pad.text
        log = fleet.writers[0].log
        await eventually(lambda: "padfleet pads mend" in log.read_text(), "it is said", timeout=30)
        mended = await padfleet(fleet.redis_url, "pads", "mend", "lost-its-past")
        assert mended.code == 0, mended
        assert "one change stands in the place of revisions 2 to 3" in mended.out
        with pytest.raises(Disconnected):
            await pad.until(lambda: False)
    async with connect(url) as pad:
        assert pad.text == text
        await pad.append("five\n")
    again = await padfleet(fleet.redis_url, "pads", "mend", "lost-its-past", "nobody-has-it")
    assert again.code == 1
    assert "lost-its-past: nothing is missing" in again.out
    assert "there is no pad 'nobody-has-it'" in again.err
    await frozen(server, "lost-its-past")
    texts = [
        (await api.getText(padID="lost-its-past", rev=rev))["text"].split() for rev in range(1, 5)
    ]
    assert [words[-1] for words in texts] == ["one", "three", "four", "five"]
