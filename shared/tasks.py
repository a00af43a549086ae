"""This module runs tasks that end by themselves.

Anything that runs concurrently with its caller is started here, or by the `supervisor` if it is to
live as long as the process (a test checks this): asyncio itself keeps no reference to its tasks,
and nobody sees their faults. What becomes of those is in `task_faults` and `fault_reports`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from typing import Any, Generic, ParamSpec, TypeVar

from padfleet.shared.fault_reports import report
from padfleet.shared.task_faults import Boxed, TaskFault, forget

P = ParamSpec("P")
T = TypeVar("T")


class Tasks:
    """Runs tasks that nobody waits for: keeps them alive, and logs and counts their faults."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[Any], dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, Any], name: str, **context: object) -> None:
        """Starts a task. `name` says what kind of work it is, and `context` whose work: the pad,
        the session, the key. Both are logged with a fault; `context` cannot have the name "message"
        or others that log records already use."""
        _ = self.begin(work, name, **context)

    def begin(
        self, work: Coroutine[Any, Any, T], name: str, **context: object
    ) -> "asyncio.Task[T]":
        """Does what `start` does, and returns the task, for callers that want to know whether it
        runs."""
        task = asyncio.create_task(work, name=name)
        self._running[task] = context
        task.add_done_callback(self._ended)
        return task

    def close(self) -> None:
        """Cancels the tasks that still run."""
        for task in list(self._running):
            task.cancel()

    async def closed(self) -> None:
        """Does what `close` does, and returns when all tasks have ended."""
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
    """Starts a task whose outcome, including its fault, belongs to the code that holds and awaits
    it. A frame that does both has to drop the task before it raises its fault: see `TaskFault`, and
    `Pending`."""
    return asyncio.create_task(work, name=name)


class Pending(Generic[T]):
    """A request that runs concurrently: it is started at once, awaited at most once, and then
    dropped with its fault."""

    def __init__(self, work: Coroutine[Any, Any, T], name: str) -> None:
        self._task: asyncio.Task[T | TaskFault] | None = awaited(Boxed(work), name)

    def __await__(self) -> Generator[Any, None, T]:
        """Returns the outcome; if the caller is cancelled, so is the request."""
        task, self._task = self._task, None
        assert task is not None, "awaited twice"
        outcome = yield from task.__await__()
        if isinstance(outcome, TaskFault):
            raise outcome.take()
        return outcome

    def forget(self) -> None:
        """Abandons the request, whose outcome nobody wants any more."""
        forget(self._task)
        self._task = None


def cancellations() -> int:
    """Returns how often the calling task has been cancelled: if this grows, it was cancelled
    meanwhile."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


async def aside(large: bool, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Returns the result of `work`, which runs directly or, if it is `large`, in a thread, so that
    it does not hold up the event loop. A thread costs more than small work does."""
    if large:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)


async def all_of(*works: Coroutine[Any, Any, Any]) -> list[Any]:
    """Returns the results once all have ended: if one fails, the caller neither goes on nor cleans
    up while another is still running. Raises the first fault."""
    if not works:
        return []
    # The last one needs no task of its own, since a task costs more than most of these requests.
    *others, last = works
    tasks = [asyncio.create_task(Boxed(work)) for work in others]
    before, cancelled = cancellations(), False
    outcome: Any = None
    outcomes: list[Any] = []
    waits: list[Awaitable[Any]] = [last, *tasks]
    try:
        for wait in waits:
            try:
                outcome = await wait
                outcomes.append(outcome.take() if isinstance(outcome, TaskFault) else outcome)
            except GeneratorExit:
                _cancel(tasks)
                raise
            except BaseException as fault:
                outcomes.append(fault)
            if cancellations() > before:
                cancelled = True
                _cancel(tasks)
        if cancelled:
            raise asyncio.CancelledError
        outcomes.append(outcomes.pop(0))
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return outcomes
    finally:
        # This frame is in the tracebacks of all of them: see `TaskFault`.
        del tasks, waits, wait, outcome, outcomes


def _cancel(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        forget(task)
