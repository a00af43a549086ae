"""This module is the interface for starting tasks that are kept alive, and a keeper for tools."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from padfleet.shared.supervision.policy import LASTING, Policy
from padfleet.shared.tasks import Tasks

Work = Callable[[], Awaitable[None]]


async def run_work(work: Callable[[], Awaitable[object]]) -> None:
    """Awaits what `work` returns: a task needs a coroutine, and `Work` may return any awaitable."""
    await work()


class Kept(Protocol):
    """A task that is kept alive."""

    def stop(self) -> None:
        """Ends the task permanently; it has `GRACE` seconds to do so."""

    def let_end(self) -> None:
        """Allows the task to return from now on, having done all there was to do."""

    async def ended(self) -> None:
        """Returns when the task has ended or has been stopped, and no longer runs."""


class Keeper(Protocol):
    """Keeps tasks alive. Tools, which end with the first fault, use one that is not a
    supervisor."""

    def keep(self, name: str, work: Work, policy: Policy = LASTING, *, part: str = "") -> Kept: ...


class Loose:
    """Runs tasks that are only logged when they fail: for tools, and for tests of parts."""

    def __init__(self) -> None:
        self._tasks = Tasks()

    def keep(self, name: str, work: Work, policy: Policy = LASTING, *, part: str = "") -> Kept:
        return _LooseTask(self._tasks.begin(run_work(work), name, part=part))


class _LooseTask:
    def __init__(self, task: "asyncio.Task[None]") -> None:
        self._task = task

    def stop(self) -> None:
        self._task.cancel()

    def let_end(self) -> None:
        pass

    async def ended(self) -> None:
        await asyncio.wait([self._task])
