"""This module supervises the tasks that live as long as their process: each has a name, and none
dies unnoticed.

All lasting tasks run through `Supervisor.keep`. A task that raises, returns, is cancelled by
something else or makes no progress before its deadline is logged, counted, and restarted after a
pause; one that cannot be helped ends the process. Until the task has recovered, its process is not
ready. Which of these happens when is decided in `supervision`; this module has the tasks and the
clock.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextvars import ContextVar, copy_context
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol

from prometheus_client import REGISTRY, CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from padfleet.shared.health import Health, Remark
from padfleet.shared.supervision import IDLE, LASTING, Life, Policy
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

RESTARTS = Counter(
    "padfleet_task_restarts_total", "Restarts of tasks that failed or made no progress", ["task"]
)

LOOK: Final = 0.5
"""The number of seconds between two checks for tasks that make no progress."""

GRACE: Final = 5.0
"""The seconds that a cancelled task has to end. One that does not end could not be restarted."""

_PHASE: Final = random.randrange(60_000) / 1000
"""An offset in seconds. Processes of one machine have the same clock, and should not all wake at
once. It is in whole milliseconds, as uvloop's clock is."""

CANCELS: Final = 5
"""How many times a task is cancelled within `GRACE` seconds."""

Work = Callable[[], Awaitable[None]]


class TaskDied(Exception):
    """A task without which the process is of no use cannot be kept alive."""


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


class TaskStatus(NamedTuple):
    """The state of all tasks of one name, as health, `padfleet top` and metrics show it."""

    name: str
    running: int
    restarts: int
    late: float  #: seconds by which the task furthest behind is later than announced
    trouble: str  #: what is wrong with one of them; "" if all are well


# --- What tasks tell of themselves ---------------------------------------------------------------

_mine: ContextVar["_Task | None"] = ContextVar("the supervised task that runs here", default=None)


def progress(pause: float = 0.0) -> None:
    """Reports that the supervised task that calls this, directly or indirectly, has made progress
    and will not report for `pause` seconds. Without a supervisor, it does nothing."""
    if (task := _mine.get()) is not None:
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


# --- Keeping -------------------------------------------------------------------------------------


class Loose:
    """Runs tasks that are only logged when they fail: for tools, and for tests of parts."""

    def __init__(self) -> None:
        self._tasks = Tasks()

    def keep(self, name: str, work: Work, policy: Policy = LASTING, *, part: str = "") -> Kept:
        return _LooseTask(self._tasks.begin(_run(work), name, part=part))


class _LooseTask:
    def __init__(self, task: "asyncio.Task[None]") -> None:
        self._task = task

    def stop(self) -> None:
        self._task.cancel()

    def let_end(self) -> None:
        pass

    async def ended(self) -> None:
        await asyncio.wait([self._task])


