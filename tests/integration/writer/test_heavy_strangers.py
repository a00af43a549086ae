"""Tests a real fleet whose strangers send edits of thousands of operations, all on one base
(I10)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from padfleet.shared.client import connect
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.log.keys import Keyspace
from tests.attack.drivers import Fate, Target, websocket
from tests.attack.messages import collab
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.neighbours import neighbour_of

STRANGERS = 4
OPERATIONS = 6_000
EDITS = 20
EACH = 3


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(redis_url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as running:
        running.start(writers=1, workers=1)
        yield running


async def stranger(target: Target, pad: str, ready: asyncio.Barrier) -> None:
    async with websocket(target) as socket:
        said = await socket.join(pad)
        known = said["collab_client_vars"]
        rev, size = known["rev"], len(known["initialAttributedText"]["text"])
        half = OPERATIONS // 2
        text = "xy" * half
        changeset = f"Z:{numeral(size)}>{numeral(OPERATIONS)}{'*0+1*0*1+1' * half}${text}"
        apool = {
            "numToAttrib": {"0": ["author", said["userId"]], "1": ["bold", "true"]},
            "nextNum": 2,
        }
        await ready.wait()
        for _ in range(EACH):
            await socket.say(collab("USER_CHANGES", baseRev=rev, changeset=changeset, apool=apool))
        with suppress(Fate, OSError, TimeoutError):
            for _ in range(EACH):
                await socket.until("ACCEPT_COMMIT")


async def test_I10_other_pads_are_served_while_strangers_send_edits_of_many_operations(
    fleet: Fleet,
) -> None:
    """The neighbour is in the same partition. Between two of its commits the writer finishes a few
    heavy edits at most, however many wait and however slow the machine is."""
    worker, writer = fleet.workers[0], fleet.writers[0]
    keyspace = Keyspace(4)
    attacked = "attacked"
    beside = neighbour_of(keyspace, attacked)
    target = Target(worker.host, worker.port, worker.port, worker.ops_port, "", "", "", "")
    ready = asyncio.Barrier(STRANGERS)

    def heavy() -> float:
        return writer.metric("padfleet_writer_heavy_entries_total")

    async with connect(f"{worker.url}/p/{beside}") as pad:
        await pad.append("first\n")
        async with asyncio.TaskGroup() as group:
            strangers = [
                group.create_task(stranger(target, attacked, ready)) for _ in range(STRANGERS)
            ]
            await eventually(lambda: heavy() > 0, "heavy edits come in", timeout=60)
            meanwhile = []
            for number in range(EDITS):
                before = await asyncio.to_thread(heavy)
                async with asyncio.timeout(60):
                    await pad.append(f"{number}\n")
                meanwhile.append(await asyncio.to_thread(heavy) - before)
                assert await asyncio.to_thread(writer.ready)
                assert await asyncio.to_thread(worker.ready)
            await asyncio.wait(strangers)
        assert max(meanwhile) <= 3
        assert heavy() >= STRANGERS
