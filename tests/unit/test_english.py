"""Docstrings say something by themselves, without the name above them or the one before."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("shared", "services", "src/padfleet", "tests")

FRAGMENT = re.compile(r"(Of|Likewise)\b")
"""How a docstring begins that goes on with what stands elsewhere."""

THIRD_PERSON = re.compile(r"[`\"(]*[A-Z][a-z]+s\b")
"""How the docstring of a function begins: with what the function does."""

LONG = 20
"""From so many lines on, a function at the top of a module needs a docstring."""

ETHERPADS = ("services/web/api/",)
"""Functions that have their names and arguments from Etherpad's HTTP API, which describes them."""

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


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_goes_on_with_what_stands_elsewhere(folder: str) -> None:
    odd = [
        f"{path.relative_to(ROOT)}:{line}: {text.splitlines()[0]}"
        for path in modules(ROOT / folder)
        for line, text in texts(parsed(path))
        if FRAGMENT.match(text) or BARE.fullmatch(text)
    ]
    assert not odd, "say in a sentence what it is"


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path, *, at_top: bool = False) -> Iterator[Function]:
    for node in parsed(path).body if at_top else ast.walk(parsed(path)):
        if isinstance(node, Function):
            yield node


def _is_property(function: Function) -> bool:
    return any("property" in ast.unparse(each) for each in function.decorator_list)


@pytest.mark.parametrize("folder", FOLDERS[:-1])
def test_the_docstring_of_a_function_begins_with_what_it_does(folder: str) -> None:
    odd = [
        f"{path.relative_to(ROOT)}:{function.lineno}: {text.splitlines()[0]}"
        for path in modules(ROOT / folder)
        for function in functions(path)
        if (text := ast.get_docstring(function)) and not THIRD_PERSON.match(text)
        # A property is named like what it is, and a class says what it is.
        if not _is_property(function) and function.name != "__init__"
    ]
    assert not odd, "begin with a verb: Returns, Yields, Waits"


@pytest.mark.parametrize("folder", FOLDERS[:-1])
def test_a_long_public_function_says_what_it_does(folder: str) -> None:
    odd = [
        f"{place}:{function.lineno}: {function.name}"
        for path in modules(ROOT / folder)
        if not (place := str(path.relative_to(ROOT))).startswith(ETHERPADS)
        for function in functions(path, at_top=True)
        if not function.name.startswith("_") and not ast.get_docstring(function)
        if (function.end_lineno or 0) - function.lineno >= LONG
    ]
    assert not odd
