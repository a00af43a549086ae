"""Groups, sessions and authors by the HTTP API, and what a session opens."""

from __future__ import annotations

import time

import pytest

from padfleet.shared.client import connect
from tests.fleet import Fleet
from tests.guest import DENY, Guest
from tests.integration.api.caller import Caller

LATER = str(int(time.time()) + 86_400)


async def test_groups_are_made_listed_and_deleted(api: Caller) -> None:
    group = (await api.createGroup())["groupID"]
    assert group.startswith("g.")
    assert len(group) == 18
    assert group in (await api.listAllGroups())["groupIDs"]
    mapped = (await api.createGroupIfNotExistsFor(groupMapper="team ü"))["groupID"]
    assert await api.createGroupIfNotExistsFor(groupMapper="team ü") == {"groupID": mapped}
    assert mapped != group
    assert await api.listPads(groupID=group) == {"padIDs": []}
    made = await api.createGroupPad(groupID=group, padName="notes", text="x")
    assert made["padID"] == f"{group}$notes"
    assert await api.listPads(groupID=group) == {"padIDs": [made["padID"]]}
    assert await api.getText(padID=made["padID"]) == {"text": "x\n"}
    assert await api.refusal("createGroupPad", groupID=group, padName="notes") == (
        1,
        "padName does already exist",
    )
    author = (await api.createAuthor())["authorID"]
    session = (await api.createSession(groupID=group, authorID=author, validUntil=LATER))[
        "sessionID"
    ]
    await api.deleteGroup(groupID=group)
    for name in ("listPads", "deleteGroup", "listSessionsOfGroup", "createGroupPad"):
        refused = await api.refusal(name, groupID=group, padName="x")
        assert refused == (1, "groupID does not exist")
    assert await api.refusal("getText", padID=made["padID"]) == (1, "padID does not exist")
    assert await api.refusal("getSessionInfo", sessionID=session) == (
        1,
        "sessionID does not exist",
    )
    await api.deleteGroup(groupID=mapped)
    again = (await api.createGroupIfNotExistsFor(groupMapper="team ü"))["groupID"]
    assert again != mapped


async def test_sessions_are_made_listed_and_deleted(api: Caller) -> None:
    group = (await api.createGroup())["groupID"]
    author = (await api.createAuthor(name="Ada"))["authorID"]
    assert await api.listSessionsOfGroup(groupID=group) is None
    assert await api.listSessionsOfAuthor(authorID=author) is None
    made = await api.createSession(groupID=group, authorID=author, validUntil=LATER)
    session = made["sessionID"]
    info = {"groupID": group, "authorID": author, "validUntil": int(LATER)}
    assert await api.getSessionInfo(sessionID=session) == info
    assert await api.listSessionsOfGroup(groupID=group) == {session: info}
    assert await api.listSessionsOfAuthor(authorID=author) == {session: info}
    assert await api.deleteSession(sessionID=session) is None
    # There was one once, which is something else than that there never was any.
    assert await api.listSessionsOfGroup(groupID=group) == {}
    assert await api.listSessionsOfAuthor(authorID=author) == {}
    await api.createSession(groupID=group, authorID=author, validUntil=LATER)
    await api.deleteGroup(groupID=group)
    assert await api.listSessionsOfAuthor(authorID=author) == {}
    for name in ("deleteSession", "getSessionInfo"):
        assert await api.refusal(name, sessionID=session) == (1, "sessionID does not exist")


@pytest.mark.parametrize(
    ("until", "message"),
    [
        ("soon", "validUntil is not a number"),
        ("-5", "validUntil is a negative number"),
        ("1000", "validUntil is in the past"),
    ],
)
async def test_when_a_session_may_end(api: Caller, until: str, message: str) -> None:
    group = (await api.createGroup())["groupID"]
    author = (await api.createAuthor())["authorID"]
    given = {"groupID": group, "authorID": author, "validUntil": until}
    assert await api.refusal("createSession", **given) == (1, message)
    wrong = {**given, "groupID": "g.0000000000000000"}
    assert await api.refusal("createSession", **wrong) == (1, "groupID does not exist")
    wrong = {**given, "authorID": "a.0000000000000000"}
    assert await api.refusal("createSession", **wrong) == (1, "authorID does not exist")


