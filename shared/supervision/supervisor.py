"""This module has the supervisor of a process: all of its lasting tasks, and what they mean for its
health."""

import asyncio
import random
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NamedTuple

from padfleet.shared.health import Health, Remark
from padfleet.shared.supervision.keeper import Kept, Work, run_work
from padfleet.shared.supervision.policy import LASTING, Policy
from padfleet.shared.supervision.progress import tick
from padfleet.shared.supervision.supervised_task import LOOK, RESTARTS, SupervisedTask


class TaskDied(Exception):
    """A task without which the process is of no use cannot be kept alive."""


class TaskStatus(NamedTuple):
    """The state of all tasks of one name, as health, `padfleet top` and metrics show it."""

    name: str
    running: int
    restarts: int
    late: float  #: seconds by which the task furthest behind is later than announced
    trouble: str  #: what is wrong with one of them; "" if all are well


class Supervisor:
    """The supervisor of one process. Use it with `async with` in the task that runs the process."""

    def __init__(self, health: Health, chance: Callable[[], float] = random.random) -> None:
        """Takes `health`, to which a line is added for each name that is kept."""
        self.died: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """This is done when the process has to end, with which task died, and why."""
        self._health = health
        self._chance = chance
        self._group = asyncio.TaskGroup()
        self._tasks: dict[str, list[SupervisedTask]] = {}
        self._restarts: dict[str, int] = {}  # of those that have been stopped since
        self._now = 0.0

    async def __aenter__(self) -> "Supervisor":
        await self._group.__aenter__()
        self._watch = self._group.create_task(self._look_after(), name="supervisor")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops what is still kept."""
        self._watch.cancel()
        for task in self._all():
            task.stop()
        # Otherwise the task group would wrap what was raised in its body in an exception group.
        if not isinstance(error, asyncio.CancelledError):
            kind = error = trace = None
        await self._group.__aexit__(kind, error, trace)

    @property
    def now(self) -> float:
        """Returns the seconds that the event loop has run since the start. A process that was
        stopped, or whose machine slept, has not run meanwhile, so its tasks are not late because of
        that."""
        return self._now

    def keep(self, name: str, work: Work, policy: Policy = LASTING, *, part: str = "") -> Kept:
        """Starts `work` and keeps it alive until the process ends or it is stopped. Several may
        have the same name, under which they are counted; `part` distinguishes them in logs.
        """
        if name not in self._tasks:
            self._tasks[name] = []
            self._restarts[name] = 0
            _ = RESTARTS.labels(name)  # so that its count starts at 0
            self._health.ready(f"task {name}", lambda: self._check_ready(name))
            self._health.live(f"task {name}", lambda: self._check_live(name))
        task = SupervisedTask(self, name, part, work, policy)
        self._tasks[name].append(task)
        task.keeper = self._group.create_task(task.keep(self._chance), name=f"keeper of {name}")
        return task

    async def until(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set. Raises `TaskDied` if the process has to end before that."""
        waiting = self._group.create_task(run_work(stop.wait), name="waits for the end")
        try:
            both: list[asyncio.Future[Any]] = [waiting, self.died]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        self.raise_if_died()

    def raise_if_died(self) -> None:
        """Raises `TaskDied` if a task has died."""
        if self.died.done():
            raise TaskDied(self.died.result())

    def lines(self) -> Iterator[TaskStatus]:
        """Yields the status of each name, in the order in which they were first kept."""
        for name, tasks in self._tasks.items():
            troubles = (task.life.trouble(self.now) for task in tasks)
            yield TaskStatus(
                name,
                sum(task.life.stage == "running" for task in tasks),
                self._restarts[name] + sum(task.life.restarts for task in tasks),
                max((task.behind(self.now) for task in tasks), default=0.0),
                next((trouble for trouble in troubles if trouble), ""),
            )

    # --- From its tasks --------------------------------------------------------------------------

    def gone(self, task: "SupervisedTask") -> None:
        """Records that a task has ended as it should."""
        self._restarts[task.name] += task.life.restarts
        self._tasks[task.name].remove(task)

    def dies(self, task: "SupervisedTask", why: str) -> None:
        """Records that the process has to end, because this task died."""
        if not self.died.done():
            self.died.set_result(f"{task}: {why}")

    # --- Health ----------------------------------------------------------------------------------

    def _check_ready(self, name: str) -> str | None:
        for task in self._tasks[name]:
            if trouble := task.life.trouble(self.now):
                text = f"{task.part}: {trouble}" if task.part else trouble
                return text if task.policy.vital else Remark(text)
        return None

    def _check_live(self, name: str) -> str | None:
        """Checks liveness, which fails only for what a restart of the process helps against."""
        for task in self._tasks[name]:
            if task.life.stage == "given up":
                return task.life.trouble(self.now)
        return None

    # --- Time ------------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        clock = asyncio.get_running_loop().time
        last = clock()
        while True:
            await tick(LOOK)
            now = clock()
            self._now += min(now - last, 2 * LOOK)
            last = now
            for task in self._all():
                task.look()

    def _all(self) -> list["SupervisedTask"]:
        return [task for tasks in self._tasks.values() for task in tasks]
