"""This module is how a supervised task reports that it makes progress: by what it calls anyway to
sleep, or explicitly."""

import asyncio
import random
from contextvars import ContextVar
from typing import Final, Protocol

from padfleet.shared.supervision.policy import IDLE

_PHASE: Final = random.randrange(60_000) / 1000
"""An offset in seconds. Processes of one machine have the same clock, and should not all wake at
once. It is in whole milliseconds, as uvloop's clock is."""


class Reporting(Protocol):
    """The supervised task that runs in a context."""

    def progressed(self, pause: float) -> None:
        """Records progress; the next report may be `pause` seconds away."""


REPORTING: ContextVar[Reporting | None] = ContextVar(
    "the supervised task that runs here", default=None
)


def progress(pause: float = 0.0) -> None:
    """Reports that the supervised task that calls this, directly or indirectly, has made progress
    and will not report for `pause` seconds. Without a supervisor, it does nothing."""
    if (task := REPORTING.get()) is not None:
        task.progressed(pause)


async def rest(pause: float) -> None:
    """Sleeps, and reports to the supervisor that it does, as `progress` would."""
    progress(pause)
    await asyncio.sleep(pause)


async def tick(interval: float) -> float:
    """Sleeps, as `rest` does, until the next multiple of `interval` seconds of the event loop's
    clock; this is for periodic work. Tasks that are due in the same moment wake an idle process
    only once, and waking it costs more than most of what they then do. Returns the seconds for
    which it slept."""
    pause = until_tick(asyncio.get_running_loop().time() + _PHASE, interval)
    await rest(pause)
    return pause


def until_tick(now: float, interval: float) -> float:
    """Returns the seconds until the next multiple of `interval` that is not close at hand: event
    loops round times to milliseconds, so that the multiple that has just passed would come
    again."""
    left = interval - now % interval
    return left if left > interval / 10 else left + interval


def idle() -> None:
    """Reports that the task waits for work, for however long."""
    progress(IDLE)
