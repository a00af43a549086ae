"""`pytest -k I3`, and the files that cannot hold such a test.

Importing three hundred test modules takes twenty seconds of CPU, most of which pytest spends on
rewriting their assertions. A run that asks for invariants alone needs a dozen of them, and which
ones those are stands in their text.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

_EXPRESSION = re.compile(r"(?:\s|[()]|\bor\b|\band\b|\bI\d+_?)+", re.IGNORECASE)
_NAME = re.compile(r"\bI\d+_?", re.IGNORECASE)


def invariants_in(expression: str) -> frozenset[str]:
    """What a `-k` expression asks for, in small letters, if it asks for invariants alone (as `I3`,
    or `I1_ or I2`); else nothing. With `not` in it, or any other word, every file may match."""
    if not _EXPRESSION.fullmatch(expression):
        return frozenset()
    return frozenset(name.lower() for name in _NAME.findall(expression))


def may_hold(names: frozenset[str], module: Path) -> bool:
    """Whether a module's text, or its own name, has one of these names in it. pytest compares
    without regard to case, and so does this."""
    text = (module.name + module.read_text(encoding="utf-8")).lower()
    return any(name in text for name in names)


class LeftOut(pytest.Module):
    """A module that need not be imported, for it has nothing that was asked for."""

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        return []


@cache
def _wanted(config: pytest.Config) -> frozenset[str]:
    if any("::" in arg for arg in config.args):
        return frozenset()  # whoever names one test is told what has become of it
    return invariants_in(config.option.keyword)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    names = _wanted(parent.config)
    if not names or may_hold(names, module_path):
        return None
    module: pytest.Module = LeftOut.from_parent(parent, path=module_path)
    return module
