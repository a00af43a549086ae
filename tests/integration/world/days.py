"""Plays simulated days for the tests of this folder: a hundred given ones, and a hundred new ones.

Each topology has a file of tests, so that pytest's processes share the days. What stands in the
morning is the same for all days of one layout, and a process lives through it once: so the days of
a test have the same topology, and all or none of them have a cold store.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from tests.world.morning import layout_of
from tests.world.mutations import findings
from tests.world.servers import Kind
from tests.world.size import Size

ROOT: Final = Path(__file__).parents[3]

DAYS: Final = 100
"""How many given days are played by each commit, and how many new ones."""

BRIEF: Final = ("--seconds", "6", "--clients", "6", "--rate", "1", "--brief", "--no-shrink")
"""The size of a brief day: six people who type twice as fast as usual, six seconds in which faults
begin, and as long as it takes to recover from them."""

ONLY_LATE: Final = re.compile(r"(I10|LOGGED|LATE|UNREADY|SLOW) |CALLER \S+ cannot be read")
"""How findings begin by which nothing was lost, doubled or told wrongly."""


def play(*args: str, jobs: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.world", "--jobs", str(jobs), *args],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


def given() -> list[str]:
    """Returns the seeds of the days that every commit plays."""
    return [str(number) for number in range(DAYS)]


def new() -> list[str]:
    """Returns the seeds of the days that only this commit plays."""
    return [f"{_commit()}-{number}" for number in range(DAYS)]


def chosen(seeds: Sequence[str], kind: Kind, *, cold: bool) -> list[str]:
    """Returns the seeds with this topology, and with or without a cold store."""
    layouts = ((seed, layout_of(seed, Size())) for seed in seeds)
    return [seed for seed, layout in layouts if (layout.kind, layout.cold) == (kind, cold)]


def whole_day(kind: Kind) -> str:
    """Returns the seed of the one given day with this topology that is played whole: a minute."""
    return next(seed for seed in map(str, count(DAYS)) if layout_of(seed, Size()).kind == kind)


def are_good(seeds: Sequence[str], *size: str, jobs: int = 1) -> None:
    """Plays these days. Fails if anything was lost, doubled or told wrongly on one that is given.

    Everything else is an expected failure: that something was said or served too late, and whatever
    is found on a new day. Chance found it, most likely not in the change, so it blocks nobody, but
    it is printed with the command that plays the day again. (`make simulate-faults` fails on all of
    them.) A day on which something was found should become one of `FOUND`, beside a test of what
    was wrong.
    """
    done = play("--seeds", ",".join(seeds), *size, jobs=jobs)
    played = re.search(r"(\d+) runs, (\d+) with findings", done.stdout)
    assert played is not None, done.stdout[-8000:] + done.stderr[-3000:]
    assert int(played[1]) == len(seeds)
    found = _by_seed(done.stdout.splitlines())
    assert len(found) == int(played[2]), done.stdout[-8000:]
    may_find = set(new())
    grave = [
        finding
        for seed, findings in found.items()
        for finding in findings
        if seed not in may_find and not ONLY_LATE.match(finding)
    ]
    assert not grave, done.stdout[-8000:]
    if found:
        pytest.xfail(done.stdout[-8000:])


def _by_seed(lines: Iterable[str]) -> dict[str, list[str]]:
    """Returns the findings of each run that has some, from the output of all of them."""
    below: dict[str, list[str]] = {}
    seed = ""
    for line in lines:
        if run := re.match(r"seed (\S+): ", line):
            seed = run[1]
        below.setdefault(seed, []).append(line)
    return {seed: found for seed, its in below.items() if (found := findings(its))}


@cache
def _commit() -> str:
    """Returns the first letters of the commit's hash, or the date where git is not available."""
    try:
        command = ["git", "rev-parse", "--short=8", "HEAD"]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return datetime.now(UTC).date().isoformat()
    return found.stdout.strip()
