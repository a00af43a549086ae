"""Tests strangers' work in a process of its own. Whatever that work does, the next job is done."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from padfleet.shared.limited import (
    JobLimits,
    JobPool,
    JobRefused,
    Limited,
    Overrun,
    QueueFull,
    Starved,
    WorkFailed,
)
from tests.eventually import eventually

WORK = "tests.unit.limited.work:work"
LIMITS = JobLimits(seconds=60, memory=64 << 20, answer=100_000)


@pytest.fixture
async def process() -> AsyncIterator[Limited]:
    made = Limited(WORK, LIMITS)
    yield made
    await made.close()


async def test_a_job_comes_in_pieces_and_a_large_answer_whole() -> None:
    process = Limited(WORK, replace(LIMITS, answer=4 << 20))
    try:
        assert await process.do(b"echo ", b"a", b"", b"b") == b"ab"
        large = bytes(range(128)) * (3 << 13) + b"end"
        assert await process.do(b"echo ", large) == large
    finally:
        await process.close()


async def test_jobs_are_done_by_one_process(process: Limited) -> None:
    assert await process.do(b"echo " + b"x" * 90_000) == b"x" * 90_000
    pids = {await process.do(b"pid ") for _ in range(3)}
    assert pids == {str(process.pid).encode()} != {str(os.getpid()).encode()}


@pytest.mark.parametrize(
    ("job", "error", "text"),
    [
        (b"refuse a tab", JobRefused, "a tab"),
        (b"refuse " + b"x" * 10_000, JobRefused, "x" * 500),
        (b"deep ", JobRefused, "nested too deeply"),
        (b"break it", WorkFailed, "KeyError"),
        (b"die ", WorkFailed, "failed"),
        (b"eat 500000000", Overrun, "memory"),
        (b"say 100001", Overrun, "too large: 100001 bytes"),
        (b"write /dev/full", WorkFailed, "OSError"),
    ],
)
async def test_a_bad_job_harms_nobody_else(
    process: Limited, job: bytes, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as raised:
        await process.do(job)
    assert len(str(raised.value)) < 700
    assert await process.do(b"echo on") == b"on"


@pytest.mark.timeout(700)  # on a busy machine, little is left for a nice process
@pytest.mark.parametrize(
    ("job", "busy", "error", "text"),
    [
        (b"hang ", 2, Starved, "too busy to do it within 2 s"),
        (b"spin ", 600, Overrun, "more than 1 s of processor time"),
    ],
)
async def test_a_job_that_does_not_end_is_killed(
    monkeypatch: pytest.MonkeyPatch, job: bytes, busy: int, error: type[Exception], text: str
) -> None:
    """A job that sleeps is ended by the clock. One that computes is ended by its processor time,
    which does not depend on the machine's other work."""
    monkeypatch.setattr("padfleet.shared.limited.process.BUSY", busy)
    process = Limited(WORK, JobLimits(1, 64 << 20, 1000))
    with pytest.raises(error, match=text):
        await process.do(job)
    assert process.pid is None
    await process.close()


async def test_no_file_can_be_written_there(process: Limited, tmp_path: Path) -> None:
    target = tmp_path / "file"
    with pytest.raises(WorkFailed):
        await process.do(f"write {target}".encode())
    assert not target.exists() or target.stat().st_size == 0


async def test_one_that_was_killed_between_two_jobs_costs_none(process: Limited) -> None:
    await process.do(b"pid ")
    pid = process.pid
    assert pid is not None
    os.kill(pid, 9)
    assert await process.do(b"echo on") == b"on"
    assert process.pid != pid


async def test_cancelled_half_way_its_answer_is_nobodys(process: Limited) -> None:
    waiting = asyncio.create_task(process.do(b"hang "))
    await eventually(lambda: process.pid is not None, "it has begun")
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await process.do(b"echo mine") == b"mine"


async def test_an_idle_one_ends() -> None:
    process = Limited(WORK, LIMITS, idle=0.05)
    await process.do(b"echo x")
    await eventually(lambda: process.pid is None, "it rests")
    assert await process.do(b"echo x") == b"x"
    await process.close()
    with pytest.raises(WorkFailed, match="stopping"):
        await process.do(b"echo x")


async def test_a_job_that_hangs_one_process_leaves_another_to_the_others() -> None:
    pool = JobPool(WORK, LIMITS, waiting=4, of_one=4)
    hanging = [asyncio.create_task(pool.do("greedy", b"hang ")) for _ in range(4)]
    await eventually(lambda: len(pool.pids) == 1, "the first hangs")
    for number in range(5):
        assert await pool.do(f"guest {number}", b"echo on") == b"on"
    assert len(pool.pids) == 2
    with pytest.raises(QueueFull, match="as many under way"):
        await asyncio.gather(*(pool.do("greedy", b"hang ") for _ in range(2)))
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    await pool.close()
