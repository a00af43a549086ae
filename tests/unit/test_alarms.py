"""Tests that the alarm of a test does not go off during its report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TESTS = """
import time
import pytest

class Slow(Exception):
    def __str__(self):
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            pass
        return "slow to tell"

@pytest.mark.timeout(0.5)
def test_fails_in_time():
    raise Slow

@pytest.mark.timeout(0.5)
def test_does_not_end():
    while True:
        pass

def test_of_others():
    pass
"""


def test_a_test_that_fails_in_time_fails_alone_and_one_that_does_not_end_is_ended(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_them.py").write_text(TESTS)
    options = ("-n", "0", "-c", "/dev/null", "-p", "tests.alarms", "-p", "no:cacheprovider")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", tmp_path, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "2 failed, 1 passed" in ran.stdout
    assert "slow to tell" in ran.stdout
    assert "Timeout" in ran.stdout
