"""Tests that the number of an idle writer's commands does not grow with its partitions, and that
they leave together."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from padfleet.services.writer.leases.lease_manager import LeaseManager
from padfleet.services.writer.pads.cache import PadCache
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.pipe import Pipe
from padfleet.shared.log.connection.scripts import Script
from padfleet.shared.log.fleet.membership import Membership
from padfleet.shared.log.keys import Keyspace
from tests.eventually import eventually
from tests.fleet import Fleet

PARTITIONS = 64
SETTINGS = {"PADFLEET_LEASE_MS": "600", "PADFLEET_PARTITIONS": str(PARTITIONS)}
BEATS = 20


async def calls(redis: Redis, command: str) -> int:
    stats = await redis.client.info("commandstats")
    return int(stats.get(f"cmdstat_{command}", {}).get("calls", 0))


async def test_leases_are_kept_and_inboxes_looked_at_in_one_call_each(
    redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    """Each beat kept every lease by a call of its own, which was most of what an idle fleet
    took."""
    with Fleet(redis_url, tmp_path, SETTINGS) as fleet:
        fleet.start(writers=1, workers=0)  # and it is ready: it has all of its partitions
        beats, scripts = await calls(redis, "zadd"), await calls(redis, "evalsha")

        async def enough() -> bool:
            return await calls(redis, "zadd") >= beats + BEATS

        await eventually(enough, "beats", timeout=60)
        beats = await calls(redis, "zadd") - beats
        scripts = await calls(redis, "evalsha") - scripts
    # A beat, a renewal; now and then a look at its name, the fleet's settings and the inboxes.
    assert scripts <= 4 * beats + 20 < PARTITIONS * beats / 4


class Messages:
    """Records what is written to Redis on shared connections, one write after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._written: list[bytes] = []
        flush = Pipe._flush

        def noted(pipe: Pipe) -> None:
            self._written.append(b"".join(pipe._unsent))
            flush(pipe)

        monkeypatch.setattr(Pipe, "_flush", noted)

    def forget(self) -> None:
        self._written.clear()

    def with_any(self, *wanted: Script) -> list[set[str]]:
        """Returns the names of these scripts in each message that has at least one of them."""
        found = [{s.name for s in wanted if s.sha.encode() in data} for data in self._written]
        return [names for names in found if names]


async def test_the_beat_and_the_leases_leave_in_one_message(
    redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When they left one after the other, each answer woke the writer and the server once more."""

    class Nothing:
        async def tell_untold(self, lease: Any) -> None: ...

    pads, committer = PadCache(redis, keyspace, 10), cast(BatchProcessor, Nothing())
    owner = LeaseManager(
        redis,
        keyspace,
        committer,
        pads,
        cast(Compaction, None),
        writer_id="w",
        lease_ms=1200,
        batch_max=10,
    )
    messages = Messages(monkeypatch)
    running = asyncio.create_task(owner.run())
    try:
        await eventually(lambda: owner.whole_at, "it has its partitions")
        messages.forget()

        def ticks() -> bool:
            return len(messages.with_any(scripts.HEARTBEAT, scripts.RENEW)) >= 3

        await eventually(ticks, "three ticks")
        seen = messages.with_any(scripts.HEARTBEAT, scripts.RENEW)
        assert all(names == {"heartbeat", "renew"} for names in seen), seen
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_what_is_agreed_on_and_the_name_leave_in_one_message(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = Membership(redis, "writer", "w", partitions=4, setting="PADFLEET_WRITER_ID")
    await member.enter()
    messages = Messages(monkeypatch)
    await member.look()
    assert messages.with_any(scripts.AGREE, scripts.CLAIM) == [{"agree", "claim"}]
