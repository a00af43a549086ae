"""Tests the content of the repository."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
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


def test_whatever_is_defined_is_used_somewhere() -> None:
    """A name at the top of a module that stands nowhere else has been left behind."""
    tops = ("shared", "services", "src", "deploy")
    places: dict[str, str] = {}
    words: Counter[str] = Counter()
    for top in tops:
        for folder, inner, names in os.walk(ROOT / top):
            inner[:] = [name for name in inner if name not in ("node_modules", "__pycache__")]
            for path in (Path(folder, name) for name in names if name.endswith(".py")):
                text = path.read_text(encoding="utf-8")
                words.update(re.findall(r"\w+", text))
                places |= {name: str(path.relative_to(ROOT)) for name in _defined(ast.parse(text))}
    assert len(places) > 1000
    left = {name: place for name, place in places.items() if words[name] == 1 and name[:2] != "__"}
    assert not left


def _defined(tree: ast.Module) -> Iterator[str]:
    """Yields the names that are defined at the top of a module."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))
