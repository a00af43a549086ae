"""A test that fails just before its time is up is reported as failed, and the others go on.

pytest-timeout's alarm ends whatever runs when it goes off. In the middle of a report, which takes
its time on a busy machine, that was pytest itself: the whole run ended, and said nothing of the
tests that had failed.
"""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest

_LITTLE = 0.001
"""Seconds: zero would be no alarm at all."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Stops the clock of the test while its report is written."""
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        return (yield)
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left, _LITTLE))
