"""Keeps `make test` whole and quick: what only `make thorough` runs is a variant, and never all
that proves something; and the files that take longest come first.

A case of a test bears the marker `thorough` if other cases of it stay in `make test`, and a test if
another one proves the same in another way. Tests of an invariant never bear it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

_INVARIANT = re.compile(r"test_I\d+_")

ROOT: Final = Path(__file__).parent.parent

LONGEST: Final = ROOT / "tests" / "longest.txt"
"""The files that take longest by the clock, one a line with its seconds, the longest first. Each is
run by one process: if one of them came late, it would be waited for while nothing else is left to
do. `make unit ARGS='-p tests.dear --write-longest'` writes them."""


def longest() -> dict[str, int]:
    """Returns the files that take longest, with their seconds."""
    lines = map(str.split, LONGEST.read_text().splitlines())
    return {name: int(seconds) for seconds, name in lines}


def misplaced(items: Iterable[pytest.Item]) -> list[str]:
    """Returns the tests of invariants that `make test` would leave out."""
    return [
        item.nodeid
        for item in items
        if item.get_closest_marker("thorough") is not None and _INVARIANT.match(item.name)
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ends the run if a test is misplaced, before the expression of `-m` leaves any of them out;
    and puts the tests into the order in which they run."""
    if found := misplaced(items):
        raise pytest.UsageError(f"a test of an invariant is part of make test: {found[0]}")
    longest_first(items)


def longest_first(items: list[pytest.Item]) -> None:
    """Moves the tests of the files that take longest to the front, and leaves the others in their
    order."""
    places = {ROOT / name: place for place, name in enumerate(longest())}
    items.sort(key=lambda item: places.get(item.path, len(places)))
