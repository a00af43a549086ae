"""What a target promises, and whether it keeps it on one case."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from types import FrameType
from typing import Any

CPU_LIMIT = 5.0
"""CPU seconds for one case. The slowest takes some milliseconds, so this only ends what would go on
for good, or nearly; as CPU time, it is the same on a busy machine."""

LONGEST_ERROR = 2000
"""Characters of an error's text: it goes into a log, and the sender chooses how often."""


class Broken(Exception):
    """A target did not keep its promise."""


class _TooSlow(BaseException):
    """Not an Exception: whatever catches those in the target must not catch this."""


@dataclass(frozen=True)
class Target:
    """Something that takes what strangers send.

    `make` gives a case, the same from the same source. `run` takes it, raises one of `errors` or
    nothing, and returns how large its result is (characters, bytes or entries, whichever fits).
    """

    name: str
    make: Callable[[Random], Any]
    run: Callable[[Any], int]
    errors: tuple[type[Exception], ...]
    cases: int  #: of a full run
    growth: int = 20  #: the result may be so many times as large as the case
    slack: int = 20_000  #: beside a fixed size

    def case(self, seed: int, number: int) -> Any:
        # Each case has a source of its own, so any of them comes again without those before it.
        return self.make(Random(f"{seed} {self.name} {number}"))


def attempt(target: Target, case: Any) -> bool:
    """Runs the case; whether it was taken, not refused. Raises `Broken`."""
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
    """The size of a case: its characters and bytes, and one for each value."""
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
