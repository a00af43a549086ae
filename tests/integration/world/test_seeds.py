"""Simulates some days of a fleet. `make simulate-faults` runs the full set."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.world.campaign import main, seeds_of
from tests.world.morning import layout_of
from tests.world.mutations import findings
from tests.world.servers import KINDS
from tests.world.size import Size

ROOT: Final = Path(__file__).parents[3]

SEEDS: Final = "3,8,9,h1128-14,n1128-131,w3-421"
"""Some of `FOUND`, and others. Together, they have all kinds of servers, with a cold store and
without, nodes, and people who come early. One process plays all of them: its start takes as long as
a seed."""

FOUND: Final = (
    "7a53a2b3-3,aa01-16,7a53a2b3-0,a43cc43e-6,w1-50,w3-402,"
    "w3-176,w3-421,w3-100,518,192f5ed1-3,h1128-14,n1128-131"
)
"""The days on which something was found once, which `make thorough` plays again. As soon as the
code takes other steps, a seed stands for another day: what is found needs a test of its own, too.
"""

NEW_SECONDS: Final = os.environ.get("PADFLEET_NEW_SEEDS_SECONDS", "6")
"""The processor seconds that are spent on new seeds."""

ALONE: Final = {"3": False, "8": True}
"""Seeds of `SEEDS` that are played alone, too, and whether their people come while the fleet
begins."""

ONLY_LATE: Final = re.compile(r"(I10|LOGGED|LATE|UNREADY|SLOW) |CALLER \S+ cannot be read")
"""How findings begin by which nothing was lost, doubled or told wrongly."""

SHORT: Final = ("--seconds", "6", "--clients", "6", "--rate", "1", "--brief", "--no-shrink")
"""The size of a run here: six seconds of faults, and as long as it takes to recover from them."""

TRACE: Final = re.compile(r"seed (\S+): .*; trace (\w+)")


def _play(*args: str, jobs: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.world", "--jobs", str(jobs), *args],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(1200)
def test_I7_simulated_days_with_given_seeds() -> None:
    """Each seed is the same run alone and among others, although a campaign plays it in a copy of a
    process in which the fleet has begun already."""
    seeds = list(seeds_of(SEEDS))
    done = _play("--seeds", ",".join(seeds), "--tell-all", *SHORT)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-3000:]
    assert f"{len(seeds)} runs, 0 with findings" in done.stdout
    traces = dict(TRACE.findall(done.stdout))
    assert set(traces) == set(seeds)
    for seed in ALONE:
        alone = _play("--seed", seed, *SHORT)
        assert dict(TRACE.findall(alone.stdout)) == {seed: traces[seed]}, alone.stdout[-3000:]


def test_the_given_seeds_have_all_kinds_of_fleets() -> None:
    layouts = {seed: layout_of(seed, Size()) for seed in seeds_of(SEEDS)}
    kinds = {(layout.kind, layout.cold) for layout in layouts.values()}
    assert kinds == {(kind, cold) for kind in KINDS for cold in (True, False)}
    assert {layout.programs.nodes for layout in layouts.values()} == {0, 1, 2}
    assert {seed: bool(layouts[seed].early) for seed in ALONE} == ALONE


@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_days_of_findings_and_a_hundred_given_and_a_hundred_new_ones() -> None:
    for seeds in FOUND, "0-99", ",".join(f"{_commit()}-{number}" for number in range(100)):
        done = _play("--seeds", seeds, *SHORT, jobs=os.cpu_count() or 1)
        assert f"{len(list(seeds_of(seeds)))} runs" in done.stdout, done.stderr[-3000:]
        assert not _grave(done), done.stdout[-8000:]


@pytest.mark.parametrize(
    ("name", "seed", "found"),
    [
        ("a lease is taken from who has it", 0, "  I2 "),
        ("head not moved", 0, "the head is -1, the last revision 0"),
    ],
)
def test_I1_I2_what_is_taken_out_of_the_code_is_found(name: str, seed: int, found: str) -> None:
    """`make simulate-faults MUTATIONS=all` looks for all the mutations."""
    done = _play("--seeds", str(seed), "--hasty", *SHORT, "--mutation", name)
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
    assert found in done.stdout


def test_I7_simulated_days_with_new_seeds() -> None:
    """Each commit plays other seeds. A finding can be played again from the printed line, and
    should then become one of `FOUND`, beside a test of what was wrong. Findings that something was
    said or served too late block nobody, since chance found them and most likely not in the change
    (`make simulate-faults` fails on them too). Any other finding, such as a lost letter, fails the
    test."""
    done = _play("--begin", _commit(), "--cpu", NEW_SECONDS, *SHORT)
    played = re.search(r"(\d+) runs, (\d+) with findings", done.stdout)
    assert played is not None, done.stdout[-8000:] + done.stderr[-3000:]
    assert int(played[1]) > 0
    found = findings(done.stdout.splitlines())
    assert not _grave(done), done.stdout[-8000:]
    assert done.returncode in (0, 1), done.stderr[-3000:]
    assert bool(found) == bool(int(played[2])), done.stdout[-8000:]
    if found:
        pytest.xfail(done.stdout[-8000:])


def _grave(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Returns the findings but those that something was said or served too late."""
    found = findings(done.stdout.splitlines())
    return [finding for finding in found if not ONLY_LATE.match(finding)]


def _commit() -> str:
    """Returns the first letters of the commit's hash, or the date where git is not available."""
    try:
        command = ["git", "rev-parse", "--short=8", "HEAD"]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return datetime.now(UTC).date().isoformat()
    return found.stdout.strip()


def test_a_day_without_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--minutes", "0"]) == 0
    assert "0 runs" in capsys.readouterr().out
    for words, told in (["--seeds", ""], "names no seeds"), (["--begin", "abc"], "needs --cpu"):
        with pytest.raises(SystemExit):
            main(words)
        assert told in capsys.readouterr().err
