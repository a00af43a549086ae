"""Bytes that are held for clients: nobody takes the room of the others."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.budget import Budget, NoRoom

LONG = 60.0


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_reads_nothing_has_a_share_and_no_more() -> None:
    budget = Budget(100, share=50)
    async with budget.room("greedy", 50, patience=0):
        with pytest.raises(NoRoom, match="in a moment"):
            async with budget.room("greedy", 1, patience=0):
                pass
        async with budget.room("other", 50, patience=0):
            assert budget.taken == 100
    assert budget.taken == 0


async def test_what_is_larger_than_all_of_it_has_it_alone() -> None:
    budget = Budget(100, share=50)
    async with budget.room("a", 1000, patience=0):
        with pytest.raises(NoRoom):
            async with budget.room("b", 1, patience=0):
                pass
    async with budget.room("b", 1, patience=0):
        pass


async def test_room_that_is_given_back_goes_to_who_waits_longest() -> None:
    budget = Budget(100, share=100)
    got: list[str] = []

    async def want(name: str, size: int) -> None:
        async with budget.room(name, size, patience=LONG):
            got.append(name)
            await asyncio.Event().wait()

    async with budget.room("a", 90, patience=0) as room:
        tasks = []
        for name, size in (("large", 60), ("small", 5)):
            tasks.append(asyncio.create_task(want(name, size)))
            await settle()
        assert got == [], "the small one does not overtake: the large one would wait for good"
        room.resize(40)
        await settle()
        assert got == ["large"]
        room.resize(20)
        await settle()
        assert got == ["large", "small"]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert budget.taken == 0


async def test_who_waits_for_its_own_share_holds_nobody_up() -> None:
    budget = Budget(100, share=50)
    async with budget.room("a", 50, patience=0):
        waiting = asyncio.create_task(_hold(budget, "a", 10))
        await settle()
        async with budget.room("b", 20, patience=0):
            pass
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def _hold(budget: Budget, client: str, size: int) -> None:
    async with budget.room(client, size, patience=LONG):
        await asyncio.Event().wait()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 60), st.booleans())))
def test_whatever_comes_and_goes_the_limit_holds(steps: list[tuple[str, int, bool]]) -> None:
    async def play() -> None:
        budget = Budget(100, share=60)
        tasks: list[asyncio.Task[None]] = []
        for client, size, comes in steps:
            if comes or not tasks:
                tasks.append(asyncio.create_task(_hold(budget, client, size)))
            else:
                tasks.pop(size % len(tasks)).cancel()
            await settle()
            assert budget.taken <= 100
        for task in tasks:
            task.cancel()
        await settle()
        assert budget.taken == 0

    asyncio.run(play())
