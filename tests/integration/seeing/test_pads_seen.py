"""Tests `/fleet/pads` on a real fleet with a cold store, and the entries of the audit log after
each deed, by whichever way it was requested."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
import redis as redis_library

from padfleet.shared.client import Disconnected, Pad, connect
from padfleet.shared.log.fleet.audit import KEPT
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, ApiFailed, Caller
from tests.tools import padfleet

TOKEN = "0123456789abcdef"
BROWSER = {"X-Padfleet-Page": "fleet", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def cold_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"file://{tmp_path_factory.mktemp('cold')}"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, cold_url: str) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_FLEET_TOKEN": TOKEN,
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_COLD_URL": cold_url,
        "PADFLEET_COLD_AFTER": "1",
        "PADFLEET_COLD_EVERY": "0.6",
        # Nobody is kept from deleting by a page that is allowed to do what it must not.
        "PADFLEET_CORS": "*",
    }
    folder = tmp_path_factory.mktemp("seen")
    with fleet_of_its_own(folder, settings, writers=1, workers=2) as running:
        yield running


def login(name: str, password: str) -> dict[str, str]:
    """Returns the headers that a browser sends with this name and password."""
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


class Operator:
    """Somebody at the page of one worker, as his browser speaks to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = aiohttp.ClientSession(headers=login("Ada", TOKEN))

    async def pads(self, **search: str) -> list[dict[str, Any]]:
        """Returns the rows of all pages by pad. Raises AssertionError if a page reports an
        error."""
        found: dict[str, dict[str, Any]] = {}
        after = ""
        while True:
            asked = {**search, "after": after}
            async with self.http.get(f"{self.url}/fleet/pads/list", params=asked) as response:
                assert response.status == 200, await response.text()
                rows = [json.loads(line) async for line in response.content]
            end = rows.pop()
            assert end["end"], end
            found |= {row["pad"]: row for row in rows}
            after = end["after"]
            if not after:
                return [found[pad] for pad in sorted(found)]

    async def pad(self, name: str) -> dict[str, Any]:
        asked = {"name": name}
        async with self.http.get(f"{self.url}/fleet/pads/pad", params=asked) as response:
            told: dict[str, Any] = await response.json()
            return told | {"status": response.status}

    async def do(self, deed: str, pad: str, **more: Any) -> dict[str, Any]:
        url, order = f"{self.url}/fleet/pads/do", {"deed": deed, "pad": pad, **more}
        async with self.http.post(url, json=order, headers=BROWSER) as response:
            told: dict[str, Any] = await response.json()
            return told | {"status": response.status}

    async def audit(self, subject: str = "") -> list[dict[str, Any]]:
        """Returns the newest entries, the newest first."""
        async with self.http.get(f"{self.url}/fleet/audit") as response:
            told = await response.json()
        return [e for e in told["entries"] if not subject or e["subject"] == subject]


@pytest.fixture
async def ada(fleet: Fleet) -> AsyncIterator[Operator]:
    operator = Operator(fleet.ops_urls[0])
    yield operator
    await operator.http.close()


@pytest.fixture
async def api(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0]) as caller:
        yield caller


def run(fleet: Fleet, cold_url: str, *words: object) -> Any:
    return padfleet(fleet.redis_url, *words, PADFLEET_COLD_URL=cold_url)


async def made(fleet: Fleet, *names: str) -> None:
    for name in names:
        async with connect(f"{fleet.urls[0]}/p/{name}", name="Mona") as pad:
            await pad.append(f"this is {name}\n")


async def is_cold(ada: Operator, pad: str) -> None:
    async def cold() -> bool:
        return [row["place"] for row in await ada.pads(search=pad)] == ["cold"]

    await eventually(cold, f"{pad} is in the cold store", timeout=30)


