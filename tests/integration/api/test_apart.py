"""Tests that a stranger's file is read by a process of its own, which costs the process that asks
next to nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from padfleet.shared.etherpad import apart
from padfleet.shared.etherpad.apart import LIMITS, bring_file
from padfleet.shared.etherpad.bring import Bounds
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.limited import JobLimits, JobPool
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.wire.jsontext import dumps
from tests.processes import free_ports

BOUNDS = Bounds(units=5_000_000, attributes=200_000)
FEW = Bounds(units=5_000_000, attributes=2_000)
MANY = Bounds(units=5_000_000, attributes=1_000_000)
KEYSPACE = Keyspace(4)


def file(*, attributes: int = 0, pads: int = 1, **more: Any) -> bytes:
    pool = {str(number): [f"k{number}", "v"] for number in range(attributes)}
    records: dict[str, Any] = {}
    for number in range(pads):
        records[f"pad:p{number}"] = {
            "atext": {"text": "a\n", "attribs": "|1+2"},
            "pool": {"numToAttrib": pool, "nextNum": attributes},
            "head": 0,
            **more,
        }
        records[f"pad:p{number}:revs:0"] = {"changeset": "Z:1>1+1$a", "meta": {"timestamp": 5}}
    return dumps(records).encode()


@pytest.fixture
async def processes() -> AsyncIterator[JobPool]:
    made = apart.pool()
    yield made
    await made.close()


# The processes are nice, and get little where others take the machine.
pytestmark = pytest.mark.timeout(600)


async def bring(
    processes: JobPool, redis_url: str, data: bytes, pad: str = "there", bounds: Bounds = BOUNDS
) -> Any:
    return await bring_file(
        processes, "client", data, KEYSPACE, redis_url, as_id=pad, bounds=bounds
    )


async def test_an_imported_pad_exists(processes: JobPool, redis: Redis, redis_url: str) -> None:
    brought = await bring(processes, redis_url, file())
    assert (brought.pad, brought.head, brought.replaced) == ("there", 0, False)
    assert (await read_meta(redis, KEYSPACE.pad("there"))).exists
    assert (await bring(processes, redis_url, file())).replaced


async def test_a_large_one_is_no_work_of_the_askers(processes: JobPool, redis_url: str) -> None:
    """This counts processor time, which is the same on a busy machine: to read it takes seconds."""
    data = file(attributes=150_000)
    await bring(processes, redis_url, file())  # so that there is a process
    before = time.process_time()
    await bring(processes, redis_url, data)
    assert time.process_time() - before < 0.25


async def test_errors_are_reported_and_nothing_is_stored(
    processes: JobPool, redis: Redis, redis_url: str
) -> None:
    many = dumps({str(number): 0 for number in range(500_001)}).encode()
    for data, why in (
        (b"", "middle of its JSON"),
        (b"[" * 100_000, "not a JSON object"),
        (b'{"a":' + b"9" * 5000 + b"}", "not a JSON object"),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "not a JSON object|0 pads"),
        (file(pads=2), "2 pads, not one"),
        (file(pads=0), "0 pads, not one"),
        (file(attributes=2_001), "more than 2000 attributes"),
        (file(head=10**12), "missing"),
        (file(head="9" * 5000), "not a whole number"),
        (many, "more than 500000 records"),
    ):
        with pytest.raises(BadRecord, match=why):
            await bring(processes, redis_url, data, bounds=FEW)
        stored = [bytes(key) async for key in redis.client.scan_iter("pf:*")]
        assert [key for key in stored if not key.endswith(b":state")] == [], why
    assert (await bring(processes, redis_url, file())).head == 0, "and the next one is brought"


@pytest.mark.parametrize(
    ("limits", "attributes"),
    [(replace(LIMITS, seconds=1), 700_000), (replace(LIMITS, memory=24 << 20), 190_000)],
    ids=["time", "room"],
)
async def test_one_that_takes_too_much_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    redis: Redis,
    redis_url: str,
    limits: JobLimits,
    attributes: int,
) -> None:
    monkeypatch.setattr("padfleet.shared.limited.process.BUSY", 100)  # it gets its time
    processes = JobPool("padfleet.shared.etherpad.apart:work", limits)
    try:
        with pytest.raises(BadRecord, match="too much to read"):
            await bring(processes, redis_url, file(attributes=attributes), bounds=MANY)
        assert not (await read_meta(redis, KEYSPACE.pad("there"))).exists
    finally:
        await processes.close()


async def test_a_server_that_is_away_is_no_fault_of_the_file(processes: JobPool) -> None:
    with pytest.raises(ConnectionError):
        await bring(processes, f"redis://127.0.0.1:{free_ports(1)[0]}/0", file())
