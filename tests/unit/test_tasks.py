"""Work that is asked for together."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.tasks import all_of


async def _after(steps: int, what: str, log: list[str]) -> str:
    try:
        for _ in range(steps):
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        log.append(f"{what} cancelled")
        raise
    log.append(what)
    return what


async def _fails(steps: int, error: Exception) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)
    raise error


async def test_what_is_asked_together_goes_on_together_and_comes_in_the_order_asked() -> None:
    log: list[str] = []
    assert await all_of(_after(6, "a", log), _after(2, "b", log), _after(4, "c", log)) == [
        "a",
        "b",
        "c",
    ]
    assert log == ["b", "c", "a"]
    assert await all_of() == []
    assert await all_of(_after(1, "alone", log)) == ["alone"]


async def test_the_first_fault_comes_once_all_have_ended() -> None:
    log: list[str] = []
    with pytest.raises(ValueError, match="first"):
        await all_of(
            _after(9, "slow", log), _fails(5, ValueError("first")), _fails(1, KeyError("last"))
        )
    assert log == ["slow"]


@pytest.mark.parametrize("steps", [(50, 1), (1, 50), (50, 50)])
async def test_who_is_cancelled_cancels_all_and_waits_for_them(steps: tuple[int, int]) -> None:
    log: list[str] = []

    async def ask() -> None:
        await all_of(_after(steps[0], "other", log), _after(steps[1], "last", log))

    task = asyncio.ensure_future(ask())
    for _ in range(6):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(log) == sorted(
        f"{what} cancelled" if count == 50 else what
        for what, count in zip(("other", "last"), steps, strict=True)
    )


async def test_a_time_out_of_one_of_them_is_no_end_of_the_others() -> None:
    log: list[str] = []

    async def impatient() -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    for order in (lambda a, b: (a, b), lambda a, b: (b, a)):
        both: Callable[..., tuple[Awaitable[object], ...]] = order
        with pytest.raises(TimeoutError):
            await all_of(*both(impatient(), _after(5, "goes on", log)))  # type: ignore[arg-type]
    assert log == ["goes on", "goes on"]