async def test_pads_are_found_wherever_they_are_and_stay_there(fleet: Fleet, ada: Operator) -> None:
    await made(fleet, "found-cold", "found-open")
    async with connect(f"{fleet.urls[1]}/p/found-open", name="Bob") as bob:
        await is_cold(ada, "found-cold")
        rows = await ada.pads(search="FOUND-")
        assert [(row["pad"], row["place"], row["sessions"]) for row in rows] == [
            ("found-cold", "cold", 0),
            ("found-open", "hot", 1),
        ]
        assert all(row["bytes"] > 0 and row["edited"] > 0 and row["head"] > 0 for row in rows)
        assert [r["pad"] for r in await ada.pads(search="found-", open="1")] == ["found-open"]
        assert [r["pad"] for r in await ada.pads(search="found-", place="cold")] == ["found-cold"]
        seen = await ada.pad("found-open")
        assert [person["name"] for person in seen["people"]] == ["Bob"]
        assert seen["people"][0]["author"] == bob.author_id
        assert (await ada.pad("found-cold"))["authors"] == 1
        assert (await ada.pad("found-none"))["status"] == 404
        with redis_library.Redis.from_url(fleet.redis_url) as server:
            assert list(server.scan_iter(match="*found-cold*", count=10_000)) == []


async def ended(pad: Pad) -> str:
    """Waits until the server has ended the session, and returns the reason."""
    with pytest.raises(Disconnected) as told:
        await asyncio.wait_for(pad.until(lambda: False), 20)
    return told.value.reason


async def test_people_are_sent_away_on_every_worker_and_may_come_again(
    fleet: Fleet, ada: Operator, cold_url: str
) -> None:
    one, two = (f"{url}/p/meeting" for url in fleet.urls)
    async with connect(one, name="Bob") as bob, connect(two, name="Cleo") as cleo:
        await bob.append("x\n")
        told = await ada.do("kick", "meeting", author=cleo.author_id)
        assert (told["status"], told["sessions"]) == (200, 1)
        assert await ended(cleo) == "kicked"
        await bob.append("and goes on\n")

        async def alone() -> bool:
            return [p["name"] for p in (await ada.pad("meeting"))["people"]] == ["Bob"]

        await eventually(alone, "only one of them is left")
        async with connect(two, name="Cleo") as again:
            await again.until(lambda: "and goes on" in again.text)
            said = await run(fleet, cold_url, "pads", "kick", "meeting", "--json")
            assert json.loads(said.out) == {"deed": "kick", "pad": "meeting", "sessions": 2}
            assert {await ended(bob), await ended(again)} == {"kicked"}
    command, page = await ada.audit("meeting")
    assert (command["way"], command["let_in_by"], command["details"]) == (
        *("command", "Redis"),
        {"sessions": 2, "kept_out_s": 60},
    )
    assert page["details"] == {"author": cleo.author_id, "sessions": 1, "kept_out_s": 60}
    assert (page["way"], page["who"], page["let_in_by"]) == ("page", "Ada", "fleet token")
    assert page["where"] == "127.0.0.1"


async def test_an_author_sent_away_stays_out_for_the_given_time(
    fleet: Fleet, ada: Operator, cold_url: str
) -> None:
    """This holds even where a program comes back at once, to another worker."""
    one, two = (f"{url}/p/kept-out" for url in fleet.urls)
    async with connect(one, name="Bob") as bob, connect(two, token="t.cleo-kept-out") as cleo:
        await bob.append("x\n")

        async def comes_back() -> None:
            async with connect(one, token="t.cleo-kept-out", resume=False) as again:
                await again.until(lambda: "x" in again.text)

        await ada.do("kick", "kept-out", author=cleo.author_id)
        assert await ended(cleo) == "kicked"
        with pytest.raises(Disconnected) as told:
            await comes_back()
        assert told.value.reason == "kicked"
        await ada.do("kick", "kept-out", author=cleo.author_id, keep_out_s=1)
        await let_in_again(comes_back)
        said = await run(fleet, cold_url, "pads", "kick", "kept-out", "--for", "0")
        assert said.code == 0
        assert await ended(bob) == "kicked"
        await comes_back()
    for wrong in ("2d", "5", "-1"):
        said = await run(fleet, cold_url, "pads", "kick", "kept-out", f"--for={wrong}")
        assert said.code == 2
    told_not = await ada.do("kick", "kept-out", keep_out_s=100_000)
    assert told_not["status"] == 400


async def test_nobody_is_sent_away_from_a_pad_that_is_not_there(
    fleet: Fleet, ada: Operator, cold_url: str
) -> None:
    """A name with a slip in it was answered as a pad that nobody is on."""
    said = await run(fleet, cold_url, "pads", "kick", "meetnig")
    assert (said.code, said.err) == (1, "padfleet pads: there is no pad 'meetnig'\n")
    assert (await ada.do("kick", "meetnig"))["status"] == 404
    for entry in await ada.audit("meetnig"):
        assert (entry["outcome"], entry["why"]) == ("refused", "there is no such pad")
    await made(fleet, "nobody-is-on-it")
    await is_cold(ada, "nobody-is-on-it")
    said = await run(fleet, cold_url, "pads", "kick", "nobody-is-on-it")
    assert (said.code, said.out) == (0, "nobody-is-on-it: 0 sessions sent away\n")


