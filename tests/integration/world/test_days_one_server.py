"""Simulates days of a fleet with one Redis: see `days`.

With the two files beside it, it plays a hundred given days and a hundred new ones.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.integration.world import days
from tests.world.servers import Kind

KIND: Final[Kind] = "single"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("cold", [True, False])
def test_I7_given_and_new_days(cold: bool) -> None:
    """A third of a minute of a processor."""
    days.are_good(days.chosen([*days.given(), *days.new()], KIND, cold=cold), *days.BRIEF)


def test_I7_a_whole_day() -> None:
    days.are_good([days.whole_day(KIND)], "--no-shrink")
