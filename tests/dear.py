"""Says which files of tests take the most processor time: `make unit ARGS='-p tests.dear'`.

The time of a file is that of pytest's process and of all that it has started: fleets, servers,
browsers. What has ended without anybody waiting for it is missing, as are the renderers of a
browser. A clock on the wall says little of this: many tests wait most of the time, and several of
them run at once. The clock decides which files come first, though: `--write-longest` writes the
list that `tests/tiers.py` reads.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Generator
from contextlib import suppress
from typing import Any, Final, NamedTuple

import psutil
import pytest

from tests.tiers import LONGEST, ROOT, longest

BUDGET: Final = 1300.0
"""The seconds of processor time that all tests together may take. Set-up takes a hundred seconds of
CI's fifteen minutes. Then it has two cores, of which a tenth is idle while tests wait for each
other, and lint, types and the page's tests take another hundred beside them. A run that takes more
is not stopped, but says so."""

MOST: Final = 40
"""How many files are listed."""

LONG: Final = 20.0
"""From how many seconds by the clock on a file is among those that come first."""

EARLY: Final = ("tests/acceptance/", "tests/browser/")
"""Folders whose files need not be listed: those in browsers come first, and the others soon after
what is listed. Files of a folder stay together: if one of them came before, what its folder shares
(such as a fleet) would begin once more for it, for three seconds of processor time."""

_KEY: Final = "dear"
"""What a process of xdist hands over its counts under."""


class Spent(NamedTuple):
    """What a file has taken."""

    processor: float = 0.0  #: seconds, of all processors
    clock: float = 0.0  #: seconds


class Dear:
    """The counts of one process; in the process that reports, those of all."""

    def __init__(self, config: pytest.Config) -> None:
        self.files: defaultdict[str, Spent] = defaultdict(Spent)
        self._config = config
        self._before = Spent(0.0, time.monotonic())

    def pytest_collection_finish(self) -> None:
        self._count("(start and collection)")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, None, None]:
        yield
        if nextitem is None or nextitem.path != item.path:
            self._count(item.nodeid.partition("::")[0])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_KEY] = {name: [*it] for name, it in self.files.items()}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for name, spent in getattr(node, "workeroutput", {}).get(_KEY, {}).items():
            self._add(name, Spent(*spent))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("processor time")
        ordered = sorted(self.files.items(), key=lambda file: file[1].processor, reverse=True)
        for name, spent in ordered[:MOST]:
            terminalreporter.line(f"{spent.processor:8.1f} s  {name}")
        total = sum(spent.processor for spent in self.files.values())
        terminalreporter.line(f"{total:8.1f} s  in all")
        if total > BUDGET:
            said = f"the tests took {total:.0f} s of processor time, more than their {BUDGET:.0f} s"
            # GitHub shows a line that begins like this beside the change.
            begin = "::warning::" if os.environ.get("GITHUB_ACTIONS") else "WARNING: "
            terminalreporter.line(f"{begin}{said} (CONTRIBUTING.md, “What it may cost”)", red=True)
        if self._config.option.write_longest:
            lines = (f"{seconds} {name}\n" for name, seconds in self._longest().items())
            LONGEST.write_text("".join(lines))
            terminalreporter.line(f"{LONGEST.relative_to(ROOT)} is written")

    def _longest(self) -> dict[str, int]:
        """Returns the files that take long by the clock, the longest first, but none that comes
        early in any case. Those that were not run now take what they took before."""
        clocks = longest() | {name: round(spent.clock) for name, spent in self.files.items()}
        late = {name: s for name, s in clocks.items() if not name.startswith(EARLY)}
        long = [(s, name) for name, s in late.items() if s >= LONG and (ROOT / name).is_file()]
        return {name: seconds for seconds, name in sorted(long, reverse=True)}

    def _count(self, name: str) -> None:
        now = Spent(_spent(), time.monotonic())
        before, self._before = self._before, now
        self._add(name, Spent(max(0.0, now.processor - before.processor), now.clock - before.clock))

    def _add(self, name: str, more: Spent) -> None:
        had = self.files[name]
        self.files[name] = Spent(had.processor + more.processor, had.clock + more.clock)


def _spent() -> float:
    """Returns the seconds that this process, those below it, and those that they have waited for
    have used so far."""
    me, seconds = psutil.Process(), 0.0
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):  # it has ended meanwhile
            used = process.cpu_times()
            seconds += used.user + used.system + used.children_user + used.children_system
    return seconds


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-longest",
        action="store_true",
        help="write the files that take longest into tests/longest.txt, which come first then",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Dear(config), "tests.dear counts")
