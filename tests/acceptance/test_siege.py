"""Puts a fleet under fire for a short time; `make fuzz` does the same at length."""

from __future__ import annotations

from tests.fleet import Fleet
from tests.fuzz.siege import siege


async def test_hostile_connections_disturb_nobody(fleet: Fleet) -> None:
    report = await siege(fleet, seed=3, connections=100)
    assert "were all accepted" in report
