"""Tests that the plan's model of compression matches what a worker does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from padfleet.services.fanout.delivery import shared_context, stretches
from padfleet.services.tools.plan import compression
from padfleet.services.tools.plan.compression import WORTH, deflating_seconds, on_the_wire
from padfleet.services.tools.plan.constants import load
from padfleet.services.tools.plan.demand import Demand, Goal
from padfleet.services.tools.plan.layout import pads_of
from padfleet.services.tools.plan.rhythm import BusyRoom, rhythm
from padfleet.services.tools.plan.work import workers_work

CONSTANTS, _ = load()
CROWD = Demand(sockets=30_000, pads=10, editors=3_000, rate=0.5)


def test_it_reckons_with_the_workers_own_bounds() -> None:
    assert compression.WORTH == shared_context.WORTH
    assert compression.OWN_SHARE == shared_context.OWN_SHARE
    assert compression.OWN_MOST == shared_context.OWN_MOST
    assert compression.PIECE == stretches.PIECE


def test_small_pads_weigh_what_they_did_and_cost_no_more() -> None:
    assert on_the_wire(WORTH - 1, 270.0, CONSTANTS) == 270.0
    assert deflating_seconds(WORTH - 1, 1.0, 270.0, 1.0, CONSTANTS) == 0.0
    room = BusyRoom(4, 1, 1)
    assert rhythm(room, CONSTANTS, 262, compression=True) == rhythm(room, CONSTANTS, 262)


def test_what_is_deflated_for_single_authors_is_bounded() -> None:
    few, many = (deflating_seconds(3000, own, 16_000.0, 60, CONSTANTS) for own in (1, 60))
    assert many == deflating_seconds(3000, 600, 16_000.0, 60, CONSTANTS)
    assert few < many < 0.003


@pytest.mark.parametrize("workers", [3, 30])
def test_a_crowd_is_sent_a_small_part_of_the_bytes(workers: int) -> None:
    pads = pads_of(CROWD)
    on, off = (
        workers_work(pads, replace(CROWD, compression=each), Goal(), CONSTANTS, workers)
        for each in (True, False)
    )
    assert on.bytes_out < 0.5 * off.bytes_out
    assert on.deliveries == pytest.approx(off.deliveries)
