"""Tests the view of a fleet whose records, counts and partitions are on several servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from padfleet.shared.cold.listing import PadFacts
from padfleet.shared.cold.paging import PadSearch, PagePlace
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.inventory import ScanPlace
from padfleet.shared.log.keys import Keyspace
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.integration.cold.walked import walked
from tests.tools import Ended, padfleet


async def test_top_looks_at_all_shards(cluster_url: str, tmp_path: Path) -> None:
    with Fleet(cluster_url, tmp_path, {"PADFLEET_PARTITIONS": "8"}) as fleet:
        fleet.start(writers=2, workers=3)

        async def once() -> Ended:
            ended = await padfleet(cluster_url, "top", "--once")
            assert ended.code == 0, ended
            assert "3 of 3 workers ready" in " ".join(ended.out.split())
            assert "2 of 2 writers ready" in " ".join(ended.out.split())
            return ended

        ended = await eventually(once, "all is well", timeout=30)
        assert "8 of 8 have an owner" in ended.out
        # Every process has told its figures, whichever server they are on.
        assert "older version" not in ended.out


async def listed(redis: Redis, keyspace: Keyspace, begins: PagePlace) -> list[str]:
    found = await walked(redis, keyspace, None, PadSearch(), begins, rows=7)
    assert all(isinstance(row, PadFacts) for row in found)
    return sorted({row.pad for row in found if isinstance(row, PadFacts)})


async def test_pads_of_all_shards_are_listed_a_page_at_a_time(redis: Redis) -> None:
    keyspace = Keyspace(8)
    pads = [f"pad-{number:03}" for number in range(60)]
    for pad in pads:
        meta: dict[Any, Any] = {
            "head": "3",
            "epoch": "1",
            "time": "1700000000000",
            "creator": "a.x",
        }
        await redis.client.hset(keyspace.pad(pad).meta, mapping=meta)
    assert await listed(redis, keyspace, PagePlace()) == pads
    # A shard that has gone meanwhile: it goes on with those that follow.
    assert await listed(redis, keyspace, PagePlace(ScanPlace("0.0.0.0:1", 99))) == pads
    assert await listed(redis, keyspace, PagePlace(ScanPlace("~", 1))) == []
