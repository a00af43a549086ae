"""Which files of tests are dear is found out, whoever of their processes does the work."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests import dear, tiers
from tests.dear import BUDGET, EARLY, Dear, Spent

ROOT = Path(__file__).parents[2]

CHEAP = """
def test_nothing():
    pass
"""

DEAR = """
import subprocess, sys
BURN = "import time\\nwhile time.process_time() < 0.7: pass"

def test_it_lets_another_process_work():
    subprocess.run([sys.executable, "-c", BURN], check=True)
"""


@pytest.mark.parametrize("at_once", ["0", "1"])
def test_the_dear_file_comes_first_with_what_its_processes_have_used(
    tmp_path: Path, at_once: str
) -> None:
    (tmp_path / "test_cheap.py").write_text(CHEAP)
    (tmp_path / "test_dear_one.py").write_text(DEAR)
    options = ("-n", at_once, "-c", "/dev/null", "-p", "tests.dear", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", tmp_path, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    found = {name: float(s) for s, name in re.findall(r"^ +([\d.]+) s  (.+)$", done.stdout, re.M)}
    assert found["test_dear_one.py"] >= 0.7
    assert found["test_cheap.py"] < found["test_dear_one.py"]
    assert found["in all"] == pytest.approx(sum(found.values()) - found["in all"], abs=0.2)


class Terminal:
    """What is written under a run."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def section(self, title: str) -> None:
        self.line(title)

    def line(self, line: str, **_: bool) -> None:
        self.said.append(line)


Told = Callable[[dict[str, Spent]], list[str]]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(dear, "ROOT", tmp_path)
    for module in (dear, tiers):
        monkeypatch.setattr(module, "LONGEST", tmp_path / "longest.txt")
    (tmp_path / "longest.txt").write_text("")

    def told(files: dict[str, Spent]) -> list[str]:
        options = SimpleNamespace(option=SimpleNamespace(write_longest=True))
        counts = Dear(cast(pytest.Config, options))
        counts.files.update(files)
        terminal = Terminal()
        counts.pytest_terminal_summary(cast(Any, terminal))
        return terminal.said

    return told


def test_more_than_the_budget_is_warned_of(told: Told) -> None:
    little = {"tests/test_a.py": Spent(BUDGET / 2), "tests/test_b.py": Spent(BUDGET / 2)}
    assert not any("WARNING" in line or "::warning" in line for line in told(little))
    much = told(little | {"tests/test_c.py": Spent(1.0)})
    (warning,) = (line for line in much if "WARNING" in line or "::warning" in line)
    assert f"{BUDGET + 1:.0f} s of processor time" in warning


def test_the_longest_by_the_clock_are_written_down(told: Told, tmp_path: Path) -> None:
    names = ("long", "quick", "longest", "not_run", "quicker_now")
    for name in names:
        (tmp_path / f"test_{name}.py").touch()
    early = f"{EARLY[0]}test_early.py"
    (tmp_path / early).parent.mkdir(parents=True)
    (tmp_path / early).touch()
    before = "99 test_quicker_now.py\n88 test_removed.py\n60 test_not_run.py\n"
    (tmp_path / "longest.txt").write_text(before)
    files = {
        "(start and collection)": Spent(1.0, 90.0),
        "test_long.py": Spent(1.0, 50.0),
        "test_quick.py": Spent(30.0, 5.0),
        "test_longest.py": Spent(0.5, 80.0),
        "test_quicker_now.py": Spent(1.0, 5.0),
        early: Spent(1.0, 90.0),
    }
    assert told(files)[-1] == "longest.txt is written"
    written = (tmp_path / "longest.txt").read_text()
    assert written == "80 test_longest.py\n60 test_not_run.py\n50 test_long.py\n"