async def test_authors_are_made_and_named(api: Caller) -> None:
    author = (await api.createAuthor(name="Ada 😀"))["authorID"]
    assert await api.getAuthorName(authorID=author) == "Ada 😀"
    mapped = (await api.createAuthorIfNotExistsFor(authorMapper="7", name="Bob"))["authorID"]
    assert await api.createAuthorIfNotExistsFor(authorMapper="7", name="Rob") == {
        "authorID": mapped
    }
    assert await api.getAuthorName(authorID=mapped) == "Rob"
    assert await api.getAuthorName(authorID="a.0000000000000000") is None
    assert await api.listPadsOfAuthor(authorID=mapped) == {"padIDs": []}
    for name in ("listPadsOfAuthor", "listSessionsOfAuthor"):
        refused = await api.refusal(name, authorID="a.0000000000000000")
        assert refused == (1, "authorID does not exist")
    assert await api.refusal("createAuthorIfNotExistsFor") == (1, "authorMapper is not a string")


async def test_an_authors_pads_follow_what_happens_to_them(api: Caller) -> None:
    author = (await api.createAuthor())["authorID"]
    for pad in ("mine-1", "mine-2"):
        await api.createPad(padID=pad, text="x", authorId=author)
    await api.copyPad(sourceID="mine-1", destinationID="mine-3")
    assert await api.listPadsOfAuthor(authorID=author) == {"padIDs": ["mine-1", "mine-2", "mine-3"]}
    await api.deletePad(padID="mine-1")
    await api.createPad(padID="mine-1", text="somebody else's")
    assert await api.listPadsOfAuthor(authorID=author) == {"padIDs": ["mine-2", "mine-3"]}


async def test_only_a_session_of_the_group_opens_its_pads(api: Caller, fleet: Fleet) -> None:
    group = (await api.createGroup())["groupID"]
    other = (await api.createGroup())["groupID"]
    author = (await api.createAuthor(name="Ada"))["authorID"]
    pad = (await api.createGroupPad(groupID=group, padName="private", text="x"))["padID"]
    session, foreign = [
        (await api.createSession(groupID=g, authorID=author, validUntil=LATER))["sessionID"]
        for g in (group, other)
    ]
    url = fleet.urls[1]
    read_only = (await api.getReadOnlyID(padID=pad))["readOnlyID"]
    for cookie in ("", f"sessionID={foreign}", "sessionID=s.0000000000000000"):
        for name in (pad, read_only):
            await denied(url, name, cookie)
    # Several ids with commas between, as portals set them.
    for cookie in (f"sessionID={session}", f'sessionID="{foreign},{session}"'):
        async with Guest(url, cookie=cookie) as guest:
            await guest.join(pad)
            assert guest.vars["userId"] == author
    async with Guest(url) as guest:  # as older integrations hand it over
        await guest.join(pad, sessionID=session)
    async with Guest(url, cookie=f"sessionID={session}") as guest:
        await guest.join(read_only)
    # Only people with a session may make pads of the group.
    await denied(url, f"{group}$fresh")
    async with Guest(url, cookie=f"sessionID={session}") as guest:
        await guest.join(f"{group}$fresh")
        await api.copyPad(sourceID=pad, destinationID=f"{group}$copy", force="true")
    # Who made a pad may delete it over his socket, and then the group has it no more.
    mine = (await api.createGroupPad(groupID=group, padName="mine", authorId=author))["padID"]
    assert mine in (await api.listPads(groupID=group))["padIDs"]
    async with Guest(url, cookie=f"sessionID={session}") as guest:
        await guest.join(mine)
        await guest.collab("PAD_DELETE", data={"padId": mine})
        await guest.hears(lambda: {"disconnect": "deleted"} in guest.messages)
    assert mine not in (await api.listPads(groupID=group))["padIDs"]
    await api.deleteSession(sessionID=session)
    await denied(url, pad, f"sessionID={session}")


