"""What the tests of a folder share begins with the first that asks for it, and ends with the last
(`tests/folders.py`)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

CONFTEST = """
from contextlib import contextmanager
from pathlib import Path
import pytest
from tests.folders import for_the_folder

@contextmanager
def made(of):
    print(f"made for {of}")
    yield of
    print(f"ended for {of}")

@pytest.fixture(scope="module")
def shared(request):
    return for_the_folder(request, lambda: made(Path(__file__).parent.name))

@pytest.fixture(scope="module")
def another(request):
    return for_the_folder(request, lambda: made("both"))
"""

TESTS = """
def test_it(shared):
    print(f"{shared} is used")

def test_it_again(shared, another):
    print(f"{shared} and {another} are used")
"""


def test_it_is_one_for_all_files_of_a_folder_and_ends_before_the_next(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "conftest.py").write_text(CONFTEST)
        for name in ("one", "two"):
            (tmp_path / folder / f"test_{folder}_{name}.py").write_text(TESTS)
    options = ("-n", "0", "-c", "/dev/null", "-p", "no:cacheprovider", "-s", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", tmp_path, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    said = [line.removeprefix(".") for line in done.stdout.splitlines() if " " in line]
    in_each = [
        ("made for {0}", "{0} is used", "made for both", "{0} and both are used"),
        ("{0} is used", "{0} and both are used", "ended for both", "ended for {0}"),
    ]
    wanted = [line.format(folder) for folder in "ab" for lines in in_each for line in lines]
    assert [line for line in said if "passed" not in line] == wanted
