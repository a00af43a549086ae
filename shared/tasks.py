"""Tasks that come to an end by themselves, and what becomes of their faults.

Whatever runs beside its caller is begun here, or by the `supervisor` if it is to live as long as
the process (a test sees to that): asyncio's own tasks are held by nobody, and their faults are
seen by nobody.
"""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any, TypeVar

from prometheus_client import Counter

log = logging.getLogger(__name__)

FAULTS = Counter(
    "padfleet_task_faults_total", "Tasks and callbacks of the event loop that failed", ["task"]
)

T = TypeVar("T")


class Tasks:
    """Tasks that nobody waits for: keeps them alive, and logs and counts their faults."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[Any], dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, Any], name: str, **context: object) -> None:
        """`name` says what kind of work it is, `context` whose: the pad, the session, the key. Both
        are logged with a fault; not "message" nor other names that records of logs have already."""
        _ = self.begin(work, name, **context)

    def begin(
        self, work: Coroutine[Any, Any, T], name: str, **context: object
    ) -> "asyncio.Task[T]":
        """Likewise, for who wants to know whether it still runs."""
        task = asyncio.create_task(work, name=name)
        self._running[task] = context
        task.add_done_callback(self._ended)
        return task

    def close(self) -> None:
        """Cancels what still runs."""
        for task in list(self._running):
            task.cancel()

    async def closed(self) -> None:
        """Likewise, and returns when all of it has ended."""
        self.close()
        await self.finished()

    async def finished(self) -> None:
        """Returns when none of them runs."""
        while self._running:
            await asyncio.wait(list(self._running))

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        context = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            report(task.get_name(), error, context)


def awaited(work: Coroutine[Any, Any, T], name: str) -> "asyncio.Task[T]":
    """A task whose outcome, its fault included, belongs to whoever holds and awaits it."""
    return asyncio.create_task(work, name=name)


def as_if_never_asked(task: "asyncio.Task[Any] | None") -> None:
    """Nobody wants to know any more what comes of it, if anything does."""
    if task is not None and not task.cancel() and not task.cancelled():
        _ = task.exception()


def cancellations() -> int:
    """How often whoever calls this has been told to end: more than before, if meanwhile too."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


async def all_of(*works: Coroutine[Any, Any, Any]) -> list[Any]:
    """What they return, once all have ended: where one fails, whoever asked does not go on, or tidy
    up, while another is still at it. Raises the first fault."""
    if not works:
        return []
    # The last one needs no task of its own: a task costs more than most of what is asked here.
    *others, last = works
    tasks = [asyncio.create_task(work) for work in others]
    before = cancellations()
    outcomes: list[Any] = []
    waits: list[Awaitable[Any]] = [last, *tasks]
    for wait in waits:
        try:
            outcomes.append(await wait)
        except GeneratorExit:
            _cancel(tasks)
            raise
        except BaseException as fault:
            outcomes.append(fault)
        if cancellations() > before:
            _cancel(tasks)
    if cancellations() > before:
        raise asyncio.CancelledError
    outcomes.append(outcomes.pop(0))
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return outcomes


def _cancel(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        as_if_never_asked(task)


def report(
    name: str, error: BaseException, context: dict[str, Any], message: str = "task failed"
) -> None:
    """A task has failed that nobody waits for."""
    FAULTS.labels(name).inc()
    log.error(message, exc_info=error, extra={**context, "task": name})


def report_the_loops_faults(loop: asyncio.AbstractEventLoop) -> None:
    """Logs and counts what fails in callbacks and timers, and in tasks of libraries that nobody
    has looked at. asyncio itself logs it as text of several lines, and counts nothing."""
    loop.set_exception_handler(_in_the_loop)


def _is_of_a_closed_connection(error: object) -> bool:
    return isinstance(error, RuntimeError) and str(error).endswith("the handler is closed")


def _in_the_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    task = context.get("task") or context.get("future")
    name = task.get_name() if isinstance(task, asyncio.Task) else "callback"
    # Numbered names are those that nobody has given: one label for all of them.
    kind = "unnamed" if name.startswith("Task-") else name
    error = context.get("exception")
    if _is_of_a_closed_connection(error):
        # uvloop says so of each TLS connection that ends while it is written to. Whoever has the
        # connection is told of its end besides.
        log.info("event loop: written to a closed connection", extra={"task": name})
        return
    FAULTS.labels(kind).inc()
    log.error(
        "event loop: %s",
        context.get("message", "a fault"),
        exc_info=error,
        extra={"task": name, "what": repr(context.get("handle", task))[:300]},
    )
