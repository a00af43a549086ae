"""Tests the HTTP API's functions for pads, their text and their history."""

from __future__ import annotations

import time
from typing import Any

import pytest

from padfleet.shared.client import connect
from padfleet.shared.easysync import AttributePool, apply_to_atext, make_atext
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.integration.api.caller import KEY, Caller


async def test_a_pad_is_made_read_changed_and_deleted(api: Caller, fleet: Fleet) -> None:
    made = await api.createPad(padID="first", text="one\ttab\r\ntwo")
    assert len(made["deletionToken"]) == 64
    assert await api.getText(padID="first") == {"text": "one        tab\ntwo\n"}
    await api.setText(padID="first", text="new 😀\ntext")
    assert await api.getText(padID="first") == {"text": "new 😀\ntext\n"}
    await api.appendText(padID="first", text=" and more\n")
    assert await api.getText(padID="first") == {"text": "new 😀\ntext and more\n\n"}
    assert await api.getRevisionsCount(padID="first") == {"revisions": 2}
    assert await api.getText(padID="first", rev="1") == {"text": "new 😀\ntext\n"}
    assert await api.getText(padID="first", rev="0") == {"text": "one        tab\ntwo\n"}
    edited = (await api.getLastEdited(padID="first"))["lastEdited"]
    assert edited > 1_700_000_000_000
    assert await api.deletePad(padID="first") is None
    assert await api.refusal("getText", padID="first") == (1, "padID does not exist")


async def test_an_edit_by_the_api_reaches_those_who_have_the_pad_open(
    api: Caller, fleet: Fleet
) -> None:
    await api.createPad(padID="open", text="start")
    author = (await api.createAuthor(name="Portal"))["authorID"]
    async with connect(f"{fleet.urls[1]}/p/open", name="Ada") as pad:
        await api.appendText(padID="open", text=" end", authorId=author)
        await eventually(lambda: pad.text == "start end\n")
        # And the other way round: what is typed meanwhile stays.
        await pad.append("typed\n")
        await api.setText(padID="open", text="all new\n", authorId=author)
        await eventually(lambda: pad.text == "all new\n")
        assert (await api.getText(padID="open"))["text"] == pad.text
    assert author in (await api.listAuthorsOfPad(padID="open"))["authorIDs"]
    assert await api.listPadsOfAuthor(authorID=author) == {"padIDs": ["open"]}


async def test_edits_from_everywhere_at_once_are_all_there(api: Caller, fleet: Fleet) -> None:
    import asyncio

    await api.createPad(padID="busy", text="")
    async with Caller(fleet.urls[1]) as other:
        await asyncio.gather(
            *((api, other)[n % 2].appendText(padID="busy", text=f"<{n}>") for n in range(30))
        )
        text = (await other.getText(padID="busy"))["text"]
    assert all(text.count(f"<{n}>") == 1 for n in range(30))
    assert await api.getRevisionsCount(padID="busy") == {"revisions": 30}


async def test_one_of_two_who_create_a_pad_is_told_that_it_exists(
    api: Caller, fleet: Fleet
) -> None:
    import asyncio

    async with Caller(fleet.urls[1]) as other:
        results = await asyncio.gather(
            api.createPad(padID="twice", text="a"),
            other.createPad(padID="twice", text="b"),
            return_exceptions=True,
        )
    errors = [str(result) for result in results if isinstance(result, Exception)]
    assert errors == ["padID does already exist"]


async def test_text_made_by_an_author_bears_his_name(api: Caller) -> None:
    author = (await api.createAuthor(name="Ada"))["authorID"]
    await api.createPad(padID="his", text="x", authorId=author)
    pool = (await api.getAttributePool(padID="his"))["pool"]
    assert pool["numToAttrib"] == {"0": ["author", author]}
    await api.createPad(padID="nobodys", text="x")
    pool = (await api.getAttributePool(padID="nobodys"))["pool"]
    assert pool["numToAttrib"] == {"0": ["author", "a.etherpad-system"]}
    assert await api.listAuthorsOfPad(padID="nobodys") == {"authorIDs": []}


async def test_changesets_and_pool_rebuild_the_pad(api: Caller, fleet: Fleet) -> None:
    await api.createPad(padID="replayed", text="start")
    async with connect(f"{fleet.urls[0]}/p/replayed") as pad:
        for number in range(8):  # past a snapshot, which has a pool of its own
            await pad.append(f"{number}\n")
            if number % 3 == 0:
                await api.appendText(padID="replayed", text="api")
        text = (await api.getText(padID="replayed"))["text"]
    pool = AttributePool.from_jsonable((await api.getAttributePool(padID="replayed"))["pool"])
    atext = make_atext("\n")
    head = (await api.getRevisionsCount(padID="replayed"))["revisions"]
    for rev in range(head + 1):
        changeset = await api.getRevisionChangeset(padID="replayed", rev=str(rev))
        atext = apply_to_atext(changeset, atext, pool)
    assert atext.text == text
    assert await api.getRevisionChangeset(padID="replayed") == changeset


