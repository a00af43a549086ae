"""Says which files of tests take the most processor time: `make unit ARGS='-p tests.dear'`.

The time of a file is that of pytest's process and of all that it has started: fleets, servers,
browsers. What has ended without anybody waiting for it is missing, as are the renderers of a
browser. A clock on the wall says little of this: many tests wait most of the time, and several of
them run at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from contextlib import suppress
from typing import Any, Final

import psutil
import pytest

MOST: Final = 40
"""How many files are listed."""

_KEY: Final = "dear"
"""What a process of xdist hands over its counts under."""


class Dear:
    """The counts of one process; in the process that reports, those of all."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._before = 0.0

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
            session.config.workeroutput[_KEY] = dict(self.seconds)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for name, seconds in getattr(node, "workeroutput", {}).get(_KEY, {}).items():
            self.seconds[name] += seconds

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("processor time")
        for seconds, name in sorted(((s, n) for n, s in self.seconds.items()), reverse=True)[:MOST]:
            terminalreporter.line(f"{seconds:8.1f} s  {name}")
        terminalreporter.line(f"{sum(self.seconds.values()):8.1f} s  in all")

    def _count(self, name: str) -> None:
        now = _spent()
        self.seconds[name] += max(0.0, now - self._before)
        self._before = now


def _spent() -> float:
    """Returns the seconds that this process, those below it, and those that they have waited for
    have used so far."""
    me, seconds = psutil.Process(), 0.0
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):  # it has ended meanwhile
            used = process.cpu_times()
            seconds += used.user + used.system + used.children_user + used.children_system
    return seconds


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Dear(), "tests.dear counts")
