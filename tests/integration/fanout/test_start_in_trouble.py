"""A worker that starts while Redis refuses some of it says so, and gets ready later (I10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.fanout.canary import canary_pad
from shared.log.connect import Redis
from shared.log.keys import Keyspace
from tests.eventually import eventually
from tests.fleet import PADFLEET, Fleet


@pytest.mark.parametrize("key", ["meta", "members", "revs"])
async def test_I10_a_key_of_a_wrong_type(
    key: str, redis: Redis, keyspace: Keyspace, redis_url: str, tmp_path: Path
) -> None:
    """Where its canary flies first. It was never ready again, and logged nothing."""
    spoilt = getattr(keyspace.pad(canary_pad(keyspace, 0)), key)
    await redis.client.set(spoilt, "of somebody else")
    settings = {"PADFLEET_PARTITIONS": str(keyspace.partitions)}
    with Fleet(redis_url, tmp_path, settings) as fleet:
        fleet.start(writers=1, workers=0)
        worker = fleet._spawn("fanout", fleet.workers, PADFLEET, "127.0.0.1")
        await eventually(lambda: "canary" in worker.log.read_text(), "it says so", timeout=30)
        assert not worker.ready()
        await redis.client.delete(spoilt)
        await eventually(worker.ready, "it is ready", timeout=60)
        # `Fleet` takes a traceback for a fault: here it is what was to be said.
        worker.log.write_text("")