async def test_html_is_safe_and_comes_back(api: Caller) -> None:
    await api.createPad(padID="html", text="<script>alert('x')</script> javascript:x")
    html = (await api.getHTML(padID="html"))["html"]
    assert html.startswith("<!DOCTYPE HTML><html><body>&lt;script&gt;alert(&#x27;x&#x27;)&lt;")
    assert "<script" not in html
    assert "<a" not in html
    await api.setHTML(padID="html", html="<ul><li>a <b>bold</b></li><li>b</li></ul>end")
    assert (await api.getHTML(padID="html"))["html"] == (
        '<!DOCTYPE HTML><html><body><ul class="bullet"><li>a <strong>bold</strong></li>'
        "<li>b</li></ul>end<br></body></html>"
    )
    assert (await api.getText(padID="html"))["text"] == "\t* a bold\n\t* b\nend\n"
    before = (await api.getHTML(padID="html", rev="0"))["html"]
    assert before == html


async def test_a_revision_is_restored_with_its_authors(api: Caller, fleet: Fleet) -> None:
    await api.createPad(padID="restored", text="start")
    async with connect(f"{fleet.urls[0]}/p/restored") as pad:
        await pad.append("by a guest\n")
        who = pad.author_id
    await api.setText(padID="restored", text="gone")
    await api.restoreRevision(padID="restored", rev="1")
    assert (await api.getText(padID="restored"))["text"] == "startby a guest\n\n"
    cs = await api.getRevisionChangeset(padID="restored")
    pool = (await api.getAttributePool(padID="restored"))["pool"]
    number = next(n for n, pair in pool["numToAttrib"].items() if pair == ["author", who])
    assert f"*{number}" in cs


async def test_a_copy_may_be_written_and_deleted_at_once(api: Caller) -> None:
    """Nobody tells the writer about the copy, and the writer may remember that no pad of this name
    exists."""
    await api.createPad(padID="pattern", text="one")
    for _ in range(3):
        await api.copyPad(sourceID="pattern", destinationID="made-of-it")
        await api.appendText(padID="made-of-it", text=" two")
        assert await api.getText(padID="made-of-it") == {"text": "one two\n"}
        await api.deletePad(padID="made-of-it")
        gone = await api.refusal("appendText", padID="made-of-it", text="three")
        assert gone == (1, "padID does not exist")


async def test_a_pad_is_copied_and_moved_with_all_that_belongs_to_it(
    api: Caller, fleet: Fleet
) -> None:
    await api.createPad(padID="original", text="one")
    await api.appendText(padID="original", text=" two")
    await api.saveRevision(padID="original", rev="1")
    author = (await api.createAuthor(name="Ada"))["authorID"]
    await api.appendChatMessage(padID="original", text="hello", authorID=author)
    assert await api.copyPad(sourceID="original", destinationID="copy") is None
    assert await api.getText(padID="copy", rev="0") == {"text": "one\n"}
    assert await api.listSavedRevisions(padID="copy") == {"savedRevisions": [1]}
    assert await api.getChatHead(padID="copy") == {"chatHead": 0}
    assert await api.refusal("copyPad", sourceID="original", destinationID="copy") == (
        1,
        "destinationID already exists",
    )
    await api.appendText(padID="original", text=" three")
    await api.copyPad(sourceID="original", destinationID="copy", force="true")
    assert await api.getText(padID="copy") == {"text": "one two three\n"}

    await api.movePad(sourceID="copy", destinationID="moved")
    assert await api.refusal("getText", padID="copy") == (1, "padID does not exist")
    assert await api.getText(padID="moved") == {"text": "one two three\n"}

    await api.copyPadWithoutHistory(sourceID="moved", destinationID="fresh")
    assert await api.getText(padID="fresh") == {"text": "one two three\n"}
    assert await api.getRevisionsCount(padID="fresh") == {"revisions": 1}
    for name in ("copyPad", "movePad", "copyPadWithoutHistory"):
        given: dict[str, Any] = {"sourceID": "none", "destinationID": "x"}
        assert await api.refusal(name, **given) == (1, "padID does not exist")
        given = {"sourceID": "original", "destinationID": "g.0123456789abcdef$x"}
        message = "groupID does not exist for destinationID"
        assert await api.refusal(name, **given) == (1, message)
    # A copy is a pad like any other.
    async with connect(f"{fleet.urls[1]}/p/moved") as pad:
        await pad.append("and on\n")
    assert (await api.getText(padID="moved"))["text"] == "one two threeand on\n\n"


