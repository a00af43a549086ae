"""Tests that a worker which starts while Redis refuses some commands says so, and becomes ready
later (I10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from padfleet.services.fanout.ops.canary import canary_pad
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from tests.eventually import eventually
from tests.fleet import PADFLEET, Fleet, Member


@pytest.mark.parametrize("key", ["meta", "members", "revs"])
async def test_I10_keys_of_a_wrong_type(
    key: str, redis: Redis, keyspace: Keyspace, redis_url: str, tmp_path: Path
) -> None:
    """The worker is ready as long as its canary can make the round trip. It was never ready again,
    and logged nothing."""
    pads = [keyspace.pad(canary_pad(keyspace, p)) for p in range(keyspace.partitions)]
    spoilt = [getattr(pad, key) for pad in pads]
    for one in spoilt:
        await redis.client.set(one, "of somebody else")
    with _fleet(keyspace, redis_url, tmp_path) as fleet:
        worker = _worker(fleet)
        await eventually(lambda: "canary" in worker.log.read_text(), "it says so", timeout=30)
        assert not worker.ready()
        for one in spoilt:
            await redis.client.delete(one)
        await eventually(worker.ready, "it is ready", timeout=60)
        # `Fleet` takes a traceback for a fault: here it is what was to be said.
        worker.log.write_text("")


async def test_I10_one_stalled_partition_does_not_make_a_worker_unready(
    redis: Redis, keyspace: Keyspace, redis_url: str, tmp_path: Path
) -> None:
    """It is the one by which the canary flies first. All workers were taken away from all pads."""
    spoilt = keyspace.pad(canary_pad(keyspace, 0)).meta
    await redis.client.set(spoilt, "of somebody else")
    with _fleet(keyspace, redis_url, tmp_path) as fleet:
        worker = _worker(fleet)
        await eventually(worker.ready, "it is ready", timeout=60)
        said = "by way of partition 0, where the last one waits for its pad to be opened"
        await eventually(lambda: said in worker.readiness(), "it says what is wrong")
        await redis.client.delete(spoilt)
        await eventually(lambda: said not in worker.readiness(), "it is well", timeout=60)
        worker.log.write_text("")


def _fleet(keyspace: Keyspace, redis_url: str, folder: Path) -> Fleet:
    fleet = Fleet(redis_url, folder, {"PADFLEET_PARTITIONS": str(keyspace.partitions)})
    return fleet.start(writers=1, workers=0)


def _worker(fleet: Fleet) -> Member:
    """Starts a worker without waiting until it is ready."""
    return fleet._spawn("fanout", fleet.workers, PADFLEET, "127.0.0.1")
