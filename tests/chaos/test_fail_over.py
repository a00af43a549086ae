"""A primary dies while people type. Every test ends in the history checker."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from shared.log.keys import Keyspace
from tests.chaos.history import Rollback, Typists, Verdict, check, outage, read_heads, read_stream
from tests.chaos.topologies import ClusterGroup, Group, SentinelGroup
from tests.eventually import eventually
from tests.fleet import Fleet

log = logging.getLogger(__name__)

pytestmark = pytest.mark.chaos

PADS = [f"chaos-{number}" for number in range(4)]
PARTITIONS = 8
CLIENTS = 40
QUIET_S = 60.0


@pytest.fixture(params=[SentinelGroup, ClusterGroup], ids=["sentinel", "cluster"])
def group(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Group]:
    with request.param(tmp_path / "redis") as running:
        yield running


def a_fleet(group: Group, folder: Path, **settings: str) -> Fleet:
    common = {
        "PADFLEET_PARTITIONS": str(PARTITIONS),
        "PADFLEET_PING_INTERVAL_MS": "2000",
        "PADFLEET_PING_TIMEOUT_MS": "2000",
    }
    return Fleet(group.url, folder, common | settings)


async def typed(typists: Typists, revisions: int, *, timeout: float = 30) -> None:
    """Until each pad that is typed on has so many revisions more than now."""

    def furthest(pad: str) -> int:
        return max(typist.rev for typist in typists.typists if typist.recording.pad == pad)

    goal = {pad: furthest(pad) + revisions for pad in PADS}
    await eventually(
        lambda: all(furthest(pad) >= goal[pad] for pad in PADS),
        f"{revisions} more revisions on each pad",
        timeout=timeout,
    )


async def ends(
    typists: Typists, group: Group, fault: float, rollbacks: Sequence[Rollback] = ()
) -> list[Verdict]:
    """Typing stops, and the checker has its say."""
    late = await typists.quiesce(QUIET_S, lambda: read_heads(group.url, PADS))
    recordings = await typists.finish()
    verdicts = [
        check(recordings, await read_stream(group.url, pad), rollbacks if rollbacks else ())
        for pad in PADS
    ]
    assert all(verdict.ok for verdict in verdicts), "\n".join(map(str, verdicts))
    assert not late
    assert sum(verdict.accepted for verdict in verdicts) > CLIENTS
    waits = outage(recordings, fault)
    assert not waits.never
    log.warning("service was back for a client after %s s", waits.back)
    return verdicts


async def test_I7_what_was_acknowledged_by_replicas_outlives_the_primary(
    group: Group, tmp_path: Path
) -> None:
    """With `commit_replicas`, nothing that anybody was shown is lost, and nobody has to reload."""
    with a_fleet(group, tmp_path, PADFLEET_COMMIT_REPLICAS="1") as fleet:
        await asyncio.to_thread(fleet.start, writers=2, workers=2)
        async with await Typists.start(
            fleet.urls, PADS, clients=CLIENTS, rate=1.0, pause=(0.2, 1.0)
        ) as typists:
            await typed(typists, 10)
            fault = time.monotonic()
            promotion = await asyncio.to_thread(group.fail_over)
            if not group.replicas_of(promotion.new):
                # Nobody is there to have a commit, until the old one is back, as a replica.
                promotion.old.launch()
            await typed(typists, 10)
            verdicts = await ends(typists, group, fault)
    assert not any(verdict.reloads for verdict in verdicts)


async def test_I5_a_promoted_replica_that_lacks_revisions_makes_no_fork(
    group: Group, tmp_path: Path
) -> None:
    """What they had seen is gone, so they are told to reload: nobody goes on with a text that no
    one else has."""
    with a_fleet(group, tmp_path) as fleet:
        await asyncio.to_thread(fleet.start, writers=2, workers=2)
        async with await Typists.start(
            fleet.urls, PADS, clients=CLIENTS, rate=1.0, pause=(0.2, 1.0)
        ) as typists:
            await typed(typists, 10)
            # Before the cut: so much at least the replicas have, and what they lack comes after it.
            heads = await read_heads(group.url, PADS)
            primaries = {id(p): p for p in map(group.primary_for, keys_of(PADS))}
            for primary in primaries.values():
                await asyncio.to_thread(group.cut_replication, primary)
            await typed(typists, 10)
            fault = time.monotonic()
            victim = group.primary_for(keys_of(PADS)[0])
            lost = [
                p
                for p, key in zip(PADS, keys_of(PADS), strict=True)
                if group.primary_for(key) is victim
            ]
            await asyncio.to_thread(group.fail_over, victim)
            await typed(typists, 10)
            rollback = Rollback(min(heads[pad] for pad in lost))
            verdicts = await ends(typists, group, fault, [rollback])
            rollbacks = sum(
                worker.metric("padfleet_fanout_rollbacks_total") for worker in fleet.workers
            )
    assert rollbacks > 0
    assert any(verdict.reloads for verdict in verdicts)
    assert any(verdict.excused for verdict in verdicts)


def keys_of(pads: Sequence[str]) -> list[str]:
    keyspace = Keyspace(PARTITIONS)
    return [keyspace.pad(pad).channel for pad in pads]
