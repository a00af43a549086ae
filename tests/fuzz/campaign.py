"""Runs targets by the hundred thousand, in as many processes as there are cores.

Each part of a target has a process of its own, so that its memory can be seen, and so that what
one target breaks is not found in another.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import psutil

from tests.fuzz.catalogue import TARGETS
from tests.fuzz.target import Broken, attempt
from tests.processes import memory

PEAK_LIMIT_MB = 320
"""How many MB a process may take at its peak beyond what it had before the first case."""

GROWTH_LIMIT_MB = 40
"""How many MB it may grow by after the first tenth of its cases. It may keep nothing of a case."""

ADDRESS_SPACE = 4 << 30
"""The address space of a process, in bytes; a case that wants more gets a MemoryError, and the
machine stays alive."""

MOST_FAILURES = 3
"""A part is given up after this many failures."""

_SHOWN = 1500


@dataclass
class Part:
    """The results of some of a target's cases."""

    name: str
    cases: int = 0
    taken: int = 0  #: cases that were not refused
    cpu: float = 0.0  #: seconds, the making of cases included
    peak_mb: float = 0.0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Part) -> None:
        self.cases += other.cases
        self.taken += other.taken
        self.cpu += other.cpu
        self.peak_mb = max(self.peak_mb, other.peak_mb)
        self.failures += other.failures


def run_part(name: str, seed: int, first: int, count: int) -> Part:
    """Runs the cases from `first` to `first + count` of a target."""
    target, part = TARGETS[name], Part(name)
    _forget_peak()
    before = _resident_mb()
    started, settled = time.process_time(), 0.0
    for number in range(first, first + count):
        case = target.case(seed, number)
        part.cases += 1
        try:
            part.taken += attempt(target, case)
        except Broken as broken:
            part.failures.append(
                f"{name}: {broken}\n  case: {repr(case)[:_SHOWN]}\n"
                f"  again: make fuzz ARGS='--seed {seed} --target {name} --case {number}'"
            )
            if len(part.failures) == MOST_FAILURES:
                break
        if part.cases == count // 10:
            settled = _resident_mb()
    part.cpu = time.process_time() - started
    part.peak_mb = memory(os.getpid(), "VmHWM") / 1e6 - before
    growth = _resident_mb() - settled
    if settled and growth > GROWTH_LIMIT_MB:
        part.failures.append(f"{name}: grew by {growth:.0f} MB over the cases from {first} on")
    if part.peak_mb > PEAK_LIMIT_MB:
        part.failures.append(f"{name}: took {part.peak_mb:.0f} MB more at its height")
    return part


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def _forget_peak() -> None:
    """Starts measuring the peak now: this process may have run other tests before."""
    Path("/proc/self/clear_refs").write_text("5")


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def campaign(seed: int, counts: dict[str, int], processes: int) -> Iterator[Part]:
    """Yields the parts as they are done. A process that dies is a failure of its target, too."""
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_limit_memory, max_tasks_per_child=1
    ) as pool:
        waiting: dict[Future[Part], str] = {}
        for name, count in counts.items():
            share = -(-count // processes)
            for first in range(0, count, share):
                size = min(share, count - first)
                waiting[pool.submit(run_part, name, seed, first, size)] = f"{name} from {first}"
        for done in as_completed(waiting):
            error = done.exception()
            if error is None:
                yield done.result()
            else:
                yield Part(waiting[done].split()[0], failures=[f"{waiting[done]}: {error!r}"])


def cores() -> int:
    return len(os.sched_getaffinity(0))
