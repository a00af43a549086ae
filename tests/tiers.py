"""Keeps `make test` whole: what only `make thorough` runs is a variant, and never all that proves
something.

A case of a test bears the marker `thorough` if other cases of it stay in `make test`, and a test if
another one proves the same in another way. Tests of an invariant never bear it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

_INVARIANT = re.compile(r"test_I\d+_")


def misplaced(items: Iterable[pytest.Item]) -> list[str]:
    """Returns the tests of invariants that `make test` would leave out."""
    return [
        item.nodeid
        for item in items
        if item.get_closest_marker("thorough") is not None and _INVARIANT.match(item.name)
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ends the run if there is one, before the expression of `-m` leaves any of them out."""
    if found := misplaced(items):
        raise pytest.UsageError(f"a test of an invariant is part of make test: {found[0]}")
