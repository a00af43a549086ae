"""Tests that the history of a pad in the cold store is shown without bringing the pad back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from padfleet.services.web.api.versions import CURRENT
from padfleet.shared.client import connect
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest, Message
from tests.integration.api.caller import KEY, Caller
from tests.whereabouts import is_in_redis

REVISIONS = 40

OF_ITS_OWN = (
    *("serverTimestamp", "userId", "userColor", "numConnectedUsers", "padDeletionToken"),
    "onlooker",
)
"""What CLIENT_VARS says of the client and of the moment, and not of the pad."""


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_PARTITIONS": "2",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_COLD_URL": f"file://{folder / 'store'}",
        "PADFLEET_COLD_AFTER": "1",
        "PADFLEET_COLD_EVERY": "0.6",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def api(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0], version=CURRENT) as caller:
        yield caller


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


class Onlookers:
    """Clients that look at one pad's history."""

    def __init__(
        self, fleet: Fleet, stack: AsyncExitStack, server: redis_py.Redis, pad: str
    ) -> None:
        self._fleet, self._stack, self._server = fleet, stack, server
        self.pad = pad

    @property
    def is_here(self) -> bool:
        return is_in_redis(self._server, self.pad)

    async def cold(self) -> None:
        async def gone() -> bool:
            return not self.is_here

        await eventually(gone, "nothing of it is in Redis", timeout=60)

    async def open(self, name: str = "", **ready: Any) -> Guest:
        """Opens the history as Etherpad's page does."""
        guest = await self._stack.enter_async_context(Guest(self._fleet.urls[0]))
        return await guest.join(name or self.pad, **(ready or {"data": {}}))


def variables(guest: Guest) -> Message:
    return {name: value for name, value in guest.vars.items() if name not in OF_ITS_OWN}


async def ask(guest: Guest, start: int, size: int) -> Any:
    data = {"start": start, "granularity": size, "requestID": start}
    return await guest.ask({"component": "pad", "type": "CHANGESET_REQ", "data": data})


async def history(guest: Guest) -> list[Message]:
    """Looks at all of the history, in steps of several sizes."""

    def answers() -> list[Message]:
        return [m["data"] for m in guest.messages if m.get("type") == "CHANGESET_REQ"]

    for size in (1, 10):
        for start in range(0, REVISIONS, 10):
            before = len(answers())
            assert await ask(guest, start, size) is None
            await guest.hears(lambda before=before: len(answers()) > before)  # type: ignore[misc]
    return answers()


@pytest.fixture
async def looked_at(
    fleet: Fleet,
    api: Caller,
    stack: AsyncExitStack,
    server: redis_py.Redis,
    request: pytest.FixtureRequest,
) -> Onlookers:
    """Returns a pad with some revisions, chat, a saved revision and a name for its author."""
    pad = f"seen-{abs(hash(request.node.name))}"
    async with connect(f"{fleet.urls[0]}/p/{pad}", name="Ada") as there:
        for number in range(REVISIONS):
            await there.append(f"line {number}\n")
    author = (await api.createAuthor(name="Bo"))["authorID"]
    await api.appendChatMessage(padID=pad, text="said", authorID=author)
    await api.saveRevision(padID=pad, rev=3)
    return Onlookers(fleet, stack, server, pad)


async def test_a_cold_pads_history_is_shown_and_it_stays_cold(
    looked_at: Onlookers, api: Caller
) -> None:
    link = (await api.getReadOnlyID(padID=looked_at.pad))["readOnlyID"]
    hot = [await looked_at.open(name) for name in (looked_at.pad, link)]
    expected = [(variables(guest), await history(guest)) for guest in hot]
    for guest in hot:
        await guest.__aexit__()
    await looked_at.cold()
    for name, (told, shown) in zip((looked_at.pad, link), expected, strict=True):
        guest = await looked_at.open(name)
        assert variables(guest) == told
        assert await history(guest) == shown
    assert looked_at.pad not in str(guest.messages), "a reader was told the pad's id"
    assert not looked_at.is_here


async def test_a_page_that_asks_for_the_history_only_is_an_onlooker_too(
    looked_at: Onlookers,
) -> None:
    await looked_at.cold()
    guest = await looked_at.open(userInfo={"name": "Eve", "colorId": 3}, only="HISTORY")
    assert (guest.vars["onlooker"], guest.vars["readonly"]) == (True, True)
    assert len(await history(guest)) == 8
    assert not looked_at.is_here


async def test_somebody_else_may_open_the_pad_and_delete_it_meanwhile(
    fleet: Fleet, looked_at: Onlookers, api: Caller
) -> None:
    await looked_at.cold()
    guest = await looked_at.open()
    shown = await history(guest)
    async with connect(f"{fleet.urls[0]}/p/{looked_at.pad}") as there:
        guest.messages.clear()
        assert await history(guest) == shown
        await there.append("more\n")
        assert not any("COLLABROOM" in str(m) for m in guest.messages)
    await looked_at.cold()
    guest.messages.clear()
    last = REVISIONS // 10 - 1  # the last part in steps of one revision
    longer = (await history(guest))[last]
    assert longer["actualEndNum"] > shown[last]["actualEndNum"], "what was written is missing"
    await api.deletePad(padID=looked_at.pad)
    question = asyncio.create_task(ask(guest, 0, 1))
    await eventually(lambda: not guest.connected, "it comes back and is told what there is")
    question.cancel()


async def test_an_onlooker_is_on_no_pad(looked_at: Onlookers) -> None:
    await looked_at.cold()
    guest = await looked_at.open()
    said = {"type": "CHAT_MESSAGE", "message": {"text": "x"}}
    refused = await guest.ask({"component": "pad", "type": "COLLABROOM", "data": said})
    assert "pre-CLIENT_READY" in refused["message"]
    assert not looked_at.is_here