class Supervisor:
    """The supervisor of one process. Use it with `async with` in the task that runs the process."""

    def __init__(self, health: Health, chance: Callable[[], float] = random.random) -> None:
        """Takes `health`, to which a line is added for each name that is kept."""
        self.died: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """This is done when the process has to end, with which task died, and why."""
        self._health = health
        self._chance = chance
        self._group = asyncio.TaskGroup()
        self._tasks: dict[str, list[_Task]] = {}
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
        task = _Task(self, name, part, work, policy)
        self._tasks[name].append(task)
        task.keeper = self._group.create_task(task.keep(self._chance), name=f"keeper of {name}")
        return task

    async def until(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set. Raises `TaskDied` if the process has to end before that."""
        waiting = self._group.create_task(_run(stop.wait), name="waits for the end")
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

    def gone(self, task: "_Task") -> None:
        """Records that a task has ended as it should."""
        self._restarts[task.name] += task.life.restarts
        self._tasks[task.name].remove(task)

    def dies(self, task: "_Task", why: str) -> None:
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

    def _all(self) -> list["_Task"]:
        return [task for tasks in self._tasks.values() for task in tasks]


class _Task:
    """A task that is kept alive."""

    keeper: "asyncio.Task[None]"

    def __init__(
        self, supervisor: Supervisor, name: str, part: str, work: Work, policy: Policy
    ) -> None:
        self.name = name
        self.part = part
        self.policy = policy
        self.life = Life(policy, supervisor.now)
        self._supervisor = supervisor
        self._work = work
        self._attempt: asyncio.Task[None] | None = None
        self._hung_for = 0.0  #: in seconds; 0 if it does not hang
        self._given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop_wanted = asyncio.Event()

    def __str__(self) -> str:
        return f"{self.name} {self.part}" if self.part else self.name

    def progressed(self, pause: float) -> None:
        self.life.progressed(self._supervisor.now, pause)

    def behind(self, now: float) -> float:
        """Returns by how many seconds the task is later than announced."""
        if self.life.due == IDLE or self.life.stage != "running":
            return 0.0
        return max(0.0, now - (self.life.due - self.policy.deadline))

    def stop(self) -> None:
        self._stop_wanted.set()
        self._cancel()

    def let_end(self) -> None:
        self.life.may_end = True

    async def ended(self) -> None:
        await asyncio.wait([self.keeper])

    def look(self) -> None:
        """Cancels the attempt if it makes no progress."""
        now = self._supervisor.now
        if self._attempt is not None and not self._hung_for and self.life.overdue(now):
            self._hung_for = max(self.life.age(now), LOOK)
            self._cancel()

    def _cancel(self) -> None:
        if self._attempt is not None:
            self._cancel_again(self._attempt, CANCELS)

    def _cancel_again(self, attempt: "asyncio.Task[None]", times: int) -> None:
        """Cancels the attempt, and again if need be. Once may not be enough: until Python 3.12,
        `asyncio.wait_for` loses a cancellation that comes in the turn of the event loop in which
        what it waits for has ended, and libraries use it."""
        if attempt.done():
            return
        if times > 0:
            attempt.cancel()
            loop = asyncio.get_running_loop()
            loop.call_later(GRACE / CANCELS, self._cancel_again, attempt, times - 1)
        elif not self._given_up.done():
            self._given_up.set_result(None)

    # --- Its life --------------------------------------------------------------------------------

    async def keep(self, chance: Callable[[], float]) -> None:
        while not self._stop_wanted.is_set():
            self.life.begun(self._supervisor.now)
            pause = await self._once(chance)
            if pause is None:
                break
            RESTARTS.labels(self.name).inc()
            try:
                async with asyncio.timeout(pause):
                    await self._stop_wanted.wait()
            except TimeoutError:
                continue
        if self.life.stage != "given up":
            self.life.over()
            self._supervisor.gone(self)

    async def _once(self, chance: Callable[[], float]) -> float | None:
        """Runs the task once, from start to end. Returns the seconds until it is to be restarted,
        or None."""
        context = copy_context()
        context.run(_mine.set, self)
        self._hung_for = 0.0
        attempt = self._attempt = asyncio.create_task(
            _run(self._work), name=str(self), context=context
        )
        if self._stop_wanted.is_set():
            self._cancel()
        try:
            await self._until_it_ends(attempt)
        finally:
            self._attempt = None
        now = self._supervisor.now
        if not attempt.done():
            why = f"it was cancelled, and has not ended {GRACE:g} s later"
            if not self._stop_wanted.is_set():
                self.life.give_up(why)
                self._supervisor.dies(self, why)
            log.error("task does not end", extra={"task": self.name, "part": self.part})
            return None
        error = None if attempt.cancelled() else attempt.exception()
        if self._stop_wanted.is_set() and error is None:
            return None
        if self._hung_for:
            pause = self.life.failed(now, f"no progress for {self._hung_for:.1f} s", chance())
        elif attempt.cancelled():
            pause = self.life.failed(now, "it was cancelled", chance())
        elif error is not None:
            pause = self.life.failed(now, f"{type(error).__name__}: {error}", chance())
        else:
            pause = self.life.returned(now, chance())
        if self.life.stage != "over":
            self._say(pause, error)
        return None if self._stop_wanted.is_set() else pause

    async def _until_it_ends(self, attempt: "asyncio.Task[None]") -> None:
        """Returns when the attempt ends, or is given up `GRACE` seconds after it was cancelled."""
        both = attempt, self._given_up
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # The process ends abnormally, because some part of it has raised.
            self.stop()
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            raise

    def _say(self, pause: float | None, error: BaseException | None) -> None:
        extra = {
            "task": self.name,
            "part": self.part,
            "why": self.life.why,
            "times": self.life.in_a_row,
        }
        if pause is not None:
            extra["again_in_s"] = round(pause, 2)
            log.error("task failed, and is restarted", exc_info=error, extra=extra)
        elif not self._stop_wanted.is_set():
            log.critical("task failed, and the process ends", exc_info=error, extra=extra)
            self._supervisor.dies(self, self.life.why)


async def _run(work: Callable[[], Awaitable[object]]) -> None:
    await work()


class _Figures(Collector):
    """Makes the metrics on request, since ages change by themselves."""

    def __init__(self, lines: Callable[[], Iterable[TaskStatus]]) -> None:
        self._lines = lines

    def collect(self) -> Iterator[GaugeMetricFamily]:
        running = GaugeMetricFamily(
            "padfleet_task_running", "Running tasks of this name", labels=["task"]
        )
        late = GaugeMetricFamily(
            "padfleet_task_late_seconds",
            "How long a task is overdue, by what it said when it last made progress",
            labels=["task"],
        )
        for line in self._lines():
            running.add_metric([line.name], line.running)
            late.add_metric([line.name], line.late)
        yield running
        yield late


def add_metrics(supervisor: Supervisor, registry: CollectorRegistry = REGISTRY) -> Collector:
    """Adds the status of the tasks to the metrics of the process. Returns the collector, which
    `unregister` wants."""
    figures = _Figures(supervisor.lines)
    registry.register(figures)
    return figures
