"""Keeps what a benchmark found: each run's value is kept, the table printed, the raw JSON written.

A benchmark is a module of this folder with `main(argv)`; `python -m tests.benchmarks.NAME --help`
lists its cases. It repeats each case on both sides in turn, so that a slow minute of the machine
affects both.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Figure:
    """One measured case, e.g. "deliveries per CPU-second, padfleet, 1,000 sockets"."""

    case: str
    unit: str
    values: list[float] = field(default_factory=list)  #: one for each run, in order

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass(slots=True)
class Report:
    """All figures of one benchmark."""

    benchmark: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  #: what saturated, what was left out and why
    samples: list[dict[str, Any]] = field(default_factory=list)
    """The raw data behind the values, one for each run; it is only in the JSON."""
    machine: dict[str, Any] = field(default_factory=lambda: describe_machine())

    def add(self, case: str, unit: str, value: float) -> None:
        """Adds one more run of a case."""
        for figure in self.figures:
            if figure.case == case and figure.unit == unit:
                figure.values.append(value)
                return
        self.figures.append(Figure(case, unit, [value]))

    def figure(self, case: str, unit: str) -> Figure:
        return next(f for f in self.figures if f.case == case and f.unit == unit)

    def table(self) -> str:
        """Returns the table in Markdown, with the number of runs beside minimum, median and
        maximum."""
        rows = ["| case | unit | min | median | max | N |", "|---|---|--:|--:|--:|--:|"]
        for figure in self.figures:
            low, middle, high = min(figure.values), figure.median, max(figure.values)
            numbers = " | ".join(map(readable, (low, middle, high)))
            rows.append(f"| {figure.case} | {figure.unit} | {numbers} | {len(figure.values)} |")
        return "\n".join([*rows, *(f"\n{note}" for note in self.notes)])

    def finish(self, out: Path | None) -> None:
        print(f"\n## {self.benchmark}\n\n{self.table()}\n", flush=True)
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(json.dumps(asdict(self), indent=1) + "\n")


def parser(description: str, *, repeat: int = 3) -> argparse.ArgumentParser:
    """Returns a parser with the options that every benchmark has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--repeat", type=int, default=repeat, help="runs of each case")
    options.add_argument("--short", action="store_true", help="small and quick: proves it runs")
    options.add_argument("--out", type=Path, help="write all values there, as JSON")
    return options


def readable(value: float) -> str:
    """Returns a number with three significant digits, or all before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def describe_machine() -> dict[str, Any]:
    model = ""
    with open("/proc/cpuinfo") as cpuinfo:  # noqa: PTH123
        model = next((line.split(":")[1].strip() for line in cpuinfo if "model name" in line), "")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def cpu_seconds(pids: Sequence[int]) -> float:
    """Returns the user and system time that these processes have used so far, in seconds
    (proc(5))."""
    total = 0
    for pid in pids:
        # The name in parentheses may hold spaces; what follows it may not.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / CLOCK_TICKS


def cpu_seconds_exactly(pids: Sequence[int]) -> float:
    """Returns the same by the scheduler's clock (proc(5), schedstat), in nanoseconds. The other
    clock counts whoever is running at a tick of the timer, which says little about work of some
    microseconds at a time. Threads that have ended meanwhile are left out."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_bytes(pid: int) -> int:
    """Returns the resident set of a process (proc(5)), in which shared memory counts in full."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
