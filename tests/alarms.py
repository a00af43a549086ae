"""Lets a test that fails just before its time is up be reported as failed, and the others go on.

pytest-timeout's alarm ends whatever runs when it goes off. If it went off during a report, which
takes a while on a busy machine, it ended pytest itself: the whole run stopped without a word about
the tests that had failed.
"""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest

_LITTLE = 0.001
"""The seconds to set if no time is left, since zero would switch the alarm off."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Stops the clock of the test while its report is written."""
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        return (yield)
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left, _LITTLE))
