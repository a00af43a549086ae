"""The pauses of the garbage collector."""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Iterator

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


MOST_OLDER_FREED = 13_000
"""The same for what some collections of the youngest generation have left, of which half is already
in use no more."""


async def _freed(make: Callable[[], None]) -> list[int]:
    """Returns how many objects each collection frees while `make` runs with the process's
    collector."""
    freed = list[int]()

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            freed.append(info["collected"])

    collector = asyncio.create_task(Collector().run())
    await asyncio.sleep(0)
    gc.callbacks.append(note)
    try:
        make()
    finally:
        gc.callbacks.remove(note)
        collector.cancel()
        await asyncio.wait({collector})
    return freed


def _itself() -> list[object]:
    itself = list[object]()
    itself.append(itself)
    return itself


@pytest.mark.usefixtures("as_it_was")
async def test_a_flood_of_what_refers_to_itself_is_freed_a_little_at_a_time() -> None:
    """Strangers can make errors that refer to themselves, as fast as they can send requests: 20,000
    objects of these were freed at once, which held a worker's event loop for 50 ms."""

    def make() -> None:
        for _ in range(100_000):
            _itself()

    freed = await _freed(make)
    assert sum(freed) > 90_000
    assert max(freed) < MOST_FREED


@pytest.mark.usefixtures("as_it_was")
async def test_what_outlives_a_collection_is_freed_a_little_at_a_time_too() -> None:
    """A request lasts longer than the time between two collections, so some thousand objects of it
    are left to the next generation each time: 30,000 of them were freed at once."""
    in_use = deque[object](maxlen=3_000)

    def make() -> None:
        for _ in range(200_000):
            in_use.append(_itself())

    freed = await _freed(make)
    assert sum(freed) > 150_000
    assert max(freed) < MOST_OLDER_FREED
