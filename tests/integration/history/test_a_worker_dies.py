"""Runs the history checker on a real fleet, where people type while a worker dies and comes
back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from padfleet.services.tools.up.server import EmbeddedServer
from tests.chaos.history import (
    Kind,
    Recording,
    Typists,
    Verdict,
    check,
    outage,
    read_heads,
    read_streams,
)
from tests.eventually import eventually
from tests.fleet import Fleet

PADS = ["history-a", "history-b"]
CLIENTS = 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as running:
        yield running


@pytest.fixture
def fleet(server: EmbeddedServer, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(server.url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as running:
        yield running.start(writers=1, workers=2)


async def more_is_typed(typists: Typists, revisions: int) -> None:
    """Waits until each pad has this many more revisions than now."""
    goal = {pad: furthest(typists, pad) + revisions for pad in PADS}
    await eventually(
        lambda: all(furthest(typists, pad) >= goal[pad] for pad in PADS),
        f"{revisions} more revisions",
        timeout=30,
    )


def furthest(typists: Typists, pad: str) -> int:
    return max(typist.rev for typist in typists.typists if typist.recording.pad == pad)


async def test_I7_a_worker_dies_and_comes_back_and_every_history_is_whole(
    fleet: Fleet, server: EmbeddedServer
) -> None:
    async with await Typists.start(
        fleet.urls, PADS, clients=CLIENTS, rate=2.0, pause=(0.1, 1.0)
    ) as typists:
        await more_is_typed(typists, 30)
        fault_time = time.monotonic()
        fleet.workers[0].kill()
        await asyncio.to_thread(fleet.restart, fleet.workers[0])
        await more_is_typed(typists, 30)
        late = await typists.quiesce(30, lambda: read_heads(server.url, PADS))
        recordings = await typists.finish()
    verdicts = [check(recordings, stream) for stream in await read_streams(server.url, PADS)]
    assert all(verdict.ok for verdict in verdicts), "\n".join(map(str, verdicts))
    assert not late
    assert_much_was_looked_at(verdicts)
    waits = outage(recordings, fault_time)
    assert waits.back is not None
    assert not waits.never
    await assert_a_missing_revision_is_seen(server, recordings)


async def assert_a_missing_revision_is_seen(
    server: EmbeddedServer, recordings: list[Recording]
) -> None:
    """Asserts that the same check fails after the stream has lost an entry, so that it does look at
    what is stored."""
    with redis.Redis.from_url(server.url) as client:
        (revs,) = client.scan_iter(f"pf:*:pad:{PADS[0]}:revs")
        assert client.xdel(revs, "40-1") == 1
    (stream,) = await read_streams(server.url, PADS[:1])
    verdict = check(recordings, stream)
    broken = [finding for finding in verdict.findings if finding.kind is Kind.BROKEN_STREAM]
    assert [finding.revs for finding in broken] == [(41,)]
    assert verdict.kinds[Kind.FORK] > 0, "clients have seen what is not there"


def assert_much_was_looked_at(verdicts: list[Verdict]) -> None:
    assert sum(verdict.clients for verdict in verdicts) == CLIENTS
    for verdict in verdicts:
        assert verdict.revisions > 60
        assert verdict.accepted > 60
        assert verdict.received > verdict.accepted
        assert verdict.reconnects >= CLIENTS // 2 // len(PADS), "the worker's clients came back"
        assert not verdict.reloads
