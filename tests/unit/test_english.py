"""Docstrings say something by themselves, without the name above them or the one before."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("shared", "services", "src/padfleet", "tests")

FRAGMENT = re.compile(r"(Of|Likewise)\b")
"""How a docstring begins that goes on with what stands elsewhere."""

BARE = re.compile(r"\w+\.")
"""A docstring of a single word, such as a unit."""


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields the docstrings of modules, classes, functions and names, with their line numbers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str):
                yield node.lineno, text.strip()


def modules(folder: Path) -> Iterator[Path]:
    """Yields our own modules, without the thirty thousand files in `node_modules`."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("node_modules", "__pycache__")]
        yield from (Path(place, name) for name in files if name.endswith(".py"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_goes_on_with_what_stands_elsewhere(folder: str) -> None:
    odd = [
        f"{path.relative_to(ROOT)}:{line}: {text.splitlines()[0]}"
        for path in modules(ROOT / folder)
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if FRAGMENT.match(text) or BARE.fullmatch(text)
    ]
    assert not odd, "say in a sentence what it is"
