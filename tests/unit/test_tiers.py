"""No test of an invariant is left to `make thorough`, and the longest files come first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.tiers import longest, longest_first

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
    names = ["tests/acceptance/test_a.py", *reversed(first), "tests/b.py"]
    items = [cast("pytest.Item", SimpleNamespace(path=ROOT / name)) for name in names]
    longest_first(items)
    found = [item.path.relative_to(ROOT).as_posix() for item in items]
    assert found == [*first, names[0], names[-1]]
