"""Tests how the writer shares the event loop with everything else in its process, and its share
among its partitions."""

from __future__ import annotations

import asyncio

from padfleet.services.writer.settling.turn import Turn


async def test_a_turn_is_over_when_its_time_is_up_and_another_begins_with_the_next() -> None:
    turn = Turn(seconds=0.0)
    assert [turn.is_over() for _ in range(1000)][-1]
    await asyncio.sleep(0)
    generous = Turn(seconds=60.0)
    assert not any(generous.is_over() for _ in range(1000))


async def test_those_who_wait_come_one_after_the_other() -> None:
    """Forty people's edits held a node for 60 ms at a time; and one with a long batch must not keep
    the others from their turn."""
    turn, came = Turn(seconds=-1.0), list[str]()
    turns = [0]

    def count() -> None:
        turns[0] += 1
        asyncio.get_running_loop().call_soon(count)

    async def settle(name: str, entries: int) -> None:
        for _ in range(entries):
            await turn.come()
            came.append(f"{name} in {turns[0]}")

    count()
    await asyncio.gather(settle("a", 100), settle("b", 2), settle("c", 1))
    assert [one.split()[0] for one in came[:6]] == ["a", "b", "c", "a", "b", "a"]
    assert len({one.split()[2] for one in came}) == 103, "each had a turn of its own"


async def test_one_who_leaves_keeps_nobody_waiting() -> None:
    turn, came = Turn(seconds=-1.0), list[int]()

    async def settle(number: int) -> None:
        await turn.come()
        came.append(number)

    tasks = [asyncio.create_task(settle(number)) for number in range(3)]
    asyncio.get_running_loop().call_soon(tasks[0].cancel)
    await asyncio.wait(tasks)
    assert came == [1, 2]