async def test_a_read_only_id_stands_for_a_pad_as_long_as_it_exists(api: Caller) -> None:
    await api.createPad(padID="read", text="x")
    read_only = (await api.getReadOnlyID(padID="read"))["readOnlyID"]
    assert read_only.startswith("r.")
    assert await api.getPadID(roID=read_only) == {"padID": "read"}
    assert await api.refusal("getPadID", roID="r.0") == (1, "padID does not exist")
    await api.deletePad(padID="read")
    assert await api.refusal("getPadID", roID=read_only) == (1, "padID does not exist")


async def test_saving_a_revision_again_changes_nothing(api: Caller) -> None:
    await api.createPad(padID="saved", text="x")
    await api.appendText(padID="saved", text="y")
    assert await api.getSavedRevisionsCount(padID="saved") == {"savedRevisions": 0}
    await api.saveRevision(padID="saved")
    await api.saveRevision(padID="saved", rev="0")
    await api.saveRevision(padID="saved", rev="0")
    assert await api.listSavedRevisions(padID="saved") == {"savedRevisions": [0, 1]}
    assert await api.getSavedRevisionsCount(padID="saved") == {"savedRevisions": 2}


async def test_a_pad_is_deleted_with_its_own_token_only(api: Caller) -> None:
    token = (await api.createPad(padID="token", text="x"))["deletionToken"]
    refused = (1, "invalid deletionToken")
    assert await api.refusal("deletePad", padID="token", deletionToken="0" * 64) == refused
    await api.deletePad(padID="token", deletionToken=token)
    assert await api.refusal("deletePad", padID="token") == (1, "padID does not exist")


async def test_all_pads_and_figures(api: Caller, fleet: Fleet) -> None:
    await api.createPad(padID="listed", text="x")
    await api.createPad(padID="unlisted", text="x")
    await api.deletePad(padID="unlisted")
    pads = (await api.listAllPads())["padIDs"]
    assert "listed" in pads
    assert "unlisted" not in pads
    assert pads == sorted(pads)
    before = await api.getStats()
    assert before["totalPads"] == len(pads)
    async with connect(f"{fleet.urls[1]}/p/listed", name="Ada") as pad:
        assert await api.padUsersCount(padID="listed") == {"padUsersCount": 1}
        (user,) = (await api.padUsers(padID="listed"))["padUsers"]
        assert user["id"] == pad.author_id
        assert user["name"] == "Ada"
        now = await api.getStats()
        assert now["totalSessions"] == before["totalSessions"] + 1
        assert now["totalActivePads"] == before["totalActivePads"] + 1
    assert await api.padUsers(padID="nowhere") == {"padUsers": []}


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("createPad", {"padID": "a$b"}, "createPad can't create group pads"),
        ("createPad", {"padID": "a/b"}, "malformed padID: Remove special characters"),
        ("createPad", {"padID": "x" * 51}, "padID did not match requirements"),
        ("createPad", {"padID": "r.abc"}, "padID did not match requirements"),
        ("createPad", {"padID": "a\x01b"}, "padID did not match requirements"),
        ("createPad", {}, "padID is not a string"),
        ("copyPad", {"destinationID": "x"}, "padID is not a string"),
        ("movePad", {"destinationID": "x"}, "padID is not a string"),
        ("copyPadWithoutHistory", {"destinationID": "x"}, "padID is not a string"),
        ("createGroupPad", {}, "groupID does not exist"),
        ("createPad", {"padID": "big", "text": "x" * 100_001}, "text must be less than 100k chars"),
        ("getText", {"padID": "errors", "rev": "x"}, "rev is not a number"),
        ("getText", {"padID": "errors", "rev": "-1"}, "rev is not a negative number"),
        (
            "getText",
            {"padID": "errors", "rev": "99"},
            "rev is higher than the head revision of the pad",
        ),
        (
            "getHTML",
            {"padID": "errors", "rev": "99"},
            "rev is higher than the head revision of the pad",
        ),
        (
            "getRevisionChangeset",
            {"padID": "errors", "rev": "99"},
            "rev is higher than the head revision of the pad",
        ),
        (
            "saveRevision",
            {"padID": "errors", "rev": "99"},
            "rev is higher than the head revision of the pad",
        ),
        ("restoreRevision", {"padID": "errors"}, "rev is not defined"),
        ("setText", {"padID": "errors"}, "text is not a string"),
        ("appendText", {"padID": "errors"}, "text is not a string"),
        ("setHTML", {"padID": "errors"}, "html is not a string"),
        ("createPad", {"padID": "errors"}, "padID does already exist"),
        (
            "setPublicStatus",
            {"padID": "errors", "publicStatus": "true"},
            "You can only get/set the publicStatus of pads that belong to a group",
        ),
        (
            "getPublicStatus",
            {"padID": "errors"},
            "You can only get/set the publicStatus of pads that belong to a group",
        ),
    ],
)
async def test_refusals_are_in_etherpads_words(
    api: Caller, name: str, fields: dict[str, str], message: str
) -> None:
    if "errors" not in (await api.listAllPads())["padIDs"]:
        await api.createPad(padID="errors", text="x")
    if name == "setHTML":
        message = "html is not a string"
    assert await api.refusal(name, **fields) == (1, message)


