"""This module keeps the faults of tasks out of memory once they are dealt with, and out of the log
where nobody wants them."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


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


def as_if_never_asked(task: "asyncio.Task[Any] | None") -> None:
    """Abandons a task whose outcome, if there is any, nobody wants any more."""
    if task is not None and not task.cancel() and not task.cancelled():
        _ = task.exception()


def forget(task: "asyncio.Task[T | TaskFault] | None") -> None:
    """Does what `as_if_never_asked` does, for a task that is `Boxed`."""
    as_if_never_asked(task)
    if task is not None and task.done() and not task.cancelled():
        outcome = task.result()
        if isinstance(outcome, TaskFault) and not outcome.is_taken:
            _ = outcome.take()


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
