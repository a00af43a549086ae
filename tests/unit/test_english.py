"""Docstrings say something by themselves, without the name above them or the one before."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

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


class Described(NamedTuple):
    """A function, and its docstring."""

    name: str
    line: int
    length: int  #: in lines
    text: str  #: the docstring; empty if it has none
    at_top: bool  #: whether it is neither in a class nor in a function
    is_property: bool


class Texts(NamedTuple):
    docstrings: list[tuple[int, str]]  #: those of anything, names included, with their lines
    functions: list[Described]


@cache
def texts_of(path: Path) -> Texts:
    """Returns the docstrings of a module, without the rest of it, which takes much memory."""
    found = Texts([], [])
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str):
                found.docstrings.append((node.lineno, text.strip()))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = Described(
                node.name,
                node.lineno,
                (node.end_lineno or node.lineno) - node.lineno,
                ast.get_docstring(node) or "",
                node in tree.body,
                any("property" in ast.unparse(each) for each in node.decorator_list),
            )
            found.functions.append(function)
    return found


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
        for line, text in texts_of(path).docstrings
        if FRAGMENT.match(text) or BARE.fullmatch(text)
    ]
    assert not odd, "say in a sentence what it is"


@pytest.mark.parametrize("folder", FOLDERS[:-1])
def test_the_docstring_of_a_function_begins_with_what_it_does(folder: str) -> None:
    odd = [
        f"{path.relative_to(ROOT)}:{each.line}: {each.text.splitlines()[0]}"
        for path in modules(ROOT / folder)
        for each in texts_of(path).functions
        if each.text and not THIRD_PERSON.match(each.text)
        # A property is named like what it is, and a class says what it is.
        if not each.is_property and each.name != "__init__"
    ]
    assert not odd, "begin with a verb: Returns, Yields, Waits"


@pytest.mark.parametrize("folder", FOLDERS[:-1])
def test_a_long_public_function_says_what_it_does(folder: str) -> None:
    odd = [
        f"{place}:{each.line}: {each.name}"
        for path in modules(ROOT / folder)
        if not (place := str(path.relative_to(ROOT))).startswith(ETHERPADS)
        for each in texts_of(path).functions
        if each.at_top and not each.name.startswith("_")
        if not each.text and each.length >= LONG
    ]
    assert not odd
