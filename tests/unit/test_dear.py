"""Which files of tests are dear is found out, whoever of their processes does the work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
