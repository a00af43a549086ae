"""Sweeps, limits, and who goes where."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.tools.loadtest.measure import Latency
from padfleet.services.tools.loadtest.plan import (
    BadPlan,
    Load,
    LoadStep,
    StopAt,
    Sweep,
    seconds,
    steps,
)

BASE = LoadStep(authors=10, readers=5, rate=0.2, duration=7.0)


def a_load(**fields: object) -> Load:
    usual = {
        "urls": ["http://a", "http://b"],
        "pad": "load",
        "pads": 1,
        "batch": True,
        "arrivals": "uniform",
        "spread": False,
        "join_rate": 100.0,
        "processes": 1,
        "verify": 0,
    }
    return Load(**usual | fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value"), [("10", 10), ("10s", 10), ("1.5m", 90), ("500ms", 0.5), ("2h", 7200)]
)
def test_times_are_read_with_their_unit(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "s", "10x", "-1s", "1e3", "ten"])
def test_something_that_is_not_a_time(text: str) -> None:
    with pytest.raises(BadPlan, match="is not a time"):
        seconds(text)


def test_a_sweep_over_authors() -> None:
    sweep = Sweep.parse("authors=50..260:step=100:dwell=3s", dwell=9)
    assert steps(BASE, sweep) == [LoadStep(authors, 5, 0.2, 3.0) for authors in (50, 150, 250, 260)]


def test_a_sweep_ends_at_its_end_once() -> None:
    assert list(Sweep.parse("authors=50..250:step=100", 1).values()) == [50, 150, 250]
    assert list(Sweep.parse("rate=0.1..0.4:step=0.1", 1).values()) == pytest.approx(
        [0.1, 0.2, 0.3, 0.4]
    )
    assert list(Sweep.parse("readers=7..7", 1).values()) == [7]


def test_sweeps_over_readers_and_rate() -> None:
    assert [step.readers for step in steps(BASE, Sweep.parse("readers=100..300", 1))] == [
        100,
        200,
        300,
    ]
    by_rate = steps(BASE, Sweep.parse("rate=1..2:step=0.5:dwell=2s", 1))
    assert [(step.rate, step.authors) for step in by_rate] == [(1, 10), (1.5, 10), (2, 10)]


def test_without_a_sweep_there_is_one_step() -> None:
    assert steps(BASE, None) == [BASE]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("authors", "is not a sweep"),
        ("authors=50", "is not a sweep"),
        ("authors=50..x", "is not a sweep"),
        ("authors=5.0.1..7", "is not a sweep"),
        ("authors=50..100:step", "is not a sweep"),
        ("authors=50..100:step=x", "is not a sweep"),
        ("pads=1..2", "cannot sweep 'pads'; choose one of authors, readers, rate"),
        ("authors=50..100:pause=2s", "'pause' is not part"),
        ("authors=50..100:dwell=2y", "is not a time"),
        ("authors=100..50", "goes down"),
        ("authors=50..100:step=0", "more than 0"),
        ("authors=50..100:dwell=0", "more than 0"),
        ("authors=50..100:step=2.5", "whole authors"),
        ("rate=0..10:step=0.0001", "more than 1000 steps"),
    ],
)
def test_what_is_no_sweep(text: str, why: str) -> None:
    with pytest.raises(BadPlan, match=why):
        Sweep.parse(text, dwell=1)


def test_limits_are_read_or_refused() -> None:
    assert StopAt.parse("p95=1s") == StopAt("ack", 95, 1000)
    assert StopAt.parse("delivery.p99.9=500ms") == StopAt("delivery", 99.9, 500)
    for text in ("p95", "p0=1s", "p101=1s", "join.p95=1s", "p9.5.1=1s"):
        with pytest.raises(BadPlan, match="is not a limit"):
            StopAt.parse(text)


def test_a_limit_is_reached_by_what_took_long_and_by_what_still_waits() -> None:
    limit, found = StopAt("ack", 90, 100), Latency()
    found.record(50_000, 80)
    assert not limit.reached(found, unaccepted=0, oldest_ms=0)
    assert not limit.reached(found, unaccepted=5, oldest_ms=900)
    assert not limit.reached(found, unaccepted=20, oldest_ms=90)
    assert limit.reached(found, unaccepted=20, oldest_ms=900)
    assert limit.reached(Latency(), unaccepted=3, oldest_ms=900)
    found.record(300_000, 20)
    assert limit.reached(found, unaccepted=0, oldest_ms=0)


@given(st.integers(1, 7), st.integers(0, 60), st.integers(0, 60))
def test_each_client_belongs_to_one_process(processes: int, before: int, more: int) -> None:
    load = a_load(processes=processes)
    shares = [load.share(process, before, before + more) for process in range(processes)]
    assert sorted(chain.from_iterable(shares)) == list(range(before, before + more))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("pads", [1, 2, 3, 40])
def test_clients_spread_over_pads_and_servers(pads: int) -> None:
    load = a_load(pads=pads)
    places = Counter((load.pad_of(number), load.url_of(number)) for number in range(4 * pads))
    # Each pad has four clients, two on each server.
    assert set(places.values()) == {2}
    assert len(places) == 2 * pads
    alone = Counter(load.url_of(number) for number in range(40))
    assert set(alone.values()) == {20}


def test_full_clients_stand_two_to_a_pad_on_different_servers() -> None:
    load = a_load(pads=3, verify=6)
    places = [(load.pad_of(n), load.url_of(n)) for n in map(load.verified, range(6))]
    assert [pad for pad, _ in places] == [
        "load-0",
        "load-0",
        "load-1",
        "load-1",
        "load-2",
        "load-2",
    ]
    assert len(set(places)) == 6
