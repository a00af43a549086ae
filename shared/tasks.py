"""This module runs tasks that end by themselves, and handles their faults.

Anything that runs concurrently with its caller is started here, or by the `supervisor` if it is to
live as long as the process (a test checks this): asyncio itself keeps no reference to its tasks,
and nobody sees their faults.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from prometheus_client import Counter

log = logging.getLogger(__name__)

FAULTS = Counter(
    "padfleet_task_faults_total", "Tasks and callbacks of the event loop that failed", ["task"]
)

P = ParamSpec("P")
T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


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


def as_if_never_asked(task: "asyncio.Task[Any] | None") -> None:
    """Abandons a task whose outcome, if there is any, nobody wants any more."""
    if task is not None and not task.cancel() and not task.cancelled():
        _ = task.exception()


class Answerable(Protocol[T_contra]):
    """Something that can be given an outcome once: a future, or a function used as one."""

    def done(self) -> bool: ...
    def set_result(self, outcome: T_contra, /) -> None: ...
    def set_exception(self, error: Exception, /) -> None: ...


def hand_over(answer: Answerable[T], outcome: T | Exception) -> None:
    """Gives an outcome to the task that awaits `answer`, unless it has been cancelled.

    Arguments:
        answer: belongs to one of several callers that asked together, in one round trip.
        outcome: the answer; an exception is raised where it is awaited, without the frames it came
            through: one of them may hold it, and would keep all of that in memory for long.
    """
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome.with_traceback(None))
    else:
        answer.set_result(outcome)


class TaskFault:
    """The outcome of a task that must not hold its fault. The code that takes the fault leaves this
    empty.

    A task holds its fault, whose traceback holds the frames that it came through. If one of them
    holds the task (by a name, or by an `asyncio.timeout`, which redis-py has around each answer),
    all of it stays in memory, with pads and messages, until the next full collection, which is
    minutes away (`responsiveness`).
    """

    __slots__ = ("_error",)

    def __init__(self, error: Exception) -> None:
        self._error: Exception | None = error

    @property
    def is_taken(self) -> bool:
        return self._error is None

    def again(self) -> Exception:
        """Returns the fault for one of several that wait for it; one of them has to `take` it in
        the end."""
        assert self._error is not None, "it has been taken"
        return self._error

    def take(self) -> Exception:
        error = self.again()
        self._error = None
        return error


class Boxed(Coroutine[Any, Any, T | TaskFault]):
    """Wraps `work` for a task: the task returns the result, or the fault without raising it."""

    # This is not a coroutine around `work`: one that is cancelled before it begins would never
    # begin the other.
    __slots__ = ("_work",)

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work

    def send(self, value: Any) -> Any:
        try:
            return self._work.send(value)
        except StopIteration:
            raise
        except Exception as error:
            raise StopIteration(TaskFault(error)) from None

    def throw(self, *error: Any) -> Any:
        try:
            return self._work.throw(*error)
        except StopIteration:
            raise
        except Exception as found:
            raise StopIteration(TaskFault(found)) from None
        finally:
            del error  # this frame is in its traceback

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, T | TaskFault]:
        try:
            return (yield from self._work.__await__())
        except Exception as error:
            return TaskFault(error)


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


def forget(task: "asyncio.Task[T | TaskFault] | None") -> None:
    """Does what `as_if_never_asked` does, for a task that is `Boxed`."""
    as_if_never_asked(task)
    if task is not None and task.done() and not task.cancelled():
        outcome = task.result()
        if isinstance(outcome, TaskFault) and not outcome.is_taken:
            _ = outcome.take()


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
    before = cancellations()
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
                _cancel(tasks)
        if cancellations() > before:
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


def report(
    name: str, error: BaseException, context: dict[str, Any], message: str = "task failed"
) -> None:
    """Logs and counts the fault of a task that nobody waits for."""
    FAULTS.labels(name).inc()
    log.error(message, exc_info=error, extra={**context, "task": name})


def report_the_loops_faults(loop: asyncio.AbstractEventLoop) -> None:
    """Logs and counts faults in callbacks and timers, and in tasks of libraries that nobody has
    checked. By itself, asyncio logs them as text of several lines, and counts nothing."""
    loop.set_exception_handler(_in_the_loop)


def _is_of_a_closed_connection(error: object) -> bool:
    return isinstance(error, RuntimeError) and str(error).endswith("the handler is closed")


def _in_the_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    task = context.get("task") or context.get("future")
    name = task.get_name() if isinstance(task, asyncio.Task) else "callback"
    # Numbered names are those of unnamed tasks, which share one label.
    kind = "unnamed" if name.startswith("Task-") else name
    error = context.get("exception")
    if _is_of_a_closed_connection(error):
        # uvloop reports this for each TLS connection that ends while it is written to. The owner of
        # the connection is informed of its end anyway.
        log.info("event loop: written to a closed connection", extra={"task": name})
        return
    FAULTS.labels(kind).inc()
    log.error(
        "event loop: %s",
        context.get("message", "a fault"),
        exc_info=error,
        extra={"task": name, "what": repr(context.get("handle", task))[:300]},
    )
