"""Tests what the fleet's page says about a real fleet when a process dies, ends or comes back."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_library

from padfleet.shared.fleet.collect import take_snapshot
from padfleet.shared.fleet.findings import findings
from padfleet.shared.fleet.past import BEAT
from padfleet.shared.fleet.view import FleetView
from padfleet.shared.fleet.viewing import view_of
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.keys import Keyspace, process_key
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.guest import Guest
from tests.tools import padfleet

TOKEN = "0123456789abcdef"
PARTITIONS = 4


@pytest.fixture
def keyspace() -> Keyspace:
    return Keyspace(PARTITIONS)


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    settings = {"PADFLEET_PARTITIONS": str(PARTITIONS), "PADFLEET_FLEET_TOKEN": TOKEN}
    with Fleet(redis_url, tmp_path, settings) as fleet:
        yield fleet


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    opened = open_redis(redis_url)
    await opened.start()
    yield opened
    await opened.close()


async def seen(redis: Redis, keyspace: Keyspace) -> tuple[FleetView, list[tuple[str, str]]]:
    now = view_of(await take_snapshot(redis, keyspace))
    return now, [(finding.level, finding.text) for finding in findings(now)]


def told(url: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{url}/fleet/data", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        found: dict[str, Any] = json.load(response)
    return found


async def test_a_healthy_fleet_is_shown_complete_and_without_findings(
    fleet: Fleet, redis: Redis, keyspace: Keyspace
) -> None:
    await asyncio.to_thread(fleet.start, writers=2, workers=2)
    async with Guest(fleet.urls[0]) as ada, Guest(fleet.urls[1]) as bob:
        await ada.join("minutes")
        await bob.join("minutes")

        async def complete() -> bool:
            # Typed until it is seen: a rate is of the last seconds.
            await ada.write("x")
            now, _ = await seen(redis, keyspace)
            assert now.totals.sockets == 2
            assert {process.state for process in now.processes} == {"ready"}
            assert [pad.name for pad in now.pads] == ["minutes"]
            assert now.pads[0].users == 2
            assert len(now.pads[0].workers) == 2
            assert now.totals.delivered > 0
            assert now.totals.frames > 0
            assert now.totals.bytes > 0
            assert now.totals.revisions > 0
            assert now.totals.flow_ms is not None
            assert now.totals.commit_ms is not None
            return True

        await eventually(complete, "all of it is in the view", timeout=30)
        now, found = await seen(redis, keyspace)
        assert [level for level, _ in found if level == "bad"] == []
        assert sorted(p for writer in now.of("writer") for p in writer.partitions) == [0, 1, 2, 3]
        ports = {process.where.rpartition(":")[2] for process in now.processes}
        members = (*fleet.workers, *fleet.writers)
        assert ports == {member.ops_url.rpartition(":")[2] for member in members}
        shown = await asyncio.to_thread(told, fleet.ops_urls[1])
        assert shown["served"]
        assert [pad["name"] for pad in shown["pads"]] == ["minutes"]
        # The real name of a pad and nothing that leads to its read-only address.
        assert ada.vars["readOnlyId"] not in json.dumps(shown)


async def test_a_writer_that_dies_is_named_with_its_partitions(
    fleet: Fleet, redis: Redis, keyspace: Keyspace
) -> None:
    await asyncio.to_thread(fleet.start, writers=1, workers=1)

    async def named() -> str:
        now, _ = await seen(redis, keyspace)
        (writer,) = now.of("writer")
        assert writer.where, "it has told its figures"
        assert writer.partitions == (0, 1, 2, 3)
        return writer.id

    name = await eventually(named, "the writer has all partitions", timeout=20)
    fleet.writers[0].kill()

    async def said() -> bool:
        _, found = await seen(redis, keyspace)
        bad = [text for level, text in found if level == "bad"]
        assert any(
            text.startswith("partitions 0-3 have no owner for ") and name in text for text in bad
        ), bad
        assert "no writer is running: nobody can write" in bad, bad
        assert any(name in text and "silent" in text for level, text in found if level == "warn")
        return True

    await eventually(said, "it is said whose partitions have no owner", timeout=20)
    ended = await padfleet(fleet.redis_url, "top", "--once")
    assert ended.code == 1
    assert ended.out.startswith("Not everybody is served")
    assert "have no owner for" in ended.out
    shown = await asyncio.to_thread(told, fleet.ops_urls[0])
    assert not shown["served"]
    await asyncio.to_thread(fleet.restart, fleet.writers[0])

    async def well_again() -> bool:
        _, found = await seen(redis, keyspace)
        assert "bad" not in [level for level, _ in found], found
        return True

    await eventually(well_again, "it is over", timeout=30)


async def test_a_worker_that_stands_still(fleet: Fleet, redis: Redis, keyspace: Keyspace) -> None:
    await asyncio.to_thread(fleet.start, writers=1, workers=2)
    fleet.workers[0].freeze()

    async def said() -> bool:
        now, found = await seen(redis, keyspace)
        silent = [process for process in now.of("worker") if process.state == "silent"]
        assert [process.where for process in silent] == [f"127.0.0.1:{fleet.workers[0].ops_port}"]
        assert any("silent for" in text for _, text in found), found
        return True

    await eventually(said, "the silent worker is named", timeout=20)
    fleet.workers[0].thaw()

    async def back() -> bool:
        now, _ = await seen(redis, keyspace)
        return [process.state for process in now.of("worker")] == ["ready", "ready"]

    await eventually(back, "it is back", timeout=30)


async def test_a_worker_that_drains_says_so_and_then_is_gone(
    fleet: Fleet, redis: Redis, keyspace: Keyspace
) -> None:
    await asyncio.to_thread(fleet.start, writers=1, workers=2)
    async with Guest(fleet.urls[0]) as first:
        await first.join("pad")
        # So many that letting them go takes longer than a beat.
        guests = [Guest(fleet.urls[0]) for _ in range(200)]
        for guest in guests:
            await guest.__aenter__()
        fleet.workers[0].signal(signal.SIGTERM)

        async def draining() -> bool:
            _, found = await seen(redis, keyspace)
            assert any(level == "note" and "draining, " in text for level, text in found), found
            return True

        await eventually(draining, "the worker drains", timeout=20)
        for guest in guests:
            await guest.__aexit__()
    await asyncio.to_thread(fleet.workers[0].process.wait, 30)

    async def gone() -> bool:
        now, found = await seen(redis, keyspace)
        return len(now.of("worker")) == 1 and not found

    await eventually(gone, "nobody speaks of it any more", timeout=20)
    assert len(await redis.client.keys(process_key("*", "*"))) == 2


async def test_the_record_goes_on_after_redis_was_away(
    fleet: Fleet, redis: Redis, keyspace: Keyspace
) -> None:
    """It is nothing that a process could end of."""
    await asyncio.to_thread(fleet.start, writers=1, workers=1)
    with redis_library.Redis.from_url(fleet.redis_url) as admin:

        async def told_all() -> bool:
            now, _ = await seen(redis, keyspace)
            return [process.state for process in now.processes] == ["ready", "ready"]

        await eventually(told_all, "both have told", timeout=20)
        admin.execute_command("CLIENT KILL TYPE normal SKIPME yes")
        for key in admin.keys(process_key("*", "*")):
            admin.delete(key)
            admin.hset(key, "not", "a record of ours")  # even this
    await eventually(told_all, "both have told again", timeout=20 + BEAT)


async def test_a_worker_and_a_writer_of_one_name_are_both_seen(
    fleet: Fleet, redis: Redis, keyspace: Keyspace
) -> None:
    """The units of systemd name both after the machine."""
    fleet.settings |= {"PADFLEET_WORKER_ID": "vm-1", "PADFLEET_WRITER_ID": "vm-1"}
    await asyncio.to_thread(fleet.start, writers=1, workers=1)

    async def told_both() -> bool:
        now, _ = await seen(redis, keyspace)
        assert not any(one.node for one in now.processes)
        return [(one.id, one.state) for one in now.processes] == [("vm-1", "ready")] * 2

    await eventually(told_both, "both have told", timeout=20)


async def test_a_node_is_seen_as_a_worker_and_a_writer_that_are_one(
    fleet: Fleet, redis: Redis, keyspace: Keyspace
) -> None:
    await asyncio.to_thread(fleet.start, nodes=1, writers=0, workers=1)

    async def told_all() -> bool:
        now, found = await seen(redis, keyspace)
        states = [(one.kind, one.node, one.state) for one in now.processes]
        tasks = {task.name: task.kind for task in now.tasks if task.kind != "worker"}
        assert "writer" not in tasks.values(), found
        return (
            sorted(states)
            == [
                ("worker", False, "ready"),
                ("worker", True, "ready"),
                ("writer", True, "ready"),
            ]
            and {"leases", "canaries"} <= tasks.keys()
        )

    await eventually(told_all, "both have told", timeout=20)


async def test_what_is_no_record_is_passed_over(redis: Redis, keyspace: Keyspace) -> None:
    await redis.client.zadd("pf:workers", {"odd": 4e12, "odder": 4e12})
    await redis.client.set(process_key("worker", "odd"), b"\xc1 nonsense")
    await redis.client.hset(process_key("worker", "odder"), "a", "hash")
    now, found = await seen(redis, keyspace)
    assert [process.state for process in now.processes] == ["unknown", "unknown"]
    assert ("note", "worker odd: it is alive, but reports no figures: an older version?") in found
