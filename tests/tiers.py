"""Keeps `make test` whole and quick: what only `make thorough` runs is a variant, and never all
that proves something; the files that take longest come first; and two processes have all of those
that open browsers.

A case of a test bears the marker `thorough` if other cases of it stay in `make test`, and a test if
another one proves the same in another way. Tests of an invariant never bear it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

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


BROWSERS: Final = ROOT / "tests" / "browser"
"""The folder of tests that keep a core busy all the time, in a browser that is warm after the first
of them. If each process had some of these files, each would start and warm a browser of its own,
and all would wait for the processors, which most other tests leave idle."""

ELSEWHERE: Final = ("tests/fuzz/test_pages.py",)
"""Files in other folders that open a browser. A third one at a time is too many for two cores: what
is done in its pages took longer than it may."""

SHARES: Final = 2
"""How many processes have the files of `BROWSERS`, and those `ELSEWHERE`."""


def in_browsers() -> list[str]:
    """Returns the files whose tests open browsers."""
    pages = sorted(path.relative_to(ROOT).as_posix() for path in BROWSERS.glob("test_*.py"))
    return [*pages, *ELSEWHERE]


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
    """Moves the tests in browsers and those of the files that take longest to the front, and leaves
    the others in their order."""
    places = {ROOT / name: place for place, name in enumerate(longest(), 1)}
    last = len(places) + 1
    places |= {ROOT / name: 0 for name in ELSEWHERE}
    items.sort(key=lambda it: 0 if it.path.parent == BROWSERS else places.get(it.path, last))


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Gives each process of xdist whole files, and whole shares of the files in browsers."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._shares = {name: f"browsers {n % SHARES + 1}" for n, name in enumerate(in_browsers())}

    def _split_scope(self, nodeid: str) -> str:
        """Returns what all tests have in common that one process runs."""
        file: str = super()._split_scope(nodeid)
        return self._shares.get(file, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Returns who distributes the tests; None leaves it to xdist."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None
