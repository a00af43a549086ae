"""Tests the timeslider of Etherpad's page: joining, asking for changesets, and new revisions
meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.fleet.inventory import stored_keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.staging import Staging
from tests.acceptance.npm import new_pad, new_token
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.guest import Guest
from tests.histories import lived_in
from tests.recordings import form, recorded

Message = dict[str, Any]

LONG = 3300
"""Revisions, of which the first thousand are put into a chunk."""


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def open_slider(stack: AsyncExitStack, url: str, pad: str, query: str = "") -> Guest:
    """Opens the history as the page does, with a CLIENT_READY that names no user."""
    guest = await stack.enter_async_context(Guest(url, query=query))
    return await guest.join(pad, data={})


async def history(guest: Guest, start: int, size: int, request: Any = 1) -> Message:
    """Asks for a part of the history, and returns the `data` of the answer."""

    def answers() -> list[Message]:
        return [m["data"] for m in guest.messages if m.get("type") == "CHANGESET_REQ"]

    before = len(answers())
    data = {"start": start, "granularity": size, "requestID": request}
    error = await guest.ask({"component": "pad", "type": "CHANGESET_REQ", "data": data})
    assert error is None
    await guest.hears(lambda: len(answers()) > before)
    return answers()[before]


@pytest.fixture(scope="module")
def long_pad(fleet: Fleet) -> str:
    async def put() -> str:
        redis = open_redis(fleet.redis_url)
        await redis.start()
        try:
            pad = new_pad()
            keyspace = await stored_keyspace(redis)
            staging = await Staging.begin(redis, keyspace, pad, head=LONG - 1)
            await staging.add(lived_in(LONG))
            await staging.install(
                above_epoch=0, creator="a.maker", read_only_id=None, replace=False
            )
            assert (await read_meta(redis, keyspace.pad(pad))).first == 1000
            return pad
        finally:
            await redis.close()

    return asyncio.run(put())


async def test_it_is_answered_as_by_Etherpad(fleet: Fleet, stack: AsyncExitStack) -> None:
    pad = new_pad()
    ada = await stack.enter_async_context(Guest(fleet.urls[0]))
    await ada.join(pad)
    assert await ada.write("some text ") is None
    slider = await open_slider(stack, fleet.urls[1], pad)
    (asked,) = recorded("c2s", "CHANGESET_REQ")
    assert await slider.ask({**asked, "padId": pad}) is None
    await slider.hears(lambda: any(m.get("type") == "CHANGESET_REQ" for m in slider.messages))
    (answer,) = (m for m in slider.messages if m.get("type") == "CHANGESET_REQ")
    (expected,) = recorded("s2c", "CHANGESET_REQ")
    assert form({**answer["data"], "apool": 0}) == form({**expected["data"], "apool": 0})
    data = answer["data"]
    assert data["requestID"] == asked["data"]["requestID"]
    assert (data["start"], data["granularity"], data["actualEndNum"]) == (0, 1, 2)
    assert data["forwardsChangesets"][1].endswith("$some text ")
    assert data["backwardsChangesets"][1].endswith("-a$")


async def complete(guest: Guest, start: int, size: int, count: int) -> Message:
    """Returns an answer with so many steps. A worker stops after ten seconds, which a busy one may
    need, and the next request gets further."""

    async def answer() -> Message | None:
        found = await history(guest, start, size)
        steps = len(found["forwardsChangesets"])
        assert steps <= count
        return found if steps == count else None

    found = await eventually(answer, f"{count} steps of {size} from {start}", timeout=60)
    assert found is not None
    return found


# Alone: the past is worked out at a low priority, and gets little where others take the machine.
@pytest.mark.alone
@pytest.mark.timeout(600)
async def test_both_workers_and_readers_are_told_the_same(
    fleet: Fleet, stack: AsyncExitStack, long_pad: str
) -> None:
    one = await open_slider(stack, fleet.urls[0], long_pad)
    two = await open_slider(stack, fleet.urls[1], long_pad, query="embed=1")
    reader = await open_slider(stack, fleet.urls[1], one.vars["readOnlyId"])
    assert reader.vars["readonly"] is True

    async def all_have_its_end() -> bool:
        ends = [await history(guest, 3200, 1) for guest in (one, two, reader)]
        return all(len(end["forwardsChangesets"]) == 100 for end in ends)

    what = "both workers have heard of all that was written"
    await eventually(all_have_its_end, what, timeout=120)
    for size, start, count in (
        (100, 0, 33),
        (10, 0, 100),
        (10, 1000, 100),
        (10, 3000, 30),
        (1, 900, 100),
        (1, 3200, 100),
        (1000, 0, 3),
        (1000, 3000, 0),
    ):
        answers = [await complete(guest, start, size, count) for guest in (one, two, reader)]
        assert json.dumps(answers[0]) == json.dumps(answers[1]) == json.dumps(answers[2])
    assert long_pad not in json.dumps(reader.messages)


async def test_what_is_written_while_it_is_open_reaches_it(
    fleet: Fleet, stack: AsyncExitStack
) -> None:
    pad = new_pad()
    ada = await stack.enter_async_context(Guest(fleet.urls[0]))
    await ada.join(pad)
    slider = await open_slider(stack, fleet.urls[1], pad)
    assert await ada.write("live ") is None
    await slider.hears(lambda: slider.heard("NEW_CHANGES"))
    (change,) = slider.heard("NEW_CHANGES")
    assert (change["newRev"], change["changeset"].endswith("$live ")) == (1, True)
    assert await ada.collab("SAVE_REVISION") is None
    await slider.hears(lambda: slider.heard("NEW_SAVEDREV"))
    data = await history(slider, 0, 1)
    assert data["actualEndNum"] == 2
    assert await ada.write("again ") is None, "on what it was in the beginning"
    await slider.hears(lambda: len(slider.heard("NEW_CHANGES")) == 2)
    assert (await history(slider, 0, 1))["actualEndNum"] == 3


async def test_the_history_frame_shares_the_pages_author(
    fleet: Fleet, stack: AsyncExitStack
) -> None:
    """The frame neither kicks the page nor is kicked; without `embed`, it takes the page's
    place."""
    pad, cookie = new_pad(), f"token={new_token()}"
    page = await stack.enter_async_context(Guest(fleet.urls[0], cookie=cookie))
    await page.ask({"component": "pad", "type": "CLIENT_READY", "padId": pad})
    frame = await stack.enter_async_context(Guest(fleet.urls[1], cookie=cookie, query="embed=1"))
    await frame.ask({"component": "pad", "type": "CLIENT_READY", "padId": pad, "data": {}})
    assert frame.vars["userId"] == page.vars["userId"]
    assert (await history(frame, 0, 1))["actualEndNum"] == 1
    assert await page.write("still there ") is None
    await frame.hears(lambda: frame.heard("NEW_CHANGES"))
    assert {"disconnect": "userdup"} not in page.messages + frame.messages
    direct = await stack.enter_async_context(Guest(fleet.urls[1], cookie=cookie))
    await direct.ask({"component": "pad", "type": "CLIENT_READY", "padId": pad, "data": {}})
    await page.hears(lambda: {"disconnect": "userdup"} in page.messages)
    assert {"disconnect": "userdup"} not in frame.messages


async def test_what_cannot_be_asked_is_refused(fleet: Fleet, stack: AsyncExitStack) -> None:
    slider = await open_slider(stack, fleet.urls[0], new_pad())
    for data, why in (
        ({"start": 0, "requestID": 1}, "missing granularity"),
        ({"start": -1, "granularity": 1, "requestID": 1}, "rev is not a negative number"),
        ({"granularity": 1, "requestID": 1}, "missing start"),
        ({"start": 0, "granularity": 1}, "mising requestID"),
    ):
        error = await slider.ask({"component": "pad", "type": "CHANGESET_REQ", "data": data})
        assert error == {"name": "Error", "message": f"CHANGESET_REQ: {why}"}
    early = await stack.enter_async_context(Guest(fleet.urls[0]))
    error = await early.ask({"component": "pad", "type": "CHANGESET_REQ", "data": {}})
    assert "pre-CLIENT_READY" in error["message"]


async def test_a_helper_that_dies_is_replaced(
    fleet: Fleet, stack: AsyncExitStack, long_pad: str
) -> None:
    slider = await open_slider(stack, fleet.urls[0], long_pad)
    await history(slider, 100, 1)
    # Other tests may have left one for files, too.
    killed = children(fleet.workers[0].process.pid)
    assert killed
    for child in killed:
        os.kill(child, signal.SIGKILL)
    assert (await history(slider, 200, 1))["actualEndNum"] == 300
    there = children(fleet.workers[0].process.pid)
    assert there
    assert not set(there) & set(killed)


def children(pid: int) -> list[int]:
    """Processes that this one has started and that live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found