@pytest.mark.parametrize(
    "name",
    [
        "getText",
        "getHTML",
        "getRevisionsCount",
        "getRevisionChangeset",
        "getAttributePool",
        "getLastEdited",
        "getReadOnlyID",
        "getSavedRevisionsCount",
        "listSavedRevisions",
        "saveRevision",
        "listAuthorsOfPad",
        "getChatHistory",
        "getChatHead",
        "sendClientsMessage",
        "deletePad",
    ],
)
async def test_a_pad_has_to_be_there(api: Caller, name: str) -> None:
    assert await api.refusal(name, padID="not there") == (1, "padID does not exist")
    assert await api.refusal(name) == (1, "padID is not a string")


async def test_white_space_in_a_new_pads_name_is_replaced(api: Caller) -> None:
    await api.createPad(padID="a b::c", text="x")
    assert await api.getText(padID="a_b_c") == {"text": "x\n"}


async def test_the_key_the_version_and_the_ways_to_call(api: Caller) -> None:
    async def get(path: str, **more: Any) -> tuple[int, Any]:
        async with api.http.request(more.pop("method", "GET"), api.url + path, **more) as response:
            return response.status, await response.json()

    assert await get("/api") == (200, {"currentVersion": "1.3.1"})
    ok = (200, {"code": 0, "message": "ok", "data": None})
    no = (401, {"code": 4, "message": "no or wrong API Key", "data": None})
    check = "/api/1.2/checkToken"
    assert await get(check, params={"apikey": KEY}) == ok
    assert await get(check, params={"api_key": KEY}) == ok
    assert await get(check, headers={"Authorization": KEY}) == ok
    assert await get(check, headers={"Authorization": f"Bearer {KEY}"}) == ok
    assert await get(check, json={"apikey": KEY}, method="POST") == ok
    assert await get(check, data={"apikey": KEY}, method="POST") == ok
    assert await get(check) == no
    assert await get(check, params={"apikey": "wrong"}) == no
    assert await get(check, json={"apikey": [KEY]}, method="POST") == no
    wrong = {"code": 3, "message": "no such function", "data": None}
    assert await get("/api/1.1/checkToken", params={"apikey": KEY}) == (404, wrong)
    wrong = {"code": 3, "message": "no such api version", "data": None}
    assert await get("/api/9/checkToken", params={"apikey": KEY}) == (404, wrong)
    # What a version does not know, it does not read.
    author = (await api.createAuthor())["authorID"]
    old = {"apikey": KEY, "padID": "old call", "text": "x", "authorId": author}
    assert (await get("/api/1.2.15/createPad", json=old, method="POST"))[0] == 200
    assert await api.listAuthorsOfPad(padID="old_call") == {"authorIDs": []}
    answer = await get("/api/1/getText", json={"apikey": KEY, "padID": 5}, method="POST")
    assert answer == (200, {"code": 1, "message": "padID is not a string", "data": None})


async def test_no_revision_is_removed_without_the_operators_consent(api: Caller) -> None:
    pad = f"kept-{time.time_ns()}"
    await api.createPad(padID=pad, text="a")
    await api.appendText(padID=pad, text="b")
    async with Caller(api.url, version="1.3.1") as newest:
        code, message = await newest.refusal("compactPad", padID=pad)
    assert (code, "PADFLEET_PAD_COMPACTION" in message) == (1, True)
    assert await api.getRevisionsCount(padID=pad) == {"revisions": 1}