async def denied(url: str, pad: str, cookie: str = "") -> None:
    async with Guest(url, cookie=cookie) as guest:
        await guest.ready(pad)
        await guest.hears(lambda: DENY in guest.messages)


async def test_a_public_pad_of_a_group_is_open(api: Caller, fleet: Fleet) -> None:
    group = (await api.createGroup())["groupID"]
    pad = (await api.createGroupPad(groupID=group, padName="open", text="x"))["padID"]
    assert await api.getPublicStatus(padID=pad) == {"publicStatus": False}
    assert await export_status(api, pad) == 403
    await api.setPublicStatus(padID=pad, publicStatus="true")
    assert await api.getPublicStatus(padID=pad) == {"publicStatus": True}
    async with Guest(fleet.urls[0]) as guest:
        await guest.join(pad)
    assert await export_status(api, pad) == 200
    await api.setPublicStatus(padID=pad, publicStatus="false")
    await denied(fleet.urls[0], pad)


async def export_status(api: Caller, pad: str, **headers: str) -> int:
    url = f"{api.url}/p/{pad}/export/txt"
    async with api.http.get(url, headers=headers) as response:
        return response.status


async def test_exports_of_a_groups_pad_need_its_session_too(api: Caller) -> None:
    group = (await api.createGroup())["groupID"]
    author = (await api.createAuthor())["authorID"]
    pad = (await api.createGroupPad(groupID=group, padName="file", text="x"))["padID"]
    session = (await api.createSession(groupID=group, authorID=author, validUntil=LATER))[
        "sessionID"
    ]
    read_only = (await api.getReadOnlyID(padID=pad))["readOnlyID"]
    for name in (pad, read_only):
        assert await export_status(api, name) == 403
        assert await export_status(api, name, Cookie=f"sessionID={session}") == 200


async def test_chat_is_read_and_written_over_http(api: Caller, fleet: Fleet) -> None:
    author = (await api.createAuthor(name="Ada"))["authorID"]
    await api.createPad(padID="chat", text="x")
    assert await api.getChatHead(padID="chat") == {"chatHead": -1}
    too_high = (1, "start is higher than the current chatHead")
    assert await api.refusal("getChatHistory", padID="chat") == too_high
    async with Guest(fleet.urls[1]) as guest:
        await guest.join("chat")
        for number in range(12):
            at = str(1_700_000_000_000 + number)
            await api.appendChatMessage(padID="chat", text=f"m{number}", authorID=author, time=at)
        await guest.hears(lambda: len(guest.heard("CHAT_MESSAGE")) == 12)
        await api.sendClientsMessage(padID="chat", msg="reload_all")
        await guest.hears(lambda: guest.heard("reload_all"))
    assert await api.getChatHead(padID="chat") == {"chatHead": 11}
    (message,) = (await api.getChatHistory(padID="chat", start="9", end="9"))["messages"]
    assert message == {
        "text": "m9",
        "time": 1_700_000_000_009,
        "userId": author,
        "userName": "Ada",
    }
    messages = (await api.getChatHistory(padID="chat", start="9", end="11"))["messages"]
    assert [m["text"] for m in messages] == ["m9", "m10", "m11"]
    assert len((await api.getChatHistory(padID="chat"))["messages"]) == 12
    for start, end, message in (
        ("-1", "2", "start is below zero"),
        ("1", "-2", "end is below zero"),
        ("3", "2", "start is higher than end"),
        ("12", "13", "start is higher than the current chatHead"),
        ("2", "13", "end is higher than the current chatHead"),
        ("first", "2", "start is not a number"),
        ("0", "1.5", "end is not a number"),
    ):
        refused = await api.refusal("getChatHistory", padID="chat", start=start, end=end)
        assert refused == (1, message)
    assert await api.refusal("appendChatMessage", padID="chat") == (1, "text is not a string")
    gone = await api.refusal("appendChatMessage", padID="no", text="x", authorID=author)
    assert gone == (1, "padID does not exist")
    async with connect(f"{fleet.urls[0]}/p/chat") as pad:
        assert pad.text == "x\n"
