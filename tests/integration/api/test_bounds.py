"""Tests that values out of bounds do not get into a running fleet, by any of the ways in."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared import bounds
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.people import groups
from padfleet.shared.wire.jsontext import dumps, loads
from tests.fleet import Fleet
from tests.guest import Guest
from tests.integration.api.caller import Caller
from tests.tools import padfleet

FAULTS = Path(__file__).parents[2] / "data" / "faults"
GROUPS = ("g.aaaaaaaaaaaaaaaa", "g.bbbbbbbbbbbbbbbb")


async def test_an_imported_file_cannot_contain_what_other_ways_refuse(
    api: Caller, fleet: Fleet
) -> None:
    """The pad opens, for everybody, with what a page can show."""
    for name in ("author-name", "chat-head", "chat-time", "saved-label"):
        answer = await api.upload(name, "x.etherpad", (FAULTS / f"{name}.etherpad").read_bytes())
        assert answer["code"] in (0, 1), name
        async with Guest(fleet.urls[1]) as guest:
            variables = (await guest.join(name)).vars
        assert len(dumps(variables)) < 50_000, name
        for author in variables["collab_client_vars"]["historicalAuthorData"].values():
            assert len(author["name"] or "") <= bounds.MOST_NAME
            assert bounds.is_color(author["colorId"]) or 0 <= author["colorId"] < 64
        for saved in variables["savedRevisions"]:
            assert len(saved["label"]) <= bounds.MOST_LABEL
        if variables["chatHead"] >= 0:
            history = (await api.getChatHistory(padID=name))["messages"]
            latest = time.time() * 1000 + 2 * bounds.DAY_MS
            assert all(0 <= message["time"] <= latest for message in history)
        await api.deletePad(padID=name)


@pytest.mark.parametrize("head", [10**12, 10**15, "9" * 5000, 10**300])
async def test_a_number_in_a_file_is_not_counted_to(api: Caller, head: Any) -> None:
    records = loads((FAULTS / "chat-head.etherpad").read_text())
    for field in ("chatHead", "head"):
        changed = {**records, "pad:h": {**records["pad:h"], field: head}}
        saved = {"revNum": head, "label": "x"}
        changed["pad:h"]["savedRevisions"] = [saved, {**saved, "revNum": "9" * 5000}]
        answer = await api.upload("counted", "x.etherpad", dumps(changed).encode())
        assert (answer["code"], answer["message"]) in ((0, "ok"), (1, "uploadFailed"))
    assert "counted" in (await api.listAllPads())["padIDs"], "the chat's number alone harms nothing"
    await api.deletePad(padID="counted")


async def test_the_api_keeps_out_what_sockets_keep_out(api: Caller) -> None:
    author = (await api.createAuthor(name="x" * 100_000))["authorID"]
    assert await api.getAuthorName(authorID=author) == "x" * bounds.MOST_NAME
    await api.createPad(padID="bounded", text="x")
    long = "x" * (bounds.MOST_CHAT_TEXT + 1)
    code, _ = await api.refusal("appendChatMessage", padID="bounded", text=long, authorID=author)
    assert code == 1
    for given in ("9" * 15, "-5"):
        await api.appendChatMessage(padID="bounded", text="x", authorID=author, time=given)
    times = [m["time"] for m in (await api.getChatHistory(padID="bounded"))["messages"]]
    assert times[1] == 0
    assert times[0] < (time.time() + 2 * 86_400) * 1000
    calls: list[tuple[str, dict[str, str]]] = [
        ("setText", {"padID": "bounded", "text": "y"}),
        ("appendText", {"padID": "bounded", "text": "y"}),
        ("setHTML", {"padID": "bounded", "html": "y"}),
        ("createPad", {"padID": "bounded-2", "text": "y"}),
        ("restoreRevision", {"padID": "bounded", "rev": "0"}),
        ("copyPadWithoutHistory", {"sourceID": "bounded", "destinationID": "bounded-3"}),
    ]
    for call, fields in calls:
        code, why = await api.refusal(call, **fields, authorId="a" * 100_000)
        assert (code, why) == (1, "authorId is not an author's id: 1 to 100 characters"), call
    assert (await api.getText(padID="bounded"))["text"] == "x\n"
    for call in ("createAuthorIfNotExistsFor", "createGroupIfNotExistsFor"):
        code, _ = await api.refusal(call, authorMapper="m" * 2000, groupMapper="m" * 2000)
        assert code == 1, call
    for rev in ("9" * 5000, "1" * 15):
        for call in ("getText", "getRevisionChangeset", "saveRevision", "restoreRevision"):
            assert (await api.refusal(call, padID="bounded", rev=rev))[0] == 1
    await api.deletePad(padID="bounded")


async def test_what_is_none_of_a_group_keeps_nothing_else_out(redis_url: str) -> None:
    ended = await padfleet(redis_url, "import", FAULTS / "emoji-group.dirty.db")
    assert ended.code == 0, ended
    redis = open_redis(redis_url)
    await redis.start()
    try:
        assert set(GROUPS) <= set(await groups.all_groups(redis))
        assert await groups.pads_of_group(redis, GROUPS[0]) == [f"{GROUPS[0]}$🎉"]
        assert await redis.client.keys("pf:session:*")
    finally:
        await redis.close()
