"""Leaves out test files that cannot contain what `pytest -k I3` or `pytest -m chaos` asks for.

Importing four hundred test modules takes a dozen seconds of CPU, and thirty if pytest has to
rewrite their assertions. A run that asks only for invariants, or for the tests of a marker, needs a
few of them, and their text shows which ones.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

_EXPRESSION = re.compile(r"(?:\s|[()]|\bor\b|\band\b|\bI\d+_?)+", re.IGNORECASE)
_NAME = re.compile(r"\bI\d+_?", re.IGNORECASE)


def invariants_in(expression: str) -> frozenset[str]:
    """Returns the invariants that a `-k` expression asks for, in small letters, if it asks for
    nothing else (as `I3`, or `I1_ or I2`), and otherwise nothing. With `not` in it, or any other
    word, every file may match."""
    if not _EXPRESSION.fullmatch(expression):
        return frozenset()
    return frozenset(name.lower() for name in _NAME.findall(expression))


MARKERS = frozenset({"alone", "browsers", "chaos"})
"""The markers that are written as `mark.chaos` in each file that has such tests."""


def marker_in(expression: str) -> frozenset[str]:
    """Returns how a file writes the marker that a `-m` expression asks for, if it asks for one of
    `MARKERS` and nothing else, and otherwise nothing: every file may match."""
    return frozenset({f"mark.{expression}"} if expression in MARKERS else ())


def may_hold(names: frozenset[str], module: Path) -> bool:
    """Returns whether a module's text, or its own name, contains one of these names. Like pytest,
    it ignores case."""
    text = (module.name + module.read_text(encoding="utf-8")).lower()
    return any(name in text for name in names)


class LeftOut(pytest.Module):
    """A module that need not be imported, since it has nothing that was asked for."""

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        return []


@cache
def _wanted(config: pytest.Config) -> frozenset[str]:
    if any("::" in arg for arg in config.args):
        return frozenset()  # a test that was named is run, or reported as missing
    return marker_in(config.option.markexpr) or invariants_in(config.option.keyword)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    names = _wanted(parent.config)
    if not names or may_hold(names, module_path):
        return None
    module: pytest.Module = LeftOut.from_parent(parent, path=module_path)
    return module
