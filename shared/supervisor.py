"""The tasks of a process that live as long as it does: each has a name, and none dies unseen.

Whatever runs for good runs through `Supervisor.keep`. A task that raises, returns, is cancelled by
somebody else or gets nowhere for its deadline is logged, counted, and begun again after a pause;
one that cannot be helped ends the process. Until it is well again, a process without it is not
ready. When which of it happens is in `supervision`; here are the tasks and the clock.
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
"""Seconds between two looks for tasks that get nowhere."""

GRACE: Final = 5.0
"""Seconds that a cancelled task has to end. One that does not could not be begun a second time."""

_PHASE: Final = random.randrange(60_000) / 1000
"""Seconds. Processes of one machine have the same clock, and need not all wake at once. In whole
milliseconds, as uvloop's clock."""

CANCELS: Final = 5
"""How often it is cancelled within that time."""

Work = Callable[[], Awaitable[None]]


class TaskDied(Exception):
    """A task without which the process is of no use cannot be kept alive."""


class Kept(Protocol):
    """A task that is kept alive."""

    def stop(self) -> None:
        """Ends it for good; it has `GRACE` to do so."""

    def let_end(self) -> None:
        """From now on it may return, having done all there was to do."""

    async def ended(self) -> None:
        """Returns when it has come to its end, or has been stopped, and runs no more."""


class Keeper(Protocol):
    """Who keeps tasks alive. Tools, which end with the first fault, do it without a supervisor."""

    def keep(self, name: str, work: Work, policy: Policy = LASTING, *, part: str = "") -> Kept: ...


class TaskStatus(NamedTuple):
    """How all tasks of one name are, as health, `padfleet top` and metrics show it."""

    name: str
    running: int
    restarts: int
    late: float  #: seconds by which the one furthest behind is later than it said
    trouble: str  #: of one of them; "": all are well


# --- What tasks tell of themselves ---------------------------------------------------------------

_mine: ContextVar["_Task | None"] = ContextVar("the supervised task that runs here", default=None)


def progress(pause: float = 0.0) -> None:
    """The supervised task that calls this, by itself or through others, has got on, and is not to
    be heard of for `pause` seconds. Without a supervisor, nothing."""
    if (task := _mine.get()) is not None:
        task.progressed(pause)


async def rest(pause: float) -> None:
    """Sleeps; and tells so, as `progress` does."""
    progress(pause)
    await asyncio.sleep(pause)


async def tick(interval: float) -> float:
    """Sleeps, as `rest` does, until the next multiple of so many seconds of the event loop's clock:
    for what is done again and again. What falls into the same moment wakes an idle process once,
    which costs more than most of what is to be done then. Returns the seconds that it asked for."""
    pause = until_tick(asyncio.get_running_loop().time() + _PHASE, interval)
    await rest(pause)
    return pause


def until_tick(now: float, interval: float) -> float:
    """Seconds until the next multiple of `interval` that is not close at hand: loops round times
    to milliseconds, and the one that has just been would come again."""
    left = interval - now % interval
    return left if left > interval / 10 else left + interval


def idle() -> None:
    """The task waits for work, for however long."""
    progress(IDLE)


# --- Keeping -------------------------------------------------------------------------------------


class Loose:
    """Runs tasks with nobody to look after them but the log: for tools, and for tests of parts."""

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
    """The supervisor of one process: `async with` it, in the task that runs the process."""

    def __init__(self, health: Health, chance: Callable[[], float] = random.random) -> None:
        """`health` gets a line for each name that is kept."""
        self.died: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done when the process has to end; says which task died, and of what."""
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
        # The group would make a group of exceptions of what was raised in its body.
        if not isinstance(error, asyncio.CancelledError):
            kind = error = trace = None
        await self._group.__aexit__(kind, error, trace)

    @property
    def now(self) -> float:
        """Seconds that the event loop has run since the start. A process that was stopped, or whose
        machine slept, has not: its tasks are no later for it."""
        return self._now

    def keep(self, name: str, work: Work, policy: Policy = LASTING, *, part: str = "") -> Kept:
        """Begins `work` and keeps it alive until the process ends or it is stopped. Several may
        have the same name, which is what they are counted by; `part` tells them apart in logs.
        """
        if name not in self._tasks:
            self._tasks[name] = []
            self._restarts[name] = 0
            _ = RESTARTS.labels(name)  # so that it counts from 0
            self._health.ready(f"task {name}", lambda: self._check_ready(name))
            self._health.live(f"task {name}", lambda: self._check_live(name))
        task = _Task(self, name, part, work, policy)
        self._tasks[name].append(task)
        task.keeper = self._group.create_task(task.keep(self._chance), name=f"keeper of {name}")
        return task

    async def until(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set. Raises `TaskDied` if the process has to end before."""
        waiting = self._group.create_task(_run(stop.wait), name="waits for the end")
        try:
            both: list[asyncio.Future[Any]] = [waiting, self.died]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        self.raise_if_died()

    def raise_if_died(self) -> None:
        """Raises `TaskDied` if one has."""
        if self.died.done():
            raise TaskDied(self.died.result())

    def lines(self) -> Iterator[TaskStatus]:
        """One for each name, in the order in which they first came."""
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
        """It has come to its end, as it should."""
        self._restarts[task.name] += task.life.restarts
        self._tasks[task.name].remove(task)

    def dies(self, task: "_Task", why: str) -> None:
        """Without it the process has to end."""
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
        """Fails only for what a restart of the process helps against."""
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
    """One that is kept."""

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
        self._hung_for = 0.0  #: seconds; 0: it does not hang
        self._given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop_wanted = asyncio.Event()

    def __str__(self) -> str:
        return f"{self.name} {self.part}" if self.part else self.name

    def progressed(self, pause: float) -> None:
        self.life.progressed(self._supervisor.now, pause)

    def behind(self, now: float) -> float:
        """Seconds by which it is later than it said."""
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
        """Cancels the attempt if it gets nowhere."""
        now = self._supervisor.now
        if self._attempt is not None and not self._hung_for and self.life.overdue(now):
            self._hung_for = max(self.life.age(now), LOOK)
            self._cancel()

    def _cancel(self) -> None:
        if self._attempt is not None:
            self._cancel_again(self._attempt, CANCELS)

    def _cancel_again(self, attempt: "asyncio.Task[None]", times: int) -> None:
        """Once may not be enough: until Python 3.12, `asyncio.wait_for` loses a cancellation that
        comes in the turn of the event loop in which what it waits for has ended, and libraries use
        it."""
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
        """From its beginning to its end. Returns the seconds until it is to be begun again, or
        None."""
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
        """Or is given up: `GRACE` after it was cancelled."""
        both = attempt, self._given_up
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # The process ends in disorder: something of it has raised.
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
    """Made when they are asked for: ages change by themselves."""

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
    """Adds how its tasks are to the metrics of the process. Returns what `unregister` wants."""
    figures = _Figures(supervisor.lines)
    registry.register(figures)
    return figures