# --- Readers -------------------------------------------------------------------------------------


@pytest.fixture
async def link(looked_at: Onlookers, api: Caller) -> str:
    """Returns the read-only link of the pad, which is cold by then."""
    found: str = (await api.getReadOnlyID(padID=looked_at.pad))["readOnlyID"]
    await looked_at.cold()
    return found


def text_of(guest: Guest) -> str:
    text: str = guest.vars["collab_client_vars"]["initialAttributedText"]["text"]
    return text


def people_told(guest: Guest) -> list[str]:
    return [data["userInfo"].get("name") for data in guest.heard("USER_NEWINFO")]


async def test_a_reader_is_shown_a_cold_pad_and_it_stays_cold(
    looked_at: Onlookers, link: str
) -> None:
    reader = await looked_at.open(link, userInfo={"name": "Eve"})
    assert (reader.vars["readonly"], "onlooker" in reader.vars) == (True, False)
    assert text_of(reader).count("line") == REVISIONS
    assert len(await history(reader)) == 8, "a reader may look back, too"
    refused = await reader.collab("CHAT_MESSAGE", message={"text": "x"})
    assert "write attempt on read-only pad" in refused["message"]
    assert looked_at.pad not in str(reader.messages), "a reader was told the pad's id"
    assert not looked_at.is_here


async def test_I3_a_reader_of_a_cold_pad_goes_on_when_somebody_opens_it(
    fleet: Fleet, looked_at: Onlookers, link: str
) -> None:
    reader = await looked_at.open(link, userInfo={"name": "Eve"}, supports=["SESSIONS"])
    async with connect(f"{fleet.urls[0]}/p/{looked_at.pad}", name="Bo") as there:
        for number in range(3):
            await there.append(f"more {number}\n")
        await reader.hears(lambda: len(reader.heard("NEW_CHANGES")) == 3, "what is written")
        await reader.hears(lambda: people_told(reader) == ["Bo"], "who is there")
        await eventually(lambda: "Eve" in there.names.values(), "the reader is on the pad")
        first = reader.vars["collab_client_vars"]["rev"] + 1
        revs = [data["newRev"] for data in reader.heard("NEW_CHANGES")]
        assert revs == list(range(first, first + 3))
        assert reader.connected
        assert reader.heard("CLIENT_RECONNECT") == [], "it was never away"
        refused = await reader.collab("CHAT_MESSAGE", message={"text": "x"})
        assert "write attempt on read-only pad" in refused["message"]


async def test_of_two_readers_the_second_brings_the_pad_for_both(
    fleet: Fleet, looked_at: Onlookers, link: str
) -> None:
    """What is read of a pad in Redis is shared by all who come."""
    readers = [await looked_at.open(link, userInfo={"name": name}) for name in ("Eve", "Flo")]
    assert looked_at.is_here
    await readers[0].hears(lambda: people_told(readers[0]) == ["Flo"], "both are on the pad")
    async with connect(f"{fleet.urls[0]}/p/{looked_at.pad}") as there:
        await there.append("more\n")
    for reader in readers:
        await reader.hears(lambda reader=reader: len(reader.heard("NEW_CHANGES")) == 1)  # type: ignore[misc]
        await reader.__aexit__()
    await looked_at.cold()
    assert "more" in text_of(await looked_at.open(link, userInfo={}))
    assert not looked_at.is_here, "nobody follows it any more, so the next one is the first"


async def test_a_reader_learns_that_the_pad_has_been_deleted(
    looked_at: Onlookers, link: str, api: Caller
) -> None:
    reader = await looked_at.open(link, userInfo={})
    await api.deletePad(padID=looked_at.pad)
    await reader.hears(lambda: {"disconnect": "deleted"} in reader.messages, "that it is gone")


async def test_a_reader_whose_worker_loses_touch_with_redis_leaves_the_pad_where_it_is(
    fleet: Fleet, looked_at: Onlookers, link: str, server: redis_py.Redis
) -> None:
    reader = await looked_at.open(link, userInfo={})

    def subscribed() -> set[str]:
        found = server.client_list(_type="pubsub")
        return {client["id"] for client in found if int(client["ssub"])}

    before = subscribed()
    for client in before:
        server.client_kill_filter(_id=client)
    await eventually(lambda: subscribed() - before, "it has subscribed again")
    assert len(await history(reader)) == 8
    assert not looked_at.is_here
    async with connect(f"{fleet.urls[0]}/p/{looked_at.pad}") as there:
        await there.append("more\n")
        await reader.hears(lambda: len(reader.heard("NEW_CHANGES")) == 1)


async def test_I5_a_reader_who_comes_back_to_a_cold_pad_has_missed_nothing(
    fleet: Fleet, looked_at: Onlookers, link: str, stack: AsyncExitStack
) -> None:
    who = {"token": "t.abcdefghijklmnopqrst", "userInfo": {}}
    reader = await looked_at.open(link, **who)
    await reader.hears(lambda: reader.history, "what its page keeps on record")
    rev = reader.vars["collab_client_vars"]["rev"]
    await reader.__aexit__()
    again = await stack.enter_async_context(
        Guest(fleet.urls[0], auth={"offset": reader.history, "pid": "x"})
    )
    await again.join(link, **who, reconnect=True, client_rev=rev)
    await again.hears(lambda: again.heard("CLIENT_RECONNECT"), "that it goes on")
    assert [data["noChanges"] for data in again.heard("CLIENT_RECONNECT")] == [True]
