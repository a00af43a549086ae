"""Tests that a pad that is exported and imported again is the same pad."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from padfleet.shared.client import connect
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    apply_to_atext,
    attribs_of,
    check_rep,
    iter_ops,
    make_atext,
    unpack,
)
from padfleet.shared.wire.jsontext import dumps, loads
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.guest import Guest
from tests.integration.api.caller import Caller


async def written(api: Caller, fleet: Fleet, pad: str, *, edits: int = 8) -> None:
    """Makes a pad that two guests and the API have written, with chat, saved revisions and
    lists."""
    await api.createPad(padID=pad, text="start")
    async with (
        connect(f"{fleet.urls[0]}/p/{pad}", name="Ada") as ada,
        connect(f"{fleet.urls[1]}/p/{pad}", name="Bob") as bob,
    ):
        for number in range(edits):
            await (ada, bob)[number % 2].append(f"line {number} 😀\n")
        await asyncio.gather(ada.edit(0, 2, "é"), bob.append("both\n"))
        author = ada.author_id
    await api.setHTML(padID=pad, html="<ol><li>a <b>b</b></li></ol><p>https://x.y/?a=1&b=<2></p>")
    await api.saveRevision(padID=pad, rev="2")
    await api.saveRevision(padID=pad)
    for text in ("hello", "<b>😀"):
        await api.appendChatMessage(padID=pad, text=text, authorID=author)


def check_as_etherpad_does(records: dict[str, Any], pad: str) -> None:
    """Asserts what Etherpad asserts about a pad that it imports, since Etherpad refuses any
    other."""
    main = records[f"pad:{pad}"]
    pool = AttributePool.from_jsonable(main["pool"])
    authors, atext = set(), make_atext("\n")
    for rev in range(main["head"] + 1):
        record = records[f"pad:{pad}:revs:{rev}"]
        changeset, meta = record["changeset"], record["meta"]
        check_rep(changeset)
        assert isinstance(meta["author"], str)
        assert meta["timestamp"] > 0
        authors |= {meta["author"]} - {""}
        for op in iter_ops(unpack(changeset).ops):
            keys = list(attribs_of(op.attribs, pool))
            assert keys == sorted(keys)
            if op.opcode == "+" and op.chars != op.lines:
                assert attribs_of(op.attribs, pool)["author"]
        atext = apply_to_atext(changeset, atext, pool)
        assert ("atext" in meta) == (rev % 100 == 0)
        if "atext" in meta:
            assert AText(**meta["atext"]) == atext
    assert AText(**main["atext"]) == atext
    pairs = (pool.get(number) for number in range(len(pool)))
    authors |= {value for key, value in pairs if key == "author"}
    assert {value for key, value in map(pool.get, range(len(pool))) if key == "author"} == authors
    for number in range(main["chatHead"] + 1):
        assert isinstance(records[f"pad:{pad}:chat:{number}"]["text"], str)
    revs = [saved["revNum"] for saved in main["savedRevisions"]]
    assert all(0 <= rev <= main["head"] for rev in revs)
    assert len(set(revs)) == len(revs)
    assert len({saved["id"] for saved in main["savedRevisions"]}) == len(revs)
    known = [key for key in records if key.startswith("globalAuthor:")]
    assert all(records[key]["padIDs"] == pad for key in known)


async def same(api: Caller, one: str, other: str, *, every: int = 1) -> None:
    """Checks that two pads are the same in all that the API tells of them, and that so are their
    texts at each revision, or at `every` so many; a text follows from all revisions before it."""
    for name in ("getRevisionsCount", "listAuthorsOfPad", "listSavedRevisions", "getChatHistory"):
        assert await api.call(name, padID=one) == await api.call(name, padID=other), name
    for name in ("getHTML", "getLastEdited"):
        assert await api.call(name, padID=one) == await api.call(name, padID=other), name
    for rev in range(0, (await api.getRevisionsCount(padID=one))["revisions"] + 1, every):
        for name in ("getText", "getRevisionChangeset"):
            a, b = [await api.call(name, padID=pad, rev=str(rev)) for pad in (one, other)]
            assert a == b, (name, rev)


async def test_a_pad_goes_round_as_a_file(api: Caller, fleet: Fleet) -> None:
    await written(api, fleet, "round")
    file = await api.export("round", "etherpad")
    records = loads(file)
    check_as_etherpad_does(records, "round")
    assert {key.split(":")[0] for key in records} == {"pad", "globalAuthor"}
    answer = await api.upload("back", "round.etherpad", file)
    assert answer == {"code": 0, "message": "ok", "data": {"directDatabaseAccess": True}}
    await same(api, "round", "back")
    # And it is a pad that one can go on with.
    async with connect(f"{fleet.urls[1]}/p/back") as pad:
        await pad.append("on and on\n")
    assert "on and on" in (await api.getText(padID="back"))["text"]


async def test_a_file_has_the_whole_text_with_every_hundredth_revision(
    api: Caller, fleet: Fleet
) -> None:
    await api.createPad(padID="long", text="")
    async with connect(f"{fleet.urls[0]}/p/long") as pad:
        for number in range(205):
            await pad.edit(0, 0, f"{number} ")
            await pad.flush()
    await api.appendChatMessage(padID="long", text="x")
    records = loads(await api.export("long", "etherpad"))
    assert records["pad:long"]["head"] == 205
    check_as_etherpad_does(records, "long")
    await api.upload("long-back", "long.etherpad", dumps(records).encode())
    await same(api, "long", "long-back", every=20)


async def test_who_has_the_pad_open_is_told_to_reload(api: Caller, fleet: Fleet) -> None:
    await api.createPad(padID="source", text="from elsewhere")
    file = await api.export("source", "etherpad")
    async with Guest(fleet.urls[1]) as guest:
        await guest.join("target")
        assert (await api.upload("target", "x.etherpad", file))["code"] == 0
        await guest.hears(lambda: any("disconnect" in m for m in guest.messages))
    assert await api.getText(padID="target") == {"text": "from elsewhere\n"}


async def test_a_pad_as_it_was(api: Caller, fleet: Fleet) -> None:
    await written(api, fleet, "was")
    for kind in ("txt", "html"):
        async with api.http.get(f"{api.url}/p/was/0/export/{kind}") as response:
            assert "start" in await response.text()
    async with api.http.get(f"{api.url}/p/was/3/export/etherpad") as response:
        records = loads(await response.read())
    check_as_etherpad_does(records, "was")
    assert records["pad:was"]["head"] == 3
    assert [one["revNum"] for one in records["pad:was"]["savedRevisions"]] == [2]
    async with api.http.get(f"{api.url}/p/was/x/export/txt") as response:
        assert (response.status, await response.text()) == (400, "rev is not a number\n")


async def test_a_read_only_id_exports_and_gives_nothing_away(api: Caller, fleet: Fleet) -> None:
    await written(api, fleet, "secret-name")
    read_only = (await api.getReadOnlyID(padID="secret-name"))["readOnlyID"]
    for kind in ("txt", "html", "etherpad"):
        file = await api.export(read_only, kind)
        assert file
        assert b"secret-name" not in file
    check_as_etherpad_does(loads(await api.export(read_only, "etherpad")), read_only)
    form = await api.http.post(f"{api.url}/p/{read_only}/import", data={"file": "x"})
    assert form.status == 403


async def test_text_and_html_exports(api: Caller, fleet: Fleet) -> None:
    await written(api, fleet, "files")
    assert (await api.export("files", "txt")).decode() == "\t1. a b\nhttps://x.y/?a=1&b=<2>\n"
    async with api.http.get(f"{api.url}/p/files/export/html") as response:
        assert "filename*=UTF-8''files.html" in response.headers["Content-Disposition"]
        assert "sandbox" in response.headers["Content-Security-Policy"]
        page = await response.text()
    assert "<title>files</title>" in page
    assert "<li>a <strong>b</strong></li>" in page
    for path, status in (("files/export/doc", 404), ("none/export/txt", 404)):
        async with api.http.get(f"{api.url}/p/{path}") as response:
            assert response.status == status


async def test_text_is_imported_as_an_edit(api: Caller, fleet: Fleet) -> None:
    async with connect(f"{fleet.urls[1]}/p/typed") as pad:
        answer = await api.upload("typed", "notes.txt", "\ufeffé 😀\r\nzwei\t.".encode())
        assert answer == {"code": 0, "message": "ok", "data": {"directDatabaseAccess": False}}
        await eventually(lambda: pad.text == "é \ud83d\ude00\nzwei        .\n")
    await api.upload("made", "x.html", b"<p>a</p><ul><li>b</li></ul>")
    assert await api.getText(padID="made") == {"text": "a\n\t* b\n"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.etherpad", b"not a JSON", "uploadFailed"),
        ("a.etherpad", b"[]", "uploadFailed"),
        ("a.etherpad", b'{"pad:x":{}}', "uploadFailed"),
        ("a.etherpad", b"{}", "uploadFailed"),
        ("a.etherpad", b'{"pad:x":{"head":0,"pool":{"numToAttrib":{},"nextNum":0}', "uploadFailed"),
        ("a.txt", b"\xff\xfe\0", "uploadFailed"),
        ("a.txt", b"\x00\x01\x02\x03\xff\xff", "uploadFailed"),
        ("a.txt", b"\t" * 700_000, "maxFileSize"),
        ("a.html", b"PK\x03\x04...", "uploadFailed"),
        ("a.docx", b"x", "uploadFailed"),
        ("a.txt", b"x" * 2_000_001, "maxFileSize"),
    ],
)
async def test_what_cannot_be_imported(
    api: Caller, name: str, content: bytes, message: str
) -> None:
    answer = await api.upload("refused", name, content)
    assert (answer["code"], answer["message"]) == (1, message)
    assert answer["data"].keys() <= {"reason"}
    assert "refused" not in (await api.listAllPads())["padIDs"]


async def test_a_pad_with_something_to_lose_is_not_replaced(api: Caller, fleet: Fleet) -> None:
    await written(api, fleet, "full", edits=10)
    file = await api.export("full", "etherpad")
    answer = await api.upload("full", "full.etherpad", file)
    assert answer == {"code": 1, "message": "padHasData", "data": {}}


async def test_a_form_of_another_site_imports_nothing(api: Caller) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with api.http.post(f"{api.url}/p/foreign/import", headers=headers) as response:
        assert response.status == 403
