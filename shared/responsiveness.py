"""This module keeps the event loop of a process quick to answer, and measures how quick it is."""

import asyncio
import gc
import time
from typing import Any

from prometheus_client import Histogram

from padfleet.shared.counting import QuickHistogram
from padfleet.shared.supervision.progress import rest, tick

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

LOOP_DELAY = QuickHistogram(
    "padfleet_loop_delay_seconds", "How late the event loop ran a timer", _SECONDS
)
GC_SECONDS = Histogram(
    "padfleet_gc_pause_seconds", "Pauses of the garbage collector", ["generation"], buckets=_SECONDS
)

TICK = 0.5
"""The number of seconds between two measurements of the loop's delay."""

YOUNG = 4_000
"""The number of allocations between two collections of the youngest generation, and so the number
of objects that one of them may have to free, which takes up to 2.5 µs for each: strangers can make
requests whose errors refer to themselves, and with 20,000 they held the loop for 50 ms at a time.
With Python's own 700, it runs thousands of times a second under load, over objects that are mostly
in use."""

SURVIVED = 2
"""The number of collections of the youngest generation between two of the next one, which looks at
what they have left. Each object is looked at once by either, however often that is, so the work
stays the same in smaller pieces: with 10, one of these collections took up to 17 ms in most floods
of requests, and with 2 it takes 4 to 9."""

FULL_INTERVAL = 600.0
"""The number of seconds between two full collections, which take half a second with 10,000
sockets."""


class Collector:
    """Keeps the full collections of the garbage collector from interrupting the work.

    By default, Python runs one whenever its oldest generation has grown by a quarter, which is in
    the middle of the rush. Nearly all that our processes release is freed by reference counts; what
    is left to the collector are the cycles of a few exceptions and closed sockets. So once in ten
    minutes is enough, and the younger generations are collected as usual.
    """

    def __init__(self) -> None:
        self._started = 0.0

    async def run(self) -> None:
        """Measures for as long as the process lives."""
        gc.callbacks.append(self._measure)
        try:
            # What the imports created stays until the end; once frozen, no collection looks at it
            # again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(YOUNG, SURVIVED, 1_000_000)
            while True:
                await rest(FULL_INTERVAL)
                gc.collect()
        finally:
            gc.callbacks.remove(self._measure)

    def _measure(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._started = time.perf_counter()
        else:
            pause = time.perf_counter() - self._started
            GC_SECONDS.labels(info["generation"]).observe(pause)


async def watch_delay() -> None:
    """Measures the delay of the event loop for as long as the process lives."""
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        asked = await tick(TICK)
        LOOP_DELAY.observe(max(0.0, clock() - began - asked))
