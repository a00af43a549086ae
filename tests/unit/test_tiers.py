"""No test of an invariant is left to `make thorough`, the longest files come first, and two
processes have the tests in browsers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.tiers import ELSEWHERE, SHARES, ByFile, in_browsers, longest, longest_first

ROOT = Path(__file__).parents[2]

TESTS = """
import pytest

@pytest.mark.parametrize("way", ["usual", pytest.param("odd", marks=pytest.mark.thorough)])
def test_{name}(way):
    pass
"""


@pytest.mark.parametrize(("name", "code"), [("I0_all_arrive", 4), ("nothing_I0_of_that_kind", 0)])
def test_a_test_of_an_invariant_cannot_be_thorough(tmp_path: Path, name: str, code: int) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    thorough: a variant\n")
    (tmp_path / "test_some.py").write_text(TESTS.format(name=name))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.tiers", "-p", "no:cacheprovider"),
            *("-n", "0", "-m", "not thorough", "--rootdir", tmp_path, tmp_path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stdout + done.stderr
    assert ("a test of an invariant is part of make test" in done.stderr) is (code == 4)


def test_the_longest_files_come_first_and_the_others_keep_their_order() -> None:
    first = list(longest())
    assert first
    assert all((ROOT / name).is_file() for name in first)
    pages = ["tests/browser/test_a.py", "tests/browser/test_b.py"]
    names = ["tests/acceptance/test_a.py", *pages, *reversed(first), "tests/b.py"]
    items = [cast("pytest.Item", SimpleNamespace(path=ROOT / name)) for name in names]
    longest_first(items)
    found = [item.path.relative_to(ROOT).as_posix() for item in items]
    assert found == [*pages, *first, names[0], names[-1]]


class Process:
    """A process of xdist, as far as it is told what to run."""

    shutting_down = False

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.told: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.told += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def test_each_share_of_the_tests_in_browsers_is_run_by_one_process() -> None:
    pages = in_browsers()
    assert len(set(pages)) == len(pages) > len(ELSEWHERE)
    assert all((ROOT / name).is_file() for name in pages)
    others = [f"tests/unit/test_{number}.py" for number in range(3)]
    tests = [f"{name}::test_{which}" for name in (*pages, *others) for which in "abc"]
    options = SimpleNamespace(loadscopereorder=False)
    config = SimpleNamespace(option=options, getvalue=lambda name: {"tx": ["5*popen"]}[name])
    scheduler = ByFile(cast("pytest.Config", config))
    processes = [Process(f"gw{number}") for number in range(5)]
    for process in processes:
        scheduler.add_node(process)
        scheduler.add_node_collection(process, tests)
    scheduler.schedule()

    told = [{tests[index].partition("::")[0] for index in process.told} for process in processes]
    assert len(told[0]) == len(pages) - len(pages) // SHARES
    assert told[0] | told[1] == set(pages)
    assert not told[0] & told[1]
    assert told[SHARES:] == [{name} for name in others]
