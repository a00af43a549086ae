"""A fleet is seen whose records, counts and partitions lie on several servers."""

from __future__ import annotations

from pathlib import Path

from tests.eventually import eventually
from tests.fleet import Fleet
from tests.tools import Ended, padfleet


async def test_a_look_over_all_shards(cluster_url: str, tmp_path: Path) -> None:
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
