"""Tests the content of the repository."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_nothing_that_is_made_is_kept() -> None:
    """A folder that moves leaves its line of .gitignore behind, so what is built in it comes."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of the repository")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--ignored", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not listed.stdout.splitlines()


def test_the_name_of_a_test_says_what_is_true() -> None:
    """Whoever reads a list of failures has only the names. Less than three words are no sentence.

    `test_lists` says what is looked at, and not what is found there."""
    for module in (ROOT / "tests").rglob("test_*.py"):
        for found in ast.parse(module.read_text()).body:
            if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)):
                kind, *words = found.name.split("_")
                where = f"{module.relative_to(ROOT)}: {found.name}"
                assert kind != "test" or len(words) >= 3, where
