"""Which ways to a cold pad bring it back, as docs/storage.md says: those that change it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from padfleet.services.web.api.functions import FUNCTIONS
from padfleet.services.web.api.versions import CURRENT
from padfleet.shared.client import connect
from tests.eventually import eventually
from tests.fleet import ROOT, Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, ApiFailed, Caller
from tests.whereabouts import is_in_redis

BESIDE: dict[str, dict[str, object]] = {
    "appendChatMessage": {"text": "said", "authorID": "a.door"},
    "appendText": {"text": "more\n"},
    "createDiffHTML": {"startRev": 0, "endRev": 1},
    "restoreRevision": {"rev": 0},
    "saveRevision": {"rev": 0},
    "sendClientsMessage": {"msg": "told"},
    "setHTML": {"html": "<p>another</p>"},
    "setPublicStatus": {"publicStatus": "false"},
    "setText": {"text": "another\n"},
}
"""What a function on a pad has to be given beside the pad."""

REFUSED = {"createPad": "already exist", "createGroupPad": "already exist"}
"""What is not done, since the pad is there."""

ANYWHERE = ("txt", "html", "etherpad")


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_PARTITIONS": "2",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_COLD_URL": f"file://{folder / 'store'}",
        "PADFLEET_COLD_AFTER": "1",
        "PADFLEET_COLD_EVERY": "0.6",
        "PADFLEET_PAD_COMPACTION": "true",
        "PADFLEET_AUTHOR_ERASURE": "true",
    }
    with fleet_of_its_own(folder, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def api(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0], version=CURRENT) as caller:
        yield caller


def told() -> tuple[set[str], set[str]]:
    """The functions that are said to leave a pad where it is, and those that bring it back."""
    text = (ROOT / "docs" / "storage.md").read_text()
    rows = [line.split("|")[2:4] for line in text.splitlines() if line.startswith("| HTTP API")]
    stay, come = (re.findall(r"`(\w+)`", "".join(cells)) for cells in zip(*rows, strict=True))
    return set(stay), set(come)


def test_every_function_of_the_api_is_told_of_once() -> None:
    stay, come = told()
    assert stay | come == set(FUNCTIONS)
    assert not stay & come


class Doors:
    """A cold pad for each function, in a group of its own."""

    def __init__(self, fleet: Fleet, api: Caller, server: redis_py.Redis) -> None:
        self._fleet = fleet
        self._api = api
        self._server = server
        self.fields: dict[str, dict[str, Any]] = {}
        self.pads: dict[str, str] = {}

    def is_here(self, pad: str) -> bool:
        return is_in_redis(self._server, pad)

    def brought_back(self) -> float:
        members = self._fleet.writers + self._fleet.workers
        return sum(member.metric("padfleet_cold_thawed_total") for member in members)

    async def open(self, name: str) -> None:
        """Makes the pad, and what else the function is about."""
        api = self._api
        group = (await api.createGroup())["groupID"]
        pad = f"door-{name}"
        if name == "createPad":  # which makes no group's
            await api.createPad(padID=pad, text="one\n")
        else:
            made = await api.createGroupPad(groupID=group, padName="door", text="one\n")
            pad = made["padID"]
        author = (await api.createAuthor(name="Ada"))["authorID"]
        await api.appendText(padID=pad, text="two\n", authorId=author)
        await api.appendChatMessage(padID=pad, text="said", authorID=author)
        link = (await api.getReadOnlyID(padID=pad))["readOnlyID"]
        until = 4_000_000_000
        session = await api.createSession(groupID=group, authorID=author, validUntil=until)
        self.pads[name] = pad
        self.fields[name] = {
            "padID": pad,
            "sourceID": pad,
            "destinationID": f"to-{name}",
            "groupID": group,
            "padName": "door",
            "authorID": author,
            "roID": link,
            "validUntil": until,
            "groupMapper": name,
            "authorMapper": name,
            **session,
            **BESIDE.get(name, {}),
        }

    async def all_cold(self) -> None:
        async def gone() -> bool:
            return not any(self.is_here(pad) for pad in self.pads.values())

        await eventually(gone, "nothing of them is in Redis", timeout=60)

    async def ask(self, name: str) -> None:
        if name in REFUSED:
            with pytest.raises(ApiFailed, match=REFUSED[name]):
                await self._api.call(name, **self.fields[name])
        else:
            await self._api.call(name, **self.fields[name])


async def test_the_functions_that_are_said_to_bring_a_pad_back_do_and_no_others(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    doors = Doors(fleet, api, server)
    for name in FUNCTIONS:
        await doors.open(name)
    await doors.all_cold()
    found: dict[bool, set[str]] = {False: set(), True: set()}
    for name in FUNCTIONS:
        before = doors.brought_back()
        await doors.ask(name)
        found[doors.brought_back() > before].add(name)
    stay, come = told()
    assert found[True] == come
    assert found[False] == stay


async def test_what_is_shown_of_a_pad_is_read_where_it_is(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    doors = Doors(fleet, api, server)
    await doors.open("shown")
    pad, link = doors.pads["shown"], doors.fields["shown"]["roID"]
    await api.setPublicStatus(padID=pad, publicStatus="true")
    await doors.all_cold()
    before = doors.brought_back()
    paths = [f"{rev}export/{kind}" for rev in ("", "1/") for kind in ANYWHERE]
    for name in (pad, link):
        for path in ("", "/timeslider", *(f"/{path}" for path in paths)):
            async with api.http.get(f"{api.url}/p/{name}{path}") as response:
                assert response.status == 200, path
    assert (doors.brought_back(), doors.is_here(pad)) == (before, False)
    async with connect(f"{fleet.urls[0]}/p/{link}") as there:
        assert "two" in there.text
        assert (doors.brought_back(), doors.is_here(pad)) == (before, False)
    # Whoever may write on it needs it in Redis.
    async with connect(f"{fleet.urls[0]}/p/{pad}") as there:
        assert "two" in there.text
    assert doors.brought_back() == before + 1


async def test_a_pad_is_brought_back_to_be_given_its_read_only_id(
    fleet: Fleet, api: Caller, server: redis_py.Redis
) -> None:
    doors = Doors(fleet, api, server)
    await api.createPad(padID="no-link", text="one\n")
    doors.pads["no-link"] = "no-link"
    await doors.all_cold()
    before = doors.brought_back()
    link = (await api.getReadOnlyID(padID="no-link"))["readOnlyID"]
    assert doors.brought_back() == before + 1
    await doors.all_cold()
    assert await api.getReadOnlyID(padID="no-link") == {"readOnlyID": link}
    assert doors.brought_back() == before + 1