async def let_in_again(comes_back: Callable[[], Awaitable[None]]) -> None:
    async def is_let_in() -> bool:
        try:
            await comes_back()
        except Disconnected:
            return False
        return True

    await eventually(is_let_in, "she is let in when the time is over")


async def test_every_way_of_deleting_is_written_down(
    fleet: Fleet, ada: Operator, api: Caller, cold_url: str
) -> None:
    await made(fleet, "gone-1", "gone-2", "gone-3", "gone-4")
    await is_cold(ada, "gone-4")
    assert (await ada.do("delete", "gone-1"))["done"]
    await api.deletePad(padID="gone-2")
    said = await run(fleet, cold_url, "pads", "delete", "gone-3", "gone-none", "--json")
    assert (said.code, json.loads(said.out)) == (1, {"deed": "delete", "pad": "gone-3"})
    assert (await ada.do("delete", "gone-4"))["done"], "in the cold store"
    assert (await ada.do("delete", "gone-4"))["status"] == 404
    assert [row["pad"] for row in await ada.pads(search="gone-")] == []
    found = await run(fleet, cold_url, "audit", "--match", "gone-*", "--json")
    entries = [json.loads(line) for line in found.out.splitlines()]
    assert [(e["deed"], e["subject"], e["way"], e["outcome"]) for e in entries] == [
        ("delete", "gone-1", "page", "done"),
        ("delete", "gone-2", "api", "done"),
        ("delete", "gone-3", "command", "done"),
        ("delete", "gone-none", "command", "refused"),
        ("delete", "gone-4", "page", "done"),
        ("delete", "gone-4", "page", "refused"),
    ]
    assert [e["let_in_by"] for e in entries[:3]] == ["fleet token", "API key", "Redis"]
    assert all(e["at"] and e["where"] for e in entries)
    assert entries[2]["who"], "the account that has run the command"
    said = await run(fleet, cold_url, "audit", "--match", "gone-*", "-n", "1")
    refused = "delete gone-4  refused: there is no such pad  Ada by fleet token, 127.0.0.1"
    assert refused in said.out
    # What a worker has done is in its own log, too: it stays when the list is gone.
    assert '"audit_subject": "gone-1"' in fleet.workers[0].log.read_text()


async def test_copies_moves_and_what_callers_do_besides(
    fleet: Fleet, ada: Operator, api: Caller
) -> None:
    await made(fleet, "from-1", "from-2")
    assert (await ada.do("copy", "from-1", to="to-1"))["done"]
    assert (await ada.do("copy", "from-1", to="to-1"))["status"] == 409
    assert (await ada.do("move", "from-1", to="to-1", replace=True))["done"]
    assert (await ada.do("move", "from-1", to="g.0123456789abcdef$x"))["status"] == 400
    await api.copyPad(sourceID="from-2", destinationID="to-2")
    await api.movePad(sourceID="from-2", destinationID="to-2", force="true")
    with pytest.raises(ApiFailed, match="already exists"):
        await api.copyPadWithoutHistory(sourceID="to-1", destinationID="to-2")
    await api.restoreRevision(padID="to-2", rev=0)
    group = (await api.createGroup())["groupID"]
    await api.createGroupPad(groupID=group, padName="x")
    await api.deleteGroup(groupID=group)
    assert [row["pad"] for row in await ada.pads(search="from-")] == []
    assert [(e["deed"], e["outcome"], e["details"].get("to")) for e in await ada.audit()][:9] == [
        ("delete group", "done", None),
        ("delete", "done", None),
        ("restore revision", "done", None),
        ("copy", "refused", "to-2"),
        ("move", "done", "to-2"),
        ("copy", "done", "to-2"),
        ("move", "done", "to-1"),
        ("copy", "refused", "to-1"),
        ("copy", "done", "to-1"),
    ]


