"""The budget of what is on its way out: bounded, in order, and small things pass large ones."""

from __future__ import annotations

import asyncio

import pytest

from shared.outgoing import OutgoingBudget, Share

MB = 1 << 20


async def test_a_share_is_given_back_when_nobody_holds_it_any_more() -> None:
    budget = OutgoingBudget(16 * MB)
    share = budget.take(10 * MB)
    assert share is not None
    assert budget.used == 10 * MB
    assert budget.take(10 * MB) is None
    del share
    assert budget.used == 0
    assert budget.take(10 * MB) is not None


async def test_those_who_wait_are_served_in_their_order() -> None:
    budget = OutgoingBudget(16 * MB)
    first = budget.take(8 * MB)
    assert first is not None
    served: list[int] = []
    shares: list[Share] = []

    async def one(number: int, size: int) -> None:
        shares.append(await budget.wait(size, 30))
        served.append(number)

    waiting = [asyncio.create_task(one(number, (10 - number) * MB)) for number in range(3)]
    await asyncio.sleep(0)
    assert budget.waiting == 3
    assert budget.take(2 * MB) is None, "there is room, but not past those who wait"
    del first
    while budget.waiting:
        await asyncio.sleep(0)
        shares.clear()
    await asyncio.gather(*waiting)
    assert served == [0, 1, 2]
    shares.clear()


async def test_what_is_small_does_not_wait_for_what_is_large() -> None:
    budget = OutgoingBudget(16 * MB)
    large = budget.take(12 * MB)
    assert large is not None
    queue = asyncio.create_task(budget.wait(5 * MB, 30))
    await asyncio.sleep(0)
    small = [budget.take(MB // 2) for _ in range(8)]
    assert all(small), "a quarter is theirs"
    assert budget.take(MB) is None
    assert budget.used == 16 * MB
    queue.cancel()


async def test_who_waits_too_long_is_told_so_and_gives_way() -> None:
    budget = OutgoingBudget(16 * MB)
    large = budget.take(12 * MB)
    with pytest.raises(TimeoutError):
        await budget.wait(8 * MB, 0.001)
    assert budget.waiting == 0
    del large
    assert budget.take(8 * MB) is not None


async def test_one_who_leaves_does_not_keep_those_behind() -> None:
    budget = OutgoingBudget(16 * MB)
    held = budget.take(6 * MB)
    front = asyncio.create_task(budget.wait(10 * MB, 30))
    await asyncio.sleep(0)
    behind = asyncio.create_task(budget.wait(4 * MB, 30))
    await asyncio.sleep(0)
    front.cancel()
    assert isinstance(await behind, Share)
    assert held is not None


async def test_what_is_larger_than_all_of_it_comes_through_alone() -> None:
    budget = OutgoingBudget(16 * MB)
    huge = budget.take(100 * MB)
    assert huge is not None
    assert budget.take(100 * MB) is None
    del huge
    assert budget.take(100 * MB) is not None
    assert budget.used == 0
