"""Tests what playing days by seeds rests on. The days themselves are in the files beside this one,
and `make simulate-faults` plays more of them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import pytest

from tests.integration.world import days
from tests.world.campaign import main, seeds_of
from tests.world.morning import layout_of
from tests.world.mutations import BEGIN, END
from tests.world.servers import KINDS
from tests.world.size import Size

FOUND: Final = (
    "7a53a2b3-3,aa01-16,7a53a2b3-0,a43cc43e-6,w1-50,w3-402,"
    "w3-176,w3-421,w3-100,518,192f5ed1-3,h1128-14,n1128-131,919d996e-12,919d996e-47,"
    "e1ba2059-1"
)
"""The days on which something was found once, which `make thorough` plays again. As soon as the
code takes other steps, a seed stands for another day: what is found needs a test of its own, too.
"""

ALONE: Final = {"3": False, "8": True}
"""Seeds that are played alone and in a campaign, and whether their people come while the fleet
begins."""

TRACE: Final = re.compile(r"seed (\S+): .*; trace (\w+)")


@pytest.mark.timeout(600)
def test_each_seed_is_the_same_run_alone_and_among_others() -> None:
    """A campaign plays each run in a copy of a process in which the fleet has begun already."""
    done = days.play("--seeds", ",".join(ALONE), "--tell-all", *days.BRIEF)
    traces = dict(TRACE.findall(done.stdout))
    assert set(traces) == set(ALONE), done.stdout[-8000:] + done.stderr[-3000:]
    for seed in ALONE:
        alone = days.play("--seed", seed, *days.BRIEF)
        assert dict(TRACE.findall(alone.stdout)) == {seed: traces[seed]}, alone.stdout[-3000:]


def test_the_days_have_all_kinds_of_fleets() -> None:
    layouts = {seed: layout_of(seed, Size()) for seed in days.given()}
    kinds = {(layout.kind, layout.cold) for layout in layouts.values()}
    assert kinds == {(kind, cold) for kind in KINDS for cold in (True, False)}
    assert {layout.programs.nodes for layout in layouts.values()} == {0, 1, 2}
    assert {seed: bool(layouts[seed].early) for seed in ALONE} == ALONE


def test_each_day_is_played_by_one_test() -> None:
    for seeds in days.given(), days.new():
        shares = [days.chosen(seeds, kind, cold=cold) for kind in KINDS for cold in (True, False)]
        assert sorted(seed for share in shares for seed in share) == sorted(seeds)
        assert len(set(seeds)) == days.DAYS


@pytest.mark.thorough
@pytest.mark.timeout(1200)
def test_days_of_findings() -> None:
    days.are_good(list(seeds_of(FOUND)), *days.BRIEF, jobs=os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("name", "seed", "found"),
    [
        ("a lease is taken from who has it", 0, "  I2 "),
        ("head not moved", 0, "the head is -1, the last revision 0"),
    ],
)
def test_I1_I2_what_is_taken_out_of_the_code_is_found(name: str, seed: int, found: str) -> None:
    """`make simulate-faults MUTATIONS=all` looks for all the mutations."""
    done = days.play("--seeds", str(seed), "--hasty", *days.BRIEF, "--mutation", name)
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
    assert found in done.stdout


def test_a_hunt_plays_what_can_be_replayed(tmp_path: Path) -> None:
    """Python throws new dice in each child of a process, and some modules throw them when they are
    imported: what a hunt had found was found by another seed when it was looked for again."""
    name, small = "position moved one too far", ("--seconds", "3", "--clients", "3")
    docs = tmp_path / "docs.md"
    docs.write_text(f"{BEGIN}\n{END}")
    done = days.play("--mutations", name, "--most", "3", "--docs", str(docs), *small)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    hunted = re.search(r": (\d+) seeds: (.+)", done.stdout)
    assert hunted is not None
    others = ("--hasty", "--cold", "no", "--nodes", "no", "--no-shrink")
    again = days.play("--mutation", name, "--seed", str(int(hunted[1]) - 1), *small, *others)
    assert hunted[2] in again.stdout


def test_a_day_without_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--minutes", "0"]) == 0
    assert "0 runs" in capsys.readouterr().out
    for words, told in (["--seeds", ""], "names no seeds"), (["--begin", "abc"], "needs --cpu"):
        with pytest.raises(SystemExit):
            main(words)
        assert told in capsys.readouterr().err
