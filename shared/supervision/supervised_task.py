"""This module is one supervised task: it runs the attempts, cancels one that makes no progress, and
starts the next."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import copy_context
from typing import Final, Protocol

from prometheus_client import Counter

from padfleet.shared.supervision.keeper import Work, run_work
from padfleet.shared.supervision.policy import IDLE, Life, Policy
from padfleet.shared.supervision.progress import REPORTING

log = logging.getLogger(__name__)

RESTARTS = Counter(
    "padfleet_task_restarts_total", "Restarts of tasks that failed or made no progress", ["task"]
)

LOOK: Final = 0.5
"""The number of seconds between two checks for tasks that make no progress."""

GRACE: Final = 5.0
"""The seconds that a cancelled task has to end. One that does not end could not be restarted."""

CANCELS: Final = 5
"""How many times a task is cancelled within `GRACE` seconds."""


class TaskOwner(Protocol):
    """What a task needs of its supervisor."""

    @property
    def now(self) -> float:
        """Returns the seconds that the event loop has run since the start."""

    def gone(self, task: "SupervisedTask") -> None:
        """Records that a task has ended as it should."""

    def dies(self, task: "SupervisedTask", why: str) -> None:
        """Records that the process has to end, because this task died."""


class SupervisedTask:
    """A task that is kept alive."""

    keeper: "asyncio.Task[None]"

    def __init__(
        self, supervisor: TaskOwner, name: str, part: str, work: Work, policy: Policy
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
        context.run(REPORTING.set, self)
        self._hung_for = 0.0
        attempt = self._attempt = asyncio.create_task(
            run_work(self._work), name=str(self), context=context
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
