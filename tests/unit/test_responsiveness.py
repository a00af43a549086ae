"""The pauses of the garbage collector."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from padfleet.shared.responsiveness import Collector

MOST_FREED = 5_000
"""How many objects one collection may free: each takes up to 2.5 µs, and an event loop may not be
held for 20 ms."""


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """The garbage collector of this process, which is put back afterwards."""
    thresholds, enabled = gc.get_threshold(), gc.isenabled()
    gc.enable()
    yield
    gc.set_threshold(*thresholds)
    if not enabled:
        gc.disable()


@pytest.mark.usefixtures("as_it_was")
async def test_a_flood_of_what_refers_to_itself_is_freed_a_little_at_a_time() -> None:
    """Strangers can make errors that refer to themselves, as fast as they can send requests: 20,000
    objects of these were freed at once, which held a worker's event loop for 50 ms."""
    freed = list[int]()

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            freed.append(info["collected"])

    collector = asyncio.create_task(Collector().run())
    await asyncio.sleep(0)
    gc.callbacks.append(note)
    try:
        for _ in range(100_000):
            itself = list[object]()
            itself.append(itself)
    finally:
        gc.callbacks.remove(note)
        collector.cancel()
        await asyncio.wait({collector})
    assert sum(freed) > 90_000
    assert max(freed) < MOST_FREED
