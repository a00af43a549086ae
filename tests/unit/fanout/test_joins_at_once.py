"""Tests how many clients join at the same time."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.join_gate import JoinGate
from tests.eventually import eventually


async def test_a_caller_cancelled_while_it_comes_back_in_takes_no_place() -> None:
    nothing = cast(Any, None)
    of_the_worker = (nothing, nothing, nothing, nothing, nothing, "w", nothing, nothing)
    join_handler = JoinHandler(*of_the_worker, JoinGate(1))
    outside, answered, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def waits_for_the_writer() -> None:
        async with join_handler.gate, join_handler.gate.outside():
            outside.set()
            await answered.wait()

    async def is_inside() -> None:
        async with join_handler.gate:
            await finished.wait()

    first = asyncio.create_task(waits_for_the_writer())
    await outside.wait()
    second = asyncio.create_task(is_inside())
    await eventually(join_handler.gate.locked)
    answered.set()
    for _ in range(5):
        await asyncio.sleep(0)  # it has come to the gate, where the other one is
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    finished.set()
    await second
    await eventually(lambda: not join_handler.gate.locked())
    async with join_handler.gate:
        assert join_handler.gate.locked(), "there is one place"
