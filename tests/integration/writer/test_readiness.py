"""Tests I10: a writer is ready when it writes all its own partitions."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError

import pytest

from padfleet.services.writer.leases import inboxes as inboxes_module
from padfleet.services.writer.leases.lease_manager import LeaseManager
from padfleet.services.writer.ops import readiness
from padfleet.services.writer.pads.cache import PadCache
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.shared.health import Health
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.keys import Keyspace
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet, Member

LEASE_MS = 600


def failing(member: Member) -> dict[str, str]:
    try:
        with urllib.request.urlopen(f"{member.url}/health/ready", timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
    except HTTPError as error:
        answer = json.load(error)
    return {name: check["why"] for name, check in answer["checks"].items() if not check["ok"]}


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_LEASE_MS": str(LEASE_MS)}
    with Fleet(redis_url, tmp_path, settings) as running:
        yield running


async def test_I10_a_writer_without_a_part_of_its_share_is_not_ready(
    fleet: Fleet, redis: Redis, keyspace: Keyspace
) -> None:
    """Somebody has the lease of a partition and is not counted as a writer: nobody may take it."""
    fleet.start(writers=1, workers=0)
    writer = fleet.writers[0]
    assert failing(writer) == {}
    state = keyspace.state(2)
    await redis.client.hset(
        state, mapping={"owner": "squatter", "until": 1 << 50, "lease": 1 << 50}
    )
    await redis.client.hincrby(state, "term", 1)
    found = await asyncio.to_thread(eventually_sync, lambda: failing(writer), "it is not ready")
    assert found == {"share": "1 partitions of its share are not its own: 2"}
    await redis.client.hset(state, "until", 0)
    await asyncio.to_thread(eventually_sync, lambda: not failing(writer), "it is ready again")
    assert writer.metric("padfleet_loop_delay_seconds_count") > 0, "its event loop is watched"


def test_one_writer_takes_more_partitions_than_there_are_connections(
    redis_url: str, tmp_path: Path
) -> None:
    """redis-py allows a hundred connections at a time. The partitions beyond that had no writer,
    and no process reported it."""
    with Fleet(redis_url, tmp_path, {"PADFLEET_PARTITIONS": "256"}) as running:
        running.start(writers=1, workers=0)
        assert running.writers[0].metric("padfleet_writer_partitions") == 256
        assert "lease not maintained" not in running.writers[0].log.read_text()


async def test_I10_a_writer_that_cannot_reach_its_inboxes_is_not_ready(
    redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = asyncio.Event()
    answers.set()

    async def read(*_arguments: Any, **_options: Any) -> dict[int, Any]:
        await asyncio.sleep(0.01)
        await answers.wait()
        return {}

    monkeypatch.setattr(inboxes_module, "read_inboxes", read)
    monkeypatch.setattr(readiness, "READ_LIMIT", 0.3)
    owner = LeaseManager(
        redis,
        keyspace,
        cast(BatchProcessor, None),
        PadCache(redis, keyspace, 10),
        cast(Compaction, None),
        writer_id="w",
        lease_ms=60_000,
        batch_max=10,
    )

    async def nothing_untold(_self: Any, _lease: leases.Lease) -> None: ...

    monkeypatch.setattr(owner, "_processor", type("", (), {"tell_untold": nothing_untold})())
    health = Health()
    readiness.add_readiness(health, redis, keyspace, owner, 60_000)
    running = asyncio.create_task(owner.run())

    async def reasons() -> dict[str, str]:
        report = await health.readiness()
        return {name: why for name, why in report.reasons.items() if why}

    async def ready() -> bool:
        return not await reasons()

    async def not_ready() -> dict[str, str]:
        return await reasons()

    try:
        await eventually(ready)
        answers.clear()
        assert list(await eventually(not_ready)) == ["inboxes"]
        answers.set()
        await eventually(ready)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
