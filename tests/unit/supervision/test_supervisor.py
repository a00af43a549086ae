"""Tests that no task of the supervisor dies unseen, however it dies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from padfleet.shared.fault_reports import FAULTS, report_the_loops_faults
from padfleet.shared.health import Health
from padfleet.shared.supervision.policy import Policy
from padfleet.shared.supervision.progress import idle, progress, tick, until_tick
from padfleet.shared.supervision.supervisor import Supervisor, TaskDied
from padfleet.shared.tasks import Tasks
from tests.eventually import eventually


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("padfleet.shared.supervision.supervisor.LOOK", 0.005)
    monkeypatch.setattr("padfleet.shared.supervision.supervised_task.LOOK", 0.005)
    monkeypatch.setattr("padfleet.shared.supervision.supervised_task.GRACE", 0.05)
    monkeypatch.setattr("padfleet.shared.supervision.policy.FIRST_PAUSE", 0.001)


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
async def supervisor(health: Health) -> AsyncIterator[Supervisor]:
    async with Supervisor(health) as opened:
        yield opened


class Flaky:
    """Fails the first so many times, in one of the ways in which a task can, and then goes on."""

    def __init__(self, how: str, times: int = 1) -> None:
        self.how = how
        self.times = times
        self.begun = 0
        self.lives = asyncio.Event()

    async def run(self) -> None:
        self.begun += 1
        if self.begun <= self.times:
            if self.how == "raises":
                raise ValueError("sabotage")
            if self.how == "is cancelled":
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            if self.how == "returns":
                return
            await asyncio.Event().wait()
        progress()
        self.lives.set()
        idle()
        await asyncio.Event().wait()


WAYS = ["raises", "returns", "is cancelled", "hangs"]


@pytest.mark.parametrize("how", WAYS)
async def test_a_task_that_dies_is_restarted_and_logged(
    how: str, supervisor: Supervisor, health: Health, caplog: pytest.LogCaptureFixture
) -> None:
    flaky = Flaky(how)
    supervisor.keep("liveness", flaky.run, Policy(deadline=0.05))
    await flaky.lives.wait()
    assert (await health.readiness()).reasons == {"task liveness": None}
    (line,) = supervisor.lines()
    assert (line.running, line.restarts, line.trouble) == (1, 1, "")
    (record,) = [r for r in caplog.records if r.message == "task failed, and is restarted"]
    assert record.task == "liveness"  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", WAYS)
async def test_I10_a_fatal_fault_ends_the_process(
    how: str, supervisor: Supervisor, health: Health
) -> None:
    flaky = Flaky(how, times=99)
    supervisor.keep("liveness", flaky.run, Policy(deadline=0.05, attempts=3))
    with pytest.raises(TaskDied, match=r"^liveness: "):
        await supervisor.until(asyncio.Event())
    assert flaky.begun == 3
    for report in (await health.readiness(), await health.liveness()):
        assert "and the process ends" in report.failing["task liveness"]


async def test_I10_a_task_that_has_not_recovered_is_not_ready(
    supervisor: Supervisor, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padfleet.shared.supervision.policy.FIRST_PAUSE", 3600)
    supervisor.keep("liveness", Flaky("raises").run)
    await eventually(lambda: next(supervisor.lines()).trouble)
    report = await health.readiness()
    assert "ValueError: sabotage" in report.failing["task liveness"]
    assert (await health.liveness()).ok, "it is begun again: nothing for a restart to mend"


async def test_what_people_do_without_is_remarked_on_only(
    supervisor: Supervisor, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padfleet.shared.supervision.policy.FIRST_PAUSE", 3600)
    supervisor.keep("garbage", Flaky("raises").run, Policy(attempts=None))
    await eventually(lambda: next(supervisor.lines()).trouble)
    report = await health.readiness()
    assert report.ok
    assert "sabotage" in str(report.as_json())


async def test_one_that_does_not_take_its_cancellation_ends_the_process(
    supervisor: Supervisor,
) -> None:
    end = asyncio.Event()

    async def stubborn() -> None:
        while not end.is_set():
            try:
                await end.wait()
            except asyncio.CancelledError:
                continue

    supervisor.keep("liveness", stubborn, Policy(deadline=0.02))
    with pytest.raises(TaskDied, match="has not ended"):
        await supervisor.until(asyncio.Event())
    end.set()


async def test_a_cancellation_that_gets_lost_is_repeated(supervisor: Supervisor) -> None:
    lives = asyncio.Event()

    async def careless() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        lives.set()
        await asyncio.Event().wait()

    kept = supervisor.keep("inboxes", careless, Policy(deadline=0.02))
    await lives.wait()
    kept.stop()
    await kept.ended()
    assert not supervisor.died.done()


async def test_time_in_which_the_process_stood_still_does_not_count(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Flaky("raises", times=0)
    supervisor.keep("liveness", kept.run)
    await kept.lives.wait()
    loop = asyncio.get_running_loop()
    before, real = supervisor.now, loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + 3600)
    await eventually(lambda: supervisor.now > before)
    assert supervisor.now < before + 60


async def test_a_task_that_is_done_is_not_restarted(supervisor: Supervisor) -> None:
    flaky = Flaky("returns")
    kept = supervisor.keep("leases", flaky.run)
    kept.let_end()
    await kept.ended()
    assert (flaky.begun, next(supervisor.lines()).running) == (1, 0)


async def test_a_task_that_was_stopped_is_not_restarted(supervisor: Supervisor) -> None:
    flaky = Flaky("raises", times=0)
    kept = supervisor.keep("leases", flaky.run)
    await flaky.lives.wait()
    kept.stop()
    await kept.ended()
    assert flaky.begun == 1
    assert not supervisor.died.done()


async def test_stopped_before_its_first_step(supervisor: Supervisor) -> None:
    flaky = Flaky("raises", times=0)
    kept = supervisor.keep("leases", flaky.run)
    kept.stop()
    await kept.ended()
    assert not flaky.lives.is_set()


async def test_several_of_one_name_are_one_line(supervisor: Supervisor, health: Health) -> None:
    good, bad = Flaky("raises", times=0), Flaky("raises")
    supervisor.keep("inboxes", good.run, part="0")
    supervisor.keep("inboxes", bad.run, part="1")
    await bad.lives.wait()
    (line,) = supervisor.lines()
    assert (line.running, line.restarts) == (2, 1)
    assert list((await health.readiness()).reasons) == ["task inboxes"]


async def test_the_end_of_the_process_is_the_end_of_all(health: Health) -> None:
    flaky = Flaky("raises", times=0)
    async with Supervisor(health) as opened:
        opened.keep("liveness", flaky.run)
        await flaky.lives.wait()
    assert next(opened.lines(), None) is None or next(opened.lines()).running == 0


async def test_what_is_raised_in_it_comes_out_as_it_is(health: Health) -> None:
    async def fail() -> None:
        async with Supervisor(health) as opened:
            opened.keep("liveness", Flaky("raises", times=0).run)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()


async def test_a_task_that_nobody_waits_for_is_logged_with_its_context(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = FAULTS.labels("vouching")._value.get()

    async def fail() -> None:
        raise ValueError("sabotage")

    tasks = Tasks()
    tasks.start(fail(), "vouching", pad="p1")
    await eventually(lambda: len(tasks) == 0)
    (record,) = caplog.records
    assert (record.task, record.pad) == ("vouching", "p1")  # type: ignore[attr-defined]
    assert record.exc_info is not None
    assert FAULTS.labels("vouching")._value.get() == before + 1


async def test_a_callback_that_raises_is_logged_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = FAULTS.labels("callback")._value.get()
    loop = asyncio.get_running_loop()
    report_the_loops_faults(loop)
    loop.call_later(0, lambda: 1 // 0)
    await eventually(lambda: FAULTS.labels("callback")._value.get() == before + 1)
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.exc_info is not None


async def test_a_connection_that_ends_while_it_is_written_to_is_no_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """uvloop reports it like this on TLS."""
    caplog.set_level(logging.INFO)
    loop = asyncio.get_running_loop()
    report_the_loops_faults(loop)
    error = RuntimeError("unable to perform operation on <TCPTransport>; the handler is closed")
    loop.call_exception_handler(
        {"message": "Fatal error on SSL protocol", "exception": error, "protocol": None}
    )
    assert [r.levelname for r in caplog.records if r.name == "padfleet.shared.fault_reports"] == [
        "INFO"
    ]


# --- Ticks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", [0.25, 0.5, 1.0, 1.5, 10.0])
def test_what_is_done_again_and_again_is_done_at_multiples_of_its_interval(
    interval: float,
) -> None:
    now = 1234.567
    for _ in range(100):
        left = until_tick(now, interval)
        assert interval / 10 < left <= interval * 1.1
        now += left
        assert now % interval == pytest.approx(0, abs=1e-6) or now % interval == pytest.approx(
            interval, abs=1e-6
        )


def test_ticks_of_different_intervals_come_together() -> None:
    wakes: set[float] = set()
    for interval in (0.25, 0.5, 1.0, 2.0):
        now = 100.1 + interval / 7
        while now < 120:
            now += until_tick(now, interval)
            wakes.add(round(now, 6))
    assert len(wakes) <= 4 * 20 + 8


@pytest.mark.parametrize("early", [0.0, 0.0004, 0.001])
def test_a_timer_that_came_early_is_not_set_for_the_same_moment_again(early: float) -> None:
    assert until_tick(10.0 - early, 0.25) == pytest.approx(0.25 + early)


async def test_a_task_that_ticks_is_not_late(supervisor: Supervisor) -> None:
    ticks: list[float] = []

    async def work() -> None:
        while True:
            ticks.append(await tick(0.02))

    supervisor.keep("ticks", work, Policy(deadline=0.05))
    await eventually(lambda: len(ticks) >= 10)
    assert all(0 < asked <= 0.0221 for asked in ticks)
    (line,) = (line for line in supervisor.lines() if line.name == "ticks")
    assert line.restarts == 0
