"""Rooms take turns at the event loop; the clock is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from padfleet.services.fanout.delivery import flush_scheduler
from padfleet.services.fanout.delivery.flush_scheduler import SLICE, FlushScheduler, FlushSlot
from padfleet.services.fanout.delivery.pacing import PacingRules
from tests.eventually import eventually


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(flush_scheduler, "perf_counter", made)
    return made


class Room:
    """Does `steps` steps of work for each flush, each of which takes a slice's time."""

    def __init__(
        self, clock: Clock, shared: FlushScheduler, steps: int, log: list[str], name: str
    ) -> None:
        self.steps, self.log, self.name, self.clock = steps, log, name, clock
        self.flushes = 0
        self.turn = FlushSlot(shared, self.work)

    def work(self) -> Iterator[float]:
        self.flushes += 1
        for _ in range(self.steps):
            self.clock.now += SLICE
            self.log.append(self.name)
            yield 0.0


async def test_a_quiet_pad_does_not_wait_for_a_storm(clock: Clock) -> None:
    log: list[str] = []
    shared = FlushScheduler(PacingRules())
    storm = Room(clock, shared, 1000, log, "storm")
    quiet = Room(clock, shared, 1, log, "quiet")
    storm.turn.due()
    await asyncio.sleep(0)
    quiet.turn.due()
    assert log[-1] == "quiet"
    assert log.count("storm") <= 2
    storm.turn.close()


async def test_the_loop_goes_round_between_the_slices_of_a_flush(clock: Clock) -> None:
    log: list[str] = []
    room = Room(clock, FlushScheduler(PacingRules()), 20, log, "storm")
    room.turn.due()
    for _ in range(10):
        asyncio.get_running_loop().call_soon(log.append, "other")
        await asyncio.sleep(0)
    assert log.count("other") >= 9
    assert "other" in log[: log.index("storm", 2)]
    await eventually(lambda: log.count("storm") == 20)


async def test_what_comes_during_a_flush_is_in_the_next(clock: Clock) -> None:
    room = Room(clock, FlushScheduler(PacingRules(ceiling=0.0, rate=1e6)), 3, [], "room")
    room.turn.due()
    room.turn.due()
    assert room.flushes == 1
    await eventually(lambda: room.flushes == 2)
    await asyncio.sleep(0.01)
    assert room.flushes == 2


async def test_many_calls_while_a_pause_lasts_are_one_flush(clock: Clock) -> None:
    room = Room(clock, FlushScheduler(PacingRules(ceiling=0.01)), 5, [], "room")
    room.turn.due()
    await asyncio.sleep(0)
    for _ in range(100):
        room.turn.due()
    await eventually(lambda: room.flushes == 2)


async def test_a_flush_that_fails_does_not_end_the_room(clock: Clock) -> None:
    shared = FlushScheduler(PacingRules(ceiling=0.0))
    runs: list[int] = []

    def work() -> Iterator[float]:
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("a fault")
        yield 0.0

    turn = FlushSlot(shared, work)
    with pytest.raises(ValueError, match="a fault"):
        turn.due()
    assert shared.running == 0
    turn.due()
    await eventually(lambda: len(runs) == 2 and shared.running == 0)


async def test_a_closed_room_does_not_flush(clock: Clock) -> None:
    room = Room(clock, FlushScheduler(PacingRules()), 1, [], "room")
    room.turn.close()
    room.turn.due()
    assert room.flushes == 0
