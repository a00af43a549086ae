"""Tests a fleet whose cold store is put back to an earlier copy, as from a backup."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import redis as redis_py

from padfleet.shared.client import connect
from padfleet.shared.cold.stores.opening import open_store, parse_cold_url
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.guest import Guest
from tests.integration.api.caller import KEY, ApiFailed, Caller
from tests.integration.cold.test_fleet import frozen
from tests.s3 import s3_server
from tests.tools import padfleet


@pytest.fixture(scope="module", params=["files", "bucket"])
def store(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Makes a store, and returns its URL."""
    if request.param == "files":
        yield f"file://{folder / 'store'}"
        return
    with s3_server() as server, pytest.MonkeyPatch.context() as patched:
        server.enter(patched)
        yield server.url(server.new_bucket(), "pads")


@pytest.fixture(scope="module")
def fleet(folder: Path, store: str) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_COLD_URL": store,
        "PADFLEET_COLD_AFTER": "1",
        "PADFLEET_COLD_EVERY": "0.6",
    }
    at = folder / store.partition(":")[0]
    at.mkdir()
    with fleet_of_its_own(at, settings, writers=1, workers=1) as running:
        yield running


@pytest.fixture
async def api(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0]) as caller:
        yield caller


async def kept(store: str, pad: str) -> dict[str, bytes]:
    """Returns everything that the store has of the pad once it is frozen there."""
    there = open_store(parse_cold_url(store), known=True)
    try:
        found = {name: await there.get(name) async for name in there.names("") if pad in name}
        return {name: stored.data for name, stored in found.items() if stored is not None}
    finally:
        await there.aclose()


async def put_back(store: str, pad: str, objects: dict[str, bytes]) -> None:
    there = open_store(parse_cold_url(store), known=True)
    try:
        for name in {*objects, *await kept(store, pad)}:
            stored = await there.get(name)
            if name in objects:
                version = stored.version if stored is not None else None
                await there.put(name, objects[name], over=version)
            else:
                await there.delete(name, over=None)
    finally:
        await there.aclose()


async def arrived(fleet: Fleet, server: redis_py.Redis, pad: str) -> None:
    """Waits until the pad is in the store, and no trace of it in Redis."""
    await frozen(server, pad)

    def no_moves() -> bool:
        keys = list(server.scan_iter(match="pf:*:moving"))
        return not any(server.hexists(key, pad) for key in keys)

    await eventually(no_moves, f"{pad} has arrived")


async def write(fleet: Fleet, pad: str, *lines: str) -> int:
    async with connect(f"{fleet.urls[0]}/p/{pad}") as there:
        for line in lines:
            await there.append(f"{line}\n")
        return there.rev


async def refused(fleet: Fleet, api: Caller, pad: str) -> None:
    async with Guest(fleet.urls[0]) as guest:
        await guest.ready(pad)
        await eventually(lambda: "corruptPad" in str(guest.messages), "it is said")
    with pytest.raises(ApiFailed):
        await api.getText(padID=pad)
    with pytest.raises(ApiFailed):
        await api.appendText(padID=pad, text="more")
    with pytest.raises(ApiFailed):
        await api.getRevisionsCount(padID=pad)
    async with aiohttp.ClientSession() as http:
        for form in ("txt", "html", "etherpad"):
            async with http.get(f"{fleet.urls[0]}/p/{pad}/export/{form}") as answer:
                assert answer.status >= 500, form
                assert "newer" not in await answer.text()
    ended = await padfleet(fleet.redis_url, "verify", "--pad", pad)
    assert ended.code == 1
    assert f"{pad!r} left Redis at revision" in ended.out + ended.err


async def test_I5_an_older_copy_is_shown_to_nobody_until_it_is_accepted(
    fleet: Fleet, api: Caller, server: redis_py.Redis, store: str
) -> None:
    older_head = await write(fleet, "went-back", *map(str, range(10)))
    await arrived(fleet, server, "went-back")
    older = await kept(store, "went-back")
    assert older
    await write(fleet, "went-back", *(f"newer {n}" for n in range(10)))
    await arrived(fleet, server, "went-back")
    newer = await kept(store, "went-back")
    await put_back(store, "went-back", older)
    await refused(fleet, api, "went-back")
    assert await kept(store, "went-back") == older, "it is left as it is"
    assert fleet.workers[0].metric("padfleet_cold_went_back_total") > 0
    # Once the store has the newer one again, it is served.
    await put_back(store, "went-back", newer)
    assert "newer 9" in (await api.getText(padID="went-back"))["text"]
    await put_back(store, "went-back", older)
    await refused(fleet, api, "went-back")
    ended = await padfleet(fleet.redis_url, "pads", "accept", "went-back", "--json")
    told = {"deed": "accept", "pad": "went-back", "known": True}
    assert (ended.code, json.loads(ended.out)) == (0, told)
    assert await write(fleet, "went-back", "on we go") == older_head + 1
    text = (await api.getText(padID="went-back"))["text"]
    assert "9\non we go\n" in text
    assert "newer" not in text
    ended = await padfleet(fleet.redis_url, "audit", "--json")
    assert '"deed": "accept"' in ended.out
    ended = await padfleet(fleet.redis_url, "pads", "accept", "went-back", "no-such")
    assert (ended.code, "nothing to be accepted" in ended.out) == (1, True)
    assert "there is no pad 'no-such'" in ended.err


async def test_I5_a_pad_that_the_store_lost_is_no_empty_pad_until_that_is_accepted(
    fleet: Fleet, api: Caller, server: redis_py.Redis, store: str
) -> None:
    await write(fleet, "vanished", "newer")
    await arrived(fleet, server, "vanished")
    await put_back(store, "vanished", {})
    await refused(fleet, api, "vanished")
    ended = await padfleet(fleet.redis_url, "pads", "accept", "--all")
    assert ended.code == 0, ended
    assert await write(fleet, "vanished", "anew") == 1
    for wrong in ([], ["vanished", "--all"]):
        ended = await padfleet(fleet.redis_url, "pads", "accept", *wrong)
        assert ended.code == 2