async def test_a_read_only_link_is_made_once(fleet: Fleet, ada: Operator) -> None:
    await made(fleet, "linked")
    link = (await ada.do("read-only link", "linked"))["read_only_id"]
    assert (await ada.do("read-only link", "linked"))["read_only_id"] == link
    assert (await ada.pad("linked"))["read_only_id"] == link
    async with connect(f"{fleet.urls[1]}/p/{link}") as reader:
        assert "this is linked" in reader.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", **BROWSER},
        {"Sec-Fetch-Site": "cross-site", "X-Padfleet-Page": "fleet"},
        {"Sec-Fetch-Site": "same-site", "X-Padfleet-Page": "fleet"},
        {},
        {**BROWSER, "Content-Type": "text/plain"},
    ],
)
async def test_another_page_has_nothing_done_with_the_password_of_a_browser(
    fleet: Fleet, ada: Operator, headers: dict[str, str]
) -> None:
    """This holds even where `PADFLEET_CORS` lets any page call the fleet."""
    await made(fleet, "precious")
    url = f"{ada.url}/fleet/pads/do"
    body = json.dumps({"deed": "delete", "pad": "precious"})
    sent = {"Content-Type": "application/json", **headers}
    async with ada.http.post(url, data=body, headers=sent) as response:
        assert response.status == 403
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        async with ada.http.request(method, url, headers=sent) as response:
            assert response.status in (403, 405)
            assert "Access-Control-Allow-Origin" not in response.headers
    assert [row["pad"] for row in await ada.pads(search="precious")] == ["precious"]
    assert await ada.audit("precious") == []


async def test_without_the_password_nothing_is_told_or_done(fleet: Fleet) -> None:
    url = fleet.ops_urls[0]
    async with aiohttp.ClientSession(headers=login("Ada", "wrong")) as http:
        for path in ("/fleet/pads", "/fleet/pads/list", "/fleet/pads/pad?name=x", "/fleet/audit"):
            async with http.get(f"{url}{path}") as response:
                assert response.status == 401
        async with http.post(f"{url}/fleet/pads/do", json={}, headers=BROWSER) as response:
            assert response.status == 401
        async with http.get(f"{fleet.urls[0]}/fleet/pads") as response:
            assert response.status == 404, "where clients come there is no such page"


async def test_what_makes_no_sense_is_refused(ada: Operator) -> None:
    for query in ({"after": "x"}, {"place": "warm"}, {"search": "x" * 501}):
        async with ada.http.get(f"{ada.url}/fleet/pads/list", params=query) as response:
            assert (response.status, bool((await response.json())["error"])) == (400, True)
    assert (await ada.do("burn", "x"))["status"] == 400
    assert (await ada.do("delete", "none", more="x" * 20_000))["status"] == 413
    async with ada.http.get(f"{ada.url}/fleet/audit", params={"before": "x"}) as response:
        assert response.status == 400


async def test_a_flood_of_deeds_takes_no_more_room_than_the_list_may(
    fleet: Fleet, ada: Operator
) -> None:
    with redis_library.Redis.from_url(fleet.redis_url) as server:
        pipeline = server.pipeline(transaction=False)
        for _ in range(KEPT + 500):
            pipeline.xadd("pf:audit", {"entry": b"not one of ours"})
        pipeline.execute()
        _ = await ada.do("delete", "none")
        assert server.xlen("pf:audit") <= KEPT + 200
    assert [entry["subject"] for entry in await ada.audit()][:1] == ["none"]


async def test_a_deed_is_logged_if_the_audit_log_cannot_be_written(
    fleet: Fleet, ada: Operator
) -> None:
    await made(fleet, "unlisted")
    _ = await ada.do("delete", "none")  # so that there is a list
    with redis_library.Redis.from_url(fleet.redis_url) as server:
        server.rename("pf:audit", "pf:audit:aside")
        server.set("pf:audit", "no list")
        try:
            assert (await ada.do("delete", "unlisted"))["done"]
        finally:
            server.rename("pf:audit:aside", "pf:audit")
    assert [row["pad"] for row in await ada.pads(search="unlisted")] == []
    (line,) = [
        line
        for line in fleet.workers[0].log.read_text().splitlines()
        if "audit_" in line and "unlisted" in line
    ]
    entry = json.loads(line)
    assert (entry["message"], entry["audit_deed"]) == ("not in the audit log", "delete")
    assert "WRONGTYPE" in entry["error"]
