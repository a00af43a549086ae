"""Reads clocks and counters of the machine: latencies, CPU time, memory."""

import os
import resource
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdrh.histogram import HdrHistogram

LONGEST_US = 600_000_000
"""Ten minutes in microseconds; a longer latency is counted as this."""

_DIGITS = 3
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Latency:
    """A distribution of times, in microseconds, exact to three digits.

    The distributions of several processes and machines add up to the one that a single process
    would have recorded, which is not true of their percentiles.
    """

    def __init__(self, encoded: str | None = None) -> None:
        """Starts empty, or with what `encode` has returned."""
        self._histogram: Any = HdrHistogram(1, LONGEST_US, _DIGITS)
        if encoded is not None:
            self._histogram.decode_and_add(encoded.encode())

    def record(self, us: float, count: int = 1) -> None:
        self._histogram.record_value(min(max(int(us), 1), LONGEST_US), count)

    def record_all(self, counts: Mapping[int, int], unit_us: int) -> None:
        """Adds `counts` by time, in units of `unit_us`."""
        for time, count in counts.items():
            self.record(time * unit_us, count)

    def add(self, other: "Latency") -> None:
        self._histogram.add(other._histogram)

    def encode(self) -> str:
        """Returns the standard form of HdrHistogram (V2, compressed, base64), which its tools can
        read."""
        encoded: bytes = self._histogram.encode()
        return encoded.decode()

    @property
    def count(self) -> int:
        return int(self._histogram.get_total_count())

    def ms(self, percentile: float) -> float | None:
        """Returns the time, in ms, within which that share of all was; 100 is the longest. None if
        empty."""
        if not self.count:
            return None
        return int(self._histogram.get_value_at_percentile(percentile)) / 1000

    def summary(self) -> dict[str, float | None]:
        """Returns the figures of a report, in ms."""
        return {
            "p50": self.ms(50),
            "p95": self.ms(95),
            "p99": self.ms(99),
            "max": self.ms(100),
        }


@dataclass(frozen=True, slots=True)
class Usage:
    """The resources that a process has used so far."""

    cpu_s: float
    resident: int  #: bytes, in which shared memory counts in full


def own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def usage(pid: int) -> Usage | None:
    """Returns what another process has used (proc(5)); None if it is gone."""
    folder = Path("/proc") / str(pid)
    try:
        # The name in parentheses may contain spaces; what follows it may not.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        pages = int((folder / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return None
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS, pages * _PAGE)


def machine_busy_s() -> float | None:
    """Returns the seconds that all cores together have worked; None where there is no /proc."""
    try:
        with Path("/proc/stat").open() as stat:
            fields = list(map(int, stat.readline().split()[1:9]))
    except OSError:
        return None
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) / _TICKS


class Servers:
    """The processes that are measured, by the names that they were given."""

    def __init__(self, pids: Iterable[tuple[str, int]]) -> None:
        self._pids = list(pids)
        self._last: dict[str, Usage] = {}

    def look(self) -> dict[str, Usage]:
        """Returns what each has used so far. For one that is gone, it returns the last values."""
        for name, pid in self._pids:
            now = usage(pid)
            if now is not None:
                self._last[name] = now
        return dict(self._last)

    @property
    def gone(self) -> list[str]:
        return [name for name, pid in self._pids if usage(pid) is None]


def allow_many_sockets() -> int:
    """Raises the limit of open files as far as is allowed, and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
