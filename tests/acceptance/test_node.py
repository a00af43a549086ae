"""A node: a worker and a writer in one process, whose edits need no inbox."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from padfleet.shared.client import connect
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.log.keys import process_key
from tests.attack.drivers import Target, websocket
from tests.attack.messages import collab
from tests.eventually import eventually
from tests.fleet import Fleet, Member, fleet_of_its_own

DIRECT = 'padfleet_writer_direct_total{outcome="committed"}'


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A node and a worker, and no other writer."""
    settings = {"PADFLEET_PARTITIONS": "4"}
    with fleet_of_its_own(tmp_path, settings, writers=0, workers=1, nodes=1) as running:
        yield running


@pytest.fixture
def node(fleet: Fleet) -> Member:
    return fleet.workers[0]


def test_others_see_a_worker_and_a_writer_of_one_name(fleet: Fleet, node: Member) -> None:
    with redis.Redis.from_url(fleet.redis_url, decode_responses=True) as client:
        workers, writers = client.zrange("pf:workers", 0, -1), client.zrange("pf:writers", 0, -1)
        (name,) = writers
        assert name in workers
        assert len(workers) == 2
        assert all(client.exists(process_key(kind, name)) for kind in ("worker", "writer"))


def test_I10_health_and_metrics_are_those_of_both(node: Member) -> None:
    found = json.loads(node.readiness())
    assert found["status"] == "ok"
    assert {"heartbeat", "canary", "leases", "inboxes", "task inbox"} <= found["checks"].keys()
    assert node.metric("padfleet_writer_partitions") == 4
    assert node.metric('padfleet_task_running{task="beacon"}') == 2, "one for each"
    assert node.page("/metrics").count("# TYPE padfleet_task_running gauge") == 1


async def test_I1_edits_with_and_without_an_inbox_make_one_history(
    fleet: Fleet, node: Member
) -> None:
    here, there = (f"{url}/p/both" for url in fleet.urls)
    async with connect(here, name="Ada") as ada, connect(there, name="Bob") as bob:
        for number in range(20):
            await ada.append(f"a{number} ")
            await bob.append(f"b{number} ")
        await eventually(lambda: ada.text == bob.text and ada.rev == bob.rev, "both are the same")
        assert all(f"{who}{n} " in ada.text for who in "ab" for n in range(20))
    assert node.metric(DIRECT) > 0
    by_both = node.metric('padfleet_writer_entries_total{outcome="revision"}')
    assert by_both - node.metric(DIRECT) >= 20, "the worker's came by the inbox"


async def test_I2_all_edits_of_one_session_get_in_however_many_are_in_flight(node: Member) -> None:
    """A client may have one. Whoever sends more, before the first is answered, must not have an
    edit taken for a repetition because a later one was quicker."""
    target = Target(node.host, node.port, node.port, node.ops_port, "", "", "", "")
    words = [f"<{number}>" for number in range(30)]
    async with connect(f"{node.url}/p/hasty") as watcher, websocket(target) as socket:
        said = await socket.join("hasty")
        known = said["collab_client_vars"]
        rev, size = known["rev"], len(known["initialAttributedText"]["text"])
        apool = {"numToAttrib": {"0": ["author", said["userId"]]}, "nextNum": 1}

        async def types(word: str) -> None:
            length = numeral(len(word))
            changeset = f"Z:{numeral(size)}>{length}*0+{length}${word}"
            await socket.say(collab("USER_CHANGES", baseRev=rev, changeset=changeset, apool=apool))

        async def takes_no_inbox() -> bool:
            await types("-")
            await socket.until("ACCEPT_COMMIT")
            return await asyncio.to_thread(node.metric, DIRECT) > 0

        await eventually(takes_no_inbox, "its joining is over")
        for word in words:
            await types(word)
        for _ in words:
            await socket.until("ACCEPT_COMMIT")
        await eventually(lambda: all(word in watcher.text for word in words), "all of it is there")
        assert all(watcher.text.count(word) == 1 for word in words)


async def test_I7_a_node_that_is_asked_to_end_keeps_what_was_typed(
    fleet: Fleet, node: Member
) -> None:
    async with connect(f"{node.url}/p/last") as pad:
        for number in range(10):
            await pad.append(f"<{number}>")
        node.signal(signal.SIGTERM)
        assert node.process.wait(30) == 0
    assert "Traceback" not in node.log.read_text()
    fleet.restart(node)
    async with connect(f"{node.url}/p/last") as pad:
        assert all(f"<{number}>" in pad.text for number in range(10))
