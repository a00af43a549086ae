"""Bytes that are held for clients: bounded, in order; nobody takes the room of the others, and what
is small passes what is large."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.budget import Budget, NoRoom, Reservation

MB = 1 << 20
LONG = 60.0


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_client_gets_its_share_and_no_more() -> None:
    budget = Budget(100, share=50)
    async with budget.room("greedy", 50, patience=0):
        with pytest.raises(NoRoom, match="in a moment"):
            async with budget.room("greedy", 1, patience=0):
                pass
        async with budget.room("other", 25, patience=0):
            assert budget.used == 75
    assert budget.used == 0


async def test_room_that_belongs_to_nobody_has_no_share() -> None:
    budget = Budget(100, share=10)
    rooms = [budget.take(25) for _ in range(3)]
    assert all(rooms)
    assert budget.used == 75


async def test_what_is_larger_than_all_of_it_comes_through_alone() -> None:
    budget = Budget(100, share=50)
    async with budget.room("a", 1000, patience=0):
        for size in (1, 10, 1000):
            with pytest.raises(NoRoom):
                async with budget.room("b", size, patience=0):
                    pass
    for size in (1, 1000):
        async with budget.room("b", size, patience=0):
            pass
    assert budget.used == 0


async def test_room_that_is_given_back_goes_to_who_waits_longest() -> None:
    budget = Budget(100)
    got: list[str] = []

    async def want(name: str, size: int) -> None:
        async with budget.room(name, size, patience=LONG):
            got.append(name)
            await asyncio.Event().wait()

    async with budget.room("a", 75, patience=0) as room:
        tasks = []
        for name, size in (("larger", 60), ("smaller", 10)):
            tasks.append(asyncio.create_task(want(name, size)))
            await settle()
        assert got == [], "the smaller one does not overtake: the larger would wait for good"
        assert budget.waiting == 2
        assert budget.take(10) is None, "nor does whoever comes now"
        room.resize(15)
        await settle()
        assert got == ["larger"]
        room.resize(5)
        await settle()
        assert got == ["larger", "smaller"]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert budget.used == 0


async def test_what_is_small_does_not_wait_for_what_is_large() -> None:
    budget = Budget(16 * MB)
    large = budget.take(12 * MB)
    assert large is not None
    queue = asyncio.create_task(budget.wait(5 * MB, LONG))
    await settle()
    small = [budget.take(MB // 2) for _ in range(8)]
    assert all(small), "a quarter is theirs"
    assert budget.take(MB) is None
    assert budget.used == 16 * MB
    queue.cancel()
    await asyncio.gather(queue, return_exceptions=True)
    assert budget.waiting == 0


async def test_a_caller_that_waits_for_its_own_share_holds_nobody_up() -> None:
    budget = Budget(100, share=50)
    async with budget.room("a", 50, patience=0):
        waiting = asyncio.create_task(_hold(budget, "a", 10))
        await settle()
        async with budget.room("b", 20, patience=0):
            pass
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_room_is_given_back_when_nobody_holds_it_any_more() -> None:
    budget = Budget(16 * MB)
    room = budget.take(10 * MB, "a")
    assert room is not None
    assert budget.used == 10 * MB
    assert budget.take(10 * MB, "b") is None
    waiting = asyncio.create_task(budget.wait(10 * MB, LONG, "b"))
    await settle()
    del room
    assert (await waiting).size == 10 * MB
    del waiting
    await settle()
    assert budget.used == 0


async def test_what_is_given_back_is_given_back_once() -> None:
    budget = Budget(100)
    room, other = budget.take(10), budget.take(10)
    assert room is not None
    assert other is not None
    room.give_back()
    room.give_back()
    del room
    assert budget.used == 10


async def test_what_turns_out_to_be_larger_is_kept_only_where_there_is_room() -> None:
    budget = Budget(160, share=80)
    room = budget.take(10, "a")
    assert room is not None
    room.resize(60)
    with pytest.raises(NoRoom) as raised:
        async with budget.room("b", 10, patience=0) as other:
            other.resize(70)
    assert raised.value.size == 70
    assert budget.used == 60
    with pytest.raises(NoRoom):
        async with budget.room("a", 10, patience=0) as more:
            more.resize(30)  # beyond its share
    room.resize(1000)  # alone: nothing is too large for good
    assert budget.used == 1000
    room.give_back()
    assert budget.used == 0


async def test_a_caller_that_waits_too_long_is_told_so_and_gives_up() -> None:
    budget = Budget(16 * MB)
    large = budget.take(12 * MB)
    with pytest.raises(NoRoom):
        await budget.wait(8 * MB, 0.001)
    assert budget.waiting == 0
    del large
    assert budget.take(8 * MB) is not None


async def test_a_caller_that_leaves_does_not_hold_up_those_behind_it() -> None:
    budget = Budget(16 * MB)
    held = budget.take(6 * MB)
    front = asyncio.create_task(budget.wait(10 * MB, LONG))
    await settle()
    behind = asyncio.create_task(budget.wait(4 * MB, LONG))
    await settle()
    front.cancel()
    assert isinstance(await behind, Reservation)
    assert held is not None


async def test_a_caller_that_leaves_as_its_room_comes_gives_it_back() -> None:
    budget = Budget(100)
    held = budget.take(70)
    assert held is not None
    leaving = asyncio.create_task(budget.wait(50, LONG))
    await settle()
    held.give_back()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert budget.used == 0


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
            assert budget.used <= 100
        for task in tasks:
            task.cancel()
        await settle()
        assert budget.used == budget.waiting == 0

    asyncio.run(play())
