"""Tests chat, saved revisions, pad settings and the other messages besides edits, over two workers.

The expected values were recorded from Etherpad 3.3.1, or are what its message handler does.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from padfleet.shared.client import new_token
from tests.acceptance.npm import new_pad
from tests.fleet import Fleet
from tests.guest import Guest
from tests.recordings import form, recorded

Message = dict[str, Any]


class Party:
    """Guests on one pad, each on the worker that is named."""

    def __init__(self, fleet: Fleet, stack: AsyncExitStack) -> None:
        self.pad = new_pad()
        self._fleet = fleet
        self._stack = stack

    async def guest(self, worker: int, pad: str = "", query: str = "", **more: Any) -> Guest:
        guest = await self._stack.enter_async_context(Guest(self._fleet.urls[worker], query=query))
        return await guest.join(pad or self.pad, **more)


@pytest.fixture
async def party(fleet: Fleet) -> AsyncIterator[Party]:
    async with AsyncExitStack() as stack:
        yield Party(fleet, stack)


def whole(guest: Guest, kind: str) -> list[Message]:
    """Returns the COLLABROOM messages that have this type, or contain a CLIENT_MESSAGE that has
    it."""
    return [
        message
        for message in guest.messages
        if message.get("type") == "COLLABROOM"
        and kind in (message["data"]["type"], message["data"].get("payload", {}).get("type"))
    ]


async def hears(guest: Guest, kind: str, times: int = 1) -> None:
    await guest.hears(lambda: len(whole(guest, kind)) >= times, f"{times} × {kind}")


async def is_shouted_at(guest: Guest) -> None:
    await guest.hears(lambda: guest.shouts, "a notice")


async def sees_it_deleted(guest: Guest) -> None:
    await guest.hears(lambda: {"disconnect": "deleted"} in guest.messages, "that it is deleted")


async def refused(guest: Guest, kind: str, **data: Any) -> str:
    error = await guest.collab(kind, **data)
    assert error is not None, "it was served"
    assert error["name"] in ("Error", "TypeError")
    return str(error["message"])


# --- Chat ----------------------------------------------------------------------------------------


async def test_what_one_says_everybody_hears_on_every_worker(party: Party) -> None:
    ada = await party.guest(0, userInfo={"name": "Ada", "colorId": None})
    bob = await party.guest(1)
    reader = await party.guest(1, pad=ada.vars["readOnlyId"])
    (said, *_) = recorded("c2s", "CHAT_MESSAGE")
    assert await ada.ask(said) is None
    for guest in (ada, bob, reader):
        await hears(guest, "CHAT_MESSAGE")
        (heard,) = whole(guest, "CHAT_MESSAGE")
        assert form(heard) == form(recorded("s2c", "CHAT_MESSAGE")[0])
        message = heard["data"]["message"]
        assert (message["text"], message["userId"], message["userName"]) == (
            said["data"]["message"]["text"],
            ada.vars["userId"],
            "Ada",
        )


async def test_the_chat_can_be_read_back_from_any_worker(party: Party) -> None:
    ada = await party.guest(0)
    for number in range(3):
        message = {"text": f"message {number}", "userId": "a.somebodyElse0000", "time": 5}
        assert await ada.collab("CHAT_MESSAGE", message=message) is None
    bob = await party.guest(1, userInfo={"name": "Bob", "colorId": None})
    assert bob.vars["chatHead"] == 2
    asked = {"start": 0, "end": 2}
    assert await bob.collab("GET_CHAT_MESSAGES", **asked) is None
    await bob.hears(lambda: whole(bob, "CHAT_MESSAGES"))
    (answer,) = whole(bob, "CHAT_MESSAGES")
    messages = answer["data"]["messages"]
    assert [m["text"] for m in messages] == [f"message {n}" for n in range(3)]
    assert {m["userId"] for m in messages} == {ada.vars["userId"]}
    assert all(m["time"] > 5 for m in messages)
    named = recorded("s2c", "CHAT_MESSAGES")[0]
    assert [name for name, _ in form(answer)] == [name for name, _ in form(named)]
    assert list(messages[0]) == list(named["data"]["messages"][0])
    # The name is that of the moment of reading.
    await ada.collab("USERINFO_UPDATE", userInfo={"name": "Ada", "colorId": "#112233"})
    assert await bob.collab("GET_CHAT_MESSAGES", start=1, end=1) is None
    await bob.hears(lambda: len(whole(bob, "CHAT_MESSAGES")) == 2)
    (message,) = whole(bob, "CHAT_MESSAGES")[1]["data"]["messages"]
    assert (message["text"], message["userName"]) == ("message 1", "Ada")


async def test_what_two_say_comes_to_all_in_one_order(party: Party) -> None:
    ada, bob = await party.guest(0), await party.guest(1)
    for number in range(10):
        for name, guest in (("ada", ada), ("bob", bob)):
            assert await guest.collab("CHAT_MESSAGE", message={"text": f"{name} {number}"}) is None
    for guest in (ada, bob):
        await hears(guest, "CHAT_MESSAGE", times=20)
    orders = [[m["message"]["text"] for m in g.heard("CHAT_MESSAGE")] for g in (ada, bob)]
    assert orders[0] == orders[1]
    assert [text for text in orders[0] if text.startswith("ada")] == [f"ada {n}" for n in range(10)]


async def test_what_plugins_add_to_a_chat_message_stays_with_it(party: Party) -> None:
    ada, bob = await party.guest(0), await party.guest(1)
    added = {"customMetadata": {"replyTo": 3, "half": "\ud83d"}}
    said = {"text": "hi", "authorId": "a.x", "displayName": "liar", **added}
    assert await ada.collab("CHAT_MESSAGE", message=said) is None
    await bob.hears(lambda: bob.heard("CHAT_MESSAGE"))
    (heard,) = bob.heard("CHAT_MESSAGE")
    assert heard["message"]["customMetadata"] == added["customMetadata"]
    assert heard["message"]["userName"] is None
    assert "authorId" not in heard["message"]
    await bob.collab("GET_CHAT_MESSAGES", start=0, end=0)
    await bob.hears(lambda: bob.heard("CHAT_MESSAGES"))
    assert bob.heard("CHAT_MESSAGES")[0]["messages"] == [heard["message"]]


async def test_what_cannot_be_said_or_read_is_refused(party: Party) -> None:
    ada = await party.guest(0)
    limits: list[tuple[Message, str]] = [
        ({"end": 1}, "missing or invalid start: undefined"),
        ({"start": 0, "end": "1"}, "missing or invalid end: 1"),
        ({"start": 0, "end": 1.5}, "missing or invalid end: 1.5"),
        ({"start": 1, "end": 0}, "invalid number of messages: -1"),
        ({"start": 0, "end": 101}, "invalid number of messages: 101"),
    ]
    for asked, why in limits:
        text = await refused(ada, "GET_CHAT_MESSAGES", **asked)
        assert text == f"COLLABROOM: GET_CHAT_MESSAGES: {why}"
    assert await ada.collab("GET_CHAT_MESSAGES", start=-50, end=50) is None
    assert "message is not an object" in await refused(ada, "CHAT_MESSAGE")
    assert "text is not a text" in await refused(ada, "CHAT_MESSAGE", message={"text": 7})
    assert "longer than" in await refused(ada, "CHAT_MESSAGE", message={"text": "x" * 10_001})
    long = {"text": "x", "more": "y" * 5000}
    assert "more than 4096 bytes" in await refused(ada, "CHAT_MESSAGE", message=long)
    assert ada.heard("CHAT_MESSAGE") == []
    assert ada.heard("CHAT_MESSAGES") == [{"type": "CHAT_MESSAGES", "messages": []}]


# --- Saved revisions -----------------------------------------------------------------------------


async def test_a_saved_revision_is_announced_once_and_stays(party: Party) -> None:
    ada, bob = await party.guest(0), await party.guest(1)
    assert await ada.write("some text") is None
    await bob.hears(lambda: bob.heard("NEW_CHANGES"))
    (asked, *_) = recorded("c2s", "SAVE_REVISION")
    assert await ada.ask(asked) is None
    assert await bob.ask(asked) is None, "to save it again is no fault"
    for guest in (ada, bob):
        await hears(guest, "NEW_SAVEDREV")
        (told,) = whole(guest, "NEW_SAVEDREV")
        assert form(told) == form(recorded("s2c", "NEW_SAVEDREV")[0])
        saved = told["data"]["savedRev"]
        assert (saved["revNum"], saved["savedById"]) == (1, ada.vars["userId"])
        assert saved["label"] == "Revision 1"
    late = await party.guest(1)
    assert late.vars["savedRevisions"] == [saved]
    assert await ada.collab("CHAT_MESSAGE", message={"text": "end"}) is None
    await bob.hears(lambda: bob.heard("CHAT_MESSAGE"))
    assert len(whole(bob, "NEW_SAVEDREV")) == 1


# --- Messages from page to page ------------------------------------------------------------------


async def test_a_suggested_name_reaches_that_user_alone(party: Party) -> None:
    ada, bob, eve = await party.guest(0), await party.guest(1), await party.guest(1)
    (said,) = recorded("c2s", "suggestUserName")
    said = {**said, "data": {**said["data"], "secret": 1}}
    said["data"]["payload"] = {**said["data"]["payload"], "unnamedId": bob.vars["userId"]}
    assert await ada.ask(said) is None
    await bob.hears(lambda: whole(bob, "suggestUserName"))
    (told,) = whole(bob, "suggestUserName")
    assert form(told) == form(recorded("s2c", "suggestUserName")[0])
    assert told["data"]["payload"] == said["data"]["payload"]
    assert await ada.collab("CHAT_MESSAGE", message={"text": "end"}) is None
    await eve.hears(lambda: eve.heard("CHAT_MESSAGE"))
    assert whole(eve, "suggestUserName") == whole(ada, "suggestUserName") == []
    for missing in ("newName", "unnamedId"):
        payload = {"type": "suggestUserName", "newName": "a", "unnamedId": "b", missing: None}
        text = await refused(ada, "CLIENT_MESSAGE", payload=payload)
        assert text == f"COLLABROOM: CLIENT_MESSAGE: suggestUserName: missing {missing}"
    text = await refused(ada, "CLIENT_MESSAGE", payload={"type": "nonsense"})
    assert text == "COLLABROOM: CLIENT_MESSAGE: nonsense: unknown message type"


async def test_the_creator_sets_how_the_pad_looks_for_everybody(party: Party) -> None:
    ada, bob = await party.guest(0), await party.guest(1)
    assert (ada.vars["canEditPadSettings"], bob.vars["canEditPadSettings"]) == (True, False)
    (said,) = recorded("c2s", "padoptions")
    assert await ada.ask(said) is None
    for guest in (ada, bob):
        await hears(guest, "padoptions")
        assert whole(guest, "padoptions") == [said]
    assert whole(ada, "padoptions") == recorded("s2c", "padoptions")[:1]
    late = await party.guest(1)
    assert late.vars["initialOptions"]["view"]["showLineNumbers"] is False
    assert form(late.vars["initialOptions"]) == form(bob.vars["initialOptions"])


async def test_only_the_creator_may_change_settings(party: Party) -> None:
    ada, bob = await party.guest(0), await party.guest(1)
    (said,) = recorded("c2s", "padoptions")
    assert await bob.ask(said) is None
    await bob.hears(lambda: bob.shouts)
    (notice,) = bob.shouts
    assert notice["data"]["payload"]["message"] == {
        "message": "Only the pad creator can change pad settings",
        "sticky": False,
    }
    late = await party.guest(0)
    assert late.vars["initialOptions"]["view"]["showLineNumbers"] is True
    assert whole(ada, "padoptions") == []


async def test_a_new_pad_looks_as_its_creators_page(party: Party) -> None:
    defaults = {"view": {"showLineNumbers": False}, "lang": "de", "ep_mine": {"a": 1}}
    ada = await party.guest(0, padSettingsDefaults=defaults)
    bob = await party.guest(1, padSettingsDefaults={"lang": "fr"})
    for guest in (ada, bob):
        options = guest.vars["initialOptions"]
        assert (options["lang"], options["ep_mine"]) == ("de", {"a": 1})
        assert options["view"]["showLineNumbers"] is False


async def test_what_plugins_send_each_other_reaches_the_others(party: Party) -> None:
    ada, bob = await party.guest(0), await party.guest(1)
    reader = await party.guest(0, pad=ada.vars["readOnlyId"])
    cursor = {"payload": {"action": "cursor", "at": [1, 2]}}
    assert await ada.collab("CUSTOM", **cursor) is None
    for guest in (bob, reader):
        await hears(guest, "CUSTOM")
        assert whole(guest, "CUSTOM") == [
            {"type": "COLLABROOM", "data": {"type": "CUSTOM", **cursor}}
        ]
    assert await ada.collab("CUSTOM", payload={"padId": party.pad}) is None
    assert await ada.collab("CHAT_MESSAGE", message={"text": "end"}) is None
    await bob.hears(lambda: bob.heard("CHAT_MESSAGE") and len(bob.heard("CUSTOM")) == 2)
    await reader.hears(lambda: reader.heard("CHAT_MESSAGE"))
    assert len(reader.heard("CUSTOM")) == 1, "a reader must not learn the pad's id"
    assert party.pad not in str(reader.messages)
    assert ada.heard("CUSTOM") == []


@pytest.mark.parametrize("kind", ["NEW_CHANGES", "ACCEPT_COMMIT", "cursor", "USER_LEAVE", None])
async def test_nobody_speaks_for_the_server(party: Party, kind: str | None) -> None:
    ada, bob = await party.guest(0), await party.guest(1)
    error = await ada.ask({"type": "COLLABROOM", "component": "pad", "data": {"type": kind}})
    shown = "undefined" if kind is None else kind
    assert error["message"] == f"COLLABROOM: {shown}: unknown message type"
    assert await ada.collab("CHAT_MESSAGE", message={"text": "end"}) is None
    await bob.hears(lambda: bob.heard("CHAT_MESSAGE"))
    assert [m["type"] for m in bob.messages if "disconnect" not in m] == [
        "CLIENT_VARS",
        "COLLABROOM",
        "COLLABROOM",
    ]


# --- Readers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        {"type": "CHAT_MESSAGE", "message": {"text": "x"}},
        {"type": "GET_CHAT_MESSAGES", "start": 0, "end": 0},
        {"type": "SAVE_REVISION"},
        {"type": "CLIENT_MESSAGE", "payload": {"type": "padoptions", "options": {}}},
        {"type": "CLIENT_MESSAGE", "payload": {"type": "suggestUserName"}},
        {"type": "USERINFO_UPDATE", "userInfo": {"colorId": "#112233"}},
        {"type": "PAD_DELETE", "data": {}},
        {"type": "CUSTOM", "payload": {}},
        {"type": "nonsense"},
    ],
    ids=lambda data: data["type"],
)
async def test_a_reader_cannot_chat(party: Party, data: Message) -> None:
    ada = await party.guest(0)
    reader = await party.guest(1, pad=ada.vars["readOnlyId"])
    assert (reader.vars["canEditPadSettings"], reader.vars["padDeletionToken"]) == (False, None)
    error = await reader.ask({"type": "COLLABROOM", "component": "pad", "data": data})
    assert error == {"name": "Error", "message": "COLLABROOM: write attempt on read-only pad"}


async def test_the_creator_reading_by_the_link_has_no_rights_of_his_own(party: Party) -> None:
    token = "t." + secrets.token_hex(10)
    ada = await party.guest(0, token=token)
    reading = await party.guest(1, pad=ada.vars["readOnlyId"], query="embed=1", token=token)
    assert reading.vars["userId"] == ada.vars["userId"]
    rights = ("readonly", "canEditPadSettings", "padDeletionToken")
    assert [reading.vars[right] for right in rights] == [True, False, None]


# --- Deletion ------------------------------------------------------------------------------------


async def test_with_its_token_anybody_deletes_the_pad(party: Party) -> None:
    ada, bob = await party.guest(0), await party.guest(1)
    token = ada.vars["padDeletionToken"]
    assert len(token) == 64
    assert (bob.vars["padDeletionToken"], bob.vars["canDeleteWithoutToken"]) == (None, False)
    wrong = {"padId": party.pad, "deletionToken": token[:-1] + "x"}
    for guest in (ada, bob):
        assert await guest.collab("PAD_DELETE", data=wrong) is None
        await is_shouted_at(guest)
        assert guest.shouts[0]["data"]["payload"]["message"] == {
            "messageKey": "pad.deletionToken.invalid",
            "sticky": False,
        }
    assert await bob.collab("PAD_DELETE", data={**wrong, "deletionToken": token}) is None
    for guest in (ada, bob):
        await sees_it_deleted(guest)
    again = await party.guest(1)
    assert again.vars["padDeletionToken"] not in (None, token)
    assert again.vars["chatHead"] == -1
    assert await again.collab("PAD_DELETE", data={**wrong, "deletionToken": token}) is None
    await again.hears(lambda: again.shouts)


async def test_the_token_is_told_once(party: Party) -> None:
    token = "t." + secrets.token_hex(10)
    ada = await party.guest(0, token=token)
    again = await party.guest(1, token=token, query="embed=1")
    assert again.vars["userId"] == ada.vars["userId"]
    assert ada.vars["padDeletionToken"] is not None
    assert again.vars["padDeletionToken"] is None
    assert again.vars["canEditPadSettings"] is True
    assert {"disconnect": "userdup"} not in ada.messages


async def test_what_was_beside_a_deleted_pad_is_gone_with_it(party: Party) -> None:
    ada, bob = await party.guest(0, padSettingsDefaults={"lang": "de"}), await party.guest(1)
    assert await ada.collab("CHAT_MESSAGE", message={"text": "old"}) is None
    assert await ada.collab("SAVE_REVISION") is None
    await bob.hears(lambda: bob.heard("CHAT_MESSAGE") and bob.heard("NEW_SAVEDREV"))
    assert await ada.collab("PAD_DELETE", data={"padId": party.pad}) is None
    await bob.hears(lambda: {"disconnect": "deleted"} in bob.messages)
    for worker in (1, 0):
        new = await party.guest(worker)
        assert (new.vars["chatHead"], new.vars["savedRevisions"]) == (-1, [])
        assert new.vars["initialOptions"]["lang"] is None


async def test_what_is_said_again_under_the_same_name_stands_there_once(fleet: Fleet) -> None:
    """A client whose connection broke before the answer says it again, maybe to another worker."""
    one, two = fleet.urls[:2]
    pad, token = new_pad(), new_token()
    said = {"text": "once", "requestID": "x1"}
    async with Guest(one) as guest:
        await guest.join(pad, token=token)
        assert await guest.collab("CHAT_MESSAGE", message=said) is None
    async with Guest(two) as guest, Guest(two) as other:
        await other.join(pad)
        await guest.join(pad, token=token)
        assert await guest.collab("CHAT_MESSAGE", message=said) is None
        # Another author's is another message, whatever it is called.
        assert await other.collab("CHAT_MESSAGE", message={**said, "text": "mine"}) is None
        assert await guest.collab("CHAT_MESSAGE", message={**said, "requestID": "x2"}) is None
        for wrong in ("", 7, "x" * 101):
            error = await guest.collab("CHAT_MESSAGE", message={**said, "requestID": wrong})
            assert "requestID" in error["message"]
        assert await guest.collab("GET_CHAT_MESSAGES", start=0, end=9) is None
        await guest.hears(lambda: guest.heard("CHAT_MESSAGES"))
        (answer,) = guest.heard("CHAT_MESSAGES")
        assert [each["text"] for each in answer["messages"]] == ["once", "mine", "once"]
        assert all("requestID" not in each for each in answer["messages"])
