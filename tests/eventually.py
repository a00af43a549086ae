"""Waits for a condition in tests, with a deadline, instead of sleeping and hoping.

    await eventually(lambda: len(received) == 3, "three messages")
    eventually_sync(lambda: not process_exists(pid), "the server is gone", timeout=10)

A condition is met when it returns something true, which is then returned. A condition that raises
AssertionError is not met yet, so it may be written as assertions; the last one is part of the
failure. Any other exception is a bug, and is raised at once.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, overload

T = TypeVar("T")

TIMEOUT_S: Final = 10.0
_FIRST_PAUSE_S: Final = 0.002
_LONGEST_PAUSE_S: Final = 0.05


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], what: str = "", *, timeout: float = TIMEOUT_S
) -> T: ...


@overload
async def eventually(
    condition: Callable[[], T], what: str = "", *, timeout: float = TIMEOUT_S
) -> T: ...


async def eventually(
    condition: Callable[[], T | Awaitable[T]], what: str = "", *, timeout: float = TIMEOUT_S
) -> T:
    """Waits until `condition`, plain or async, is met. Raises AssertionError after `timeout`
    seconds."""
    watch = _Watch(what or _name(condition), timeout)
    while True:
        try:
            outcome = condition()
            value: T = await outcome if inspect.isawaitable(outcome) else outcome
            if watch.met(value):
                return value
        except AssertionError as error:
            watch.refused(error)
        await asyncio.sleep(watch.pause())


def eventually_sync(condition: Callable[[], T], what: str = "", *, timeout: float = TIMEOUT_S) -> T:
    """Does what `eventually` does, in tests without an event loop."""
    watch = _Watch(what or _name(condition), timeout)
    while True:
        try:
            value = condition()
            if watch.met(value):
                return value
        except AssertionError as error:
            watch.refused(error)
        time.sleep(watch.pause())


class _Watch:
    """The deadline of one wait, and what was last seen."""

    def __init__(self, what: str, timeout: float) -> None:
        self._what = what
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._pause = _FIRST_PAUSE_S
        self._last = "it was not tried"

    def met(self, value: object) -> bool:
        self._last = f"last value: {value!r}"
        return bool(value)

    def refused(self, error: AssertionError) -> None:
        self._last = f"last error: {str(error) or 'an assertion without a message'}"

    def pause(self) -> float:
        """Returns how long to wait for the next try. Raises AssertionError if the time is up."""
        if time.monotonic() >= self._deadline:
            raise AssertionError(f"not within {self._timeout:g} s: {self._what}; {self._last}")
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE_S)
        return pause


def _name(condition: object) -> str:
    return getattr(condition, "__qualname__", repr(condition))
