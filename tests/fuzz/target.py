"""Defines what a target promises, and checks whether it keeps its promise on one case."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from types import FrameType
from typing import Any

CPU_LIMIT = 5.0
"""How many CPU seconds one case may take. The slowest takes some milliseconds, so this only ends a
case that would go on nearly forever; CPU time is the same on a busy machine."""

LONGEST_ERROR = 2000
"""How many characters an error's text may have: it goes into a log, and the sender chooses how
often."""


class Broken(Exception):
    """A target did not keep its promise."""


class _TooSlow(BaseException):
    """A case takes too long. This is not an Exception, so that the target cannot catch it."""


@dataclass(frozen=True)
class Target:
    """Something that takes what strangers send.

    `make` returns a case, always the same from the same source. `run` takes it, raises one of
    `errors` or nothing, and returns how large its result is (characters, bytes or entries,
    whichever fits).
    """

    name: str
    make: Callable[[Random], Any]
    run: Callable[[Any], int]
    errors: tuple[type[Exception], ...]
    cases: int  #: the number of cases in a full run
    growth: int = 20  #: how many times as large as the case the result may be
    slack: int = 20_000  #: in addition to this fixed size

    def case(self, seed: int, number: int) -> Any:
        # Each case has a source of its own, so it can be repeated without those before it.
        return self.make(Random(f"{seed} {self.name} {number}"))


def attempt(target: Target, case: Any) -> bool:
    """Runs the case, and returns whether it was accepted rather than refused. Raises `Broken`."""
    try:
        with _cpu_limit():
            size = target.run(case)
    except target.errors as error:
        if len(str(error)) > LONGEST_ERROR:
            raise Broken(f"an error text of {len(str(error))} characters") from error
        return False
    except _TooSlow:
        raise Broken(f"took more than {CPU_LIMIT:g} s of CPU time") from None
    except (Exception, RecursionError) as error:
        raise Broken(f"raised {type(error).__name__}: {str(error)[:500]}") from error
    limit = target.slack + target.growth * extent(case)
    if size > limit:
        raise Broken(f"a result of size {size}, where {limit} is the most")
    return True


def extent(case: Any) -> int:
    """Returns the size of a case: its characters and bytes, and one for each value."""
    total, waiting = 0, [case]
    while waiting:
        value = waiting.pop()
        total += 1
        if isinstance(value, str | bytes):
            total += len(value)
        elif isinstance(value, dict):
            waiting += value.keys()
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
    return total


@contextmanager
def _cpu_limit() -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
