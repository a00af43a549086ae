"""Writers die, freeze and come back while submissions keep coming (I1, I2, I7)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from tests.eventually import eventually
from tests.fleet import Fleet, Member
from tests.integration.writer.traffic import Typist, all_settled_once, create, type_until

LEASE_MS = 600
PADS = ["takeover-a", "takeover-b", "takeover-c"]


@pytest.fixture
def writers(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_LEASE_MS": str(LEASE_MS),
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_SNAPSHOT_EVERY": "50",
    }
    with Fleet(redis_url, tmp_path, settings) as fleet:
        yield fleet.start(writers=2, workers=0)


async def owner(redis: Redis, keyspace: Keyspace, pad: str) -> bytes | str | None:
    return await redis.client.hget(keyspace.state(keyspace.partition_of(pad)), "owner")


async def head_moves(redis: Redis, keyspace: Keyspace, pad: str) -> None:
    """Returns when the pad has got ten more revisions."""
    key = keyspace.pad(pad).meta
    before = int(await redis.client.hget(key, "head") or 0)

    async def moved() -> bool:
        return int(await redis.client.hget(key, "head") or 0) >= before + 10

    await eventually(moved, f"{pad} moves on from {before}", timeout=30)


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_I2_I7_writers_fail_in_the_middle_of_traffic(
    how: str, writers: Fleet, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    """No submission is lost or doubled, and another writer continues. A frozen writer that comes
    back still believes that it owns its partitions, and must not commit."""
    for pad in PADS:
        await create(inbox, redis, keyspace, pad)
    typists = [Typist(pad, f"{pad}.{i}") for pad in PADS for i in range(3)]
    stop = asyncio.Event()
    typing = asyncio.create_task(type_until(inbox, typists, stop))
    try:
        victims: list[Member] = []
        for _ in range(2):
            await head_moves(redis, keyspace, PADS[0])
            victim = next(w for w in writers.writers if w not in victims)
            victims.append(victim)
            if how == "killed":
                victim.kill()
                writers.start(writers=1, workers=0)
            else:
                victim.signal(signal.SIGSTOP)
                for pad in PADS:
                    await head_moves(redis, keyspace, pad)
                victim.signal(signal.SIGCONT)
            for pad in PADS:
                await head_moves(redis, keyspace, pad)
    finally:
        stop.set()
        await typing
    await all_settled_once(redis, keyspace, typists)


async def test_a_writer_that_stops_hands_its_partitions_over_at_once(
    writers: Fleet, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    pad = PADS[0]
    await create(inbox, redis, keyspace, pad)
    before = await owner(redis, keyspace, pad)
    for writer in list(writers.writers):
        writer.signal(signal.SIGTERM)
        assert await asyncio.to_thread(writer.process.wait, 15) == 0
        if await owner(redis, keyspace, pad) == before:
            break
    writers.start(writers=1, workers=0)
    typist = Typist(pad, "after")
    await typist.submit(inbox)
    await all_settled_once(redis, keyspace, [typist])
