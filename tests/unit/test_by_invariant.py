"""Tests that `pytest -k I3` and `-m chaos` find everything that they ask for, and import little
else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.by_invariant import invariants_in, marker_in, may_hold

ROOT = Path(__file__).parents[2]


# There is no invariant 0: the cases here are no answer to who asks for a real one.
@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("I0", {"i0"}),
        ("I0_", {"i0_"}),
        (" I0 or (i00 and I000)", {"i0", "i00", "i000"}),
        ("", set()),
        ("not I0", set()),
        ("I0 or feed", set()),
        ("I0x", set()),
        ("I", set()),
        ("test_I0", set()),
        ("I0 and not slow", set()),
    ],
)
def test_only_expressions_of_invariants_leave_files_out(expression: str, names: set[str]) -> None:
    assert invariants_in(expression) == names


@pytest.mark.parametrize(
    ("name", "text", "held"),
    [
        ("test_feed.py", "def test_I0_a(): ...", True),
        ("test_feed.py", "def test_a(): ...", False),
        ("test_feed.py", "class TestI0: ...", True),
        ("test_i0.py", "def test_a(): ...", True),
        ("test_feed.py", "@pytest.mark.parametrize('x', ['i0'])", True),
        ("test_feed.py", "def test_I_a(): ...", False),
    ],
)
def test_a_file_is_left_out_only_if_it_cannot_hold_the_name(
    tmp_path: Path, name: str, text: str, held: bool
) -> None:
    module = tmp_path / name
    module.write_text(text)

    assert may_hold(frozenset({"i0"}), module) is held


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("chaos", {"mark.chaos"}),
        ("not chaos", set()),
        ("chaos or slow", set()),
        ("", set()),
        # The plugin of Hypothesis gives this one to tests that say nothing of it.
        ("hypothesis", set()),
    ],
)
def test_only_markers_that_files_bear_leave_others_out(expression: str, wanted: set[str]) -> None:
    assert marker_in(expression) == wanted


@pytest.mark.parametrize(
    ("options", "those"),
    [
        (("-m", "", "-k", "I4"), r"def (test_\w*I4\w*)"),
        (("-m", "chaos"), r"@pytest\.mark\.chaos\n(?:.*\n)*?(?:async )?def (test_\w+)"),
    ],
    ids=["an invariant", "a marker"],
)
def test_all_tests_of_a_kind_are_found_and_nothing_else(
    options: tuple[str, ...], those: str
) -> None:
    command = [sys.executable, "-m", "pytest", "-n", "0", "--collect-only", "-q", *options]
    collected = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    found = set(re.findall(r"^(tests/\S+\.py)::(?:\w+::)*(\w+)", collected, re.MULTILINE))
    assert found
    assert found == {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(those, path.read_text(encoding="utf-8"))
    }


def test_naming_a_single_test_says_that_it_was_not_selected() -> None:
    here = (
        "tests/unit/test_by_invariant.py::test_naming_a_single_test_says_that_it_was_not_selected"
    )
    asked = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-k", "I9", "--collect-only", "-q", here],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert asked.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "1 deselected" in asked.stdout
