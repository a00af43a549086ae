"""Tests the paged list of pads: it misses none, and brings none into Redis."""

from __future__ import annotations

import pytest

from padfleet.shared.cold.listing import PadFacts, UnreadablePad, facts_of
from padfleet.shared.cold.paging import PadSearch, PageEnd, PagePlace, page
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet import inventory
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta_here
from tests.integration.archive.made_pad import written
from tests.integration.cold.scene import Scene
from tests.integration.cold.walked import walked

HISTORY = written(3)
HOT = [f"hot-{number}" for number in range(6)]
COLD = [f"Cold-{number}" for number in range(5)]


@pytest.fixture
async def scene(redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(inventory, "SCAN_COUNT", 1)
    scene = Scene(redis, keyspace)
    for pad in (*HOT, *COLD):
        await scene.make(pad, HISTORY)
    for pad in COLD:
        assert await scene.freeze(pad) == "ok"
    scene.go()
    await scene.join("hot-2")
    return scene


async def listed(scene: Scene, search: PadSearch) -> list[PadFacts]:
    """Returns each pad once, whichever page it was on. Raises AssertionError if a pad cannot be
    read."""
    found: dict[str, PadFacts] = {}
    for row in await walked(scene.redis, scene.keyspace, scene.pads, search, rows=2):
        assert isinstance(row, PadFacts), row.why
        found[row.pad] = row
    return sorted(found.values())


async def test_all_pads_are_listed_wherever_they_are(scene: Scene) -> None:
    found = await listed(scene, PadSearch())
    assert [facts.pad for facts in found] == sorted((*COLD, *HOT))
    assert {facts.pad for facts in found if facts.place == "cold"} == set(COLD)
    assert {facts.head for facts in found} == {HISTORY[-1].rev}
    assert [facts.pad for facts in found if facts.sessions] == ["hot-2"]
    # Those that are cold still are, in a process that could have brought them.
    assert scene.redis.elsewhere is not None
    assert [key for pad in COLD for key in await scene.keys_of(pad)] == []


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        (PadSearch("cold-"), COLD),
        (PadSearch("-3"), ["Cold-3", "hot-3"]),
        (PadSearch("no such"), []),
        (PadSearch(place="hot"), HOT),
        (PadSearch(place="cold"), COLD),
        (PadSearch(only_open=True), ["hot-2"]),
        (PadSearch("COLD", only_open=True), []),
    ],
)
async def test_what_is_wanted_is_found(scene: Scene, search: PadSearch, wanted: list[str]) -> None:
    assert [facts.pad for facts in await listed(scene, search)] == sorted(wanted)


async def test_a_page_ends_in_time_however_few_are_found(scene: Scene) -> None:
    rows = [
        row
        async for row in page(
            scene.redis,
            scene.keyspace,
            scene.pads,
            PadSearch("no such"),
            PagePlace(),
            rows=10,
            seconds=0,
        )
    ]
    (end,) = rows
    assert isinstance(end, PageEnd)
    assert end.following is not None, "one step was made, and it says where the next begins"


async def test_one_that_is_damaged_is_named_and_keeps_no_other_back(scene: Scene) -> None:
    await scene.redis.client.hset(scene.keyspace.pad("hot-1").meta, "head", "x")
    rows = await walked(scene.redis, scene.keyspace, scene.pads, PadSearch(), rows=3)
    assert {row.why.split(":")[0] for row in rows if isinstance(row, UnreadablePad)} == {"hot-1"}
    assert len({row.pad for row in rows if isinstance(row, PadFacts)}) == len(HOT + COLD) - 1


async def test_one_that_was_deleted_is_no_more_though_the_store_still_has_it(scene: Scene) -> None:
    await scene.look("hot-1")
    keys = scene.keyspace.pad("hot-1")
    epoch = (await read_meta_here(scene.redis, keys)).epoch
    await scene.redis.client.delete(keys.meta, *keys.deletable)
    await scene.redis.client.hset(keys.meta, mapping={"head": "-1", "epoch": str(epoch + 1)})
    assert await scene.pads.look("hot-1") is not None
    found = await listed(scene, PadSearch())
    assert [facts.pad for facts in found] == sorted({*COLD, *HOT} - {"hot-1"})
    assert await facts_of(scene.redis, scene.keyspace, scene.pads, "hot-1") is None
