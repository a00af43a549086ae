"""Histograms add up, counters come over the pipe whole, and a process's use is read right."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.tools.loadtest import tally as tally_module
from padfleet.services.tools.loadtest.measure import LONGEST_US, Latency, Servers, own_cpu_s, usage
from padfleet.services.tools.loadtest.tally import LATENCIES, LoadTally

times = st.lists(st.integers(1, 10_000_000), min_size=1, max_size=200)


@given(times, times)
def test_merged_histograms_are_those_of_all_together(first: list[int], second: list[int]) -> None:
    one, other, both = Latency(), Latency(), Latency()
    for us in first:
        one.record(us)
        both.record(us)
    for us in second:
        other.record(us)
        both.record(us)
    # As they come from another process.
    merged = Latency(one.encode())
    merged.add(Latency(other.encode()))
    assert merged.count == len(first) + len(second)
    assert merged.summary() == both.summary()


@given(times)
def test_percentiles_are_exact_to_three_digits(recorded: list[int]) -> None:
    latency = Latency()
    for us in recorded:
        latency.record(us)
    for percentile in (50, 95, 99, 100):
        rank = max(1, -(-len(recorded) * percentile // 100))
        exact = sorted(recorded)[rank - 1]
        # The histogram rounds the rank half up, so it may be the neighbour's.
        near = sorted(recorded)[max(0, rank - 2)]
        found = latency.ms(percentile)
        assert found is not None
        assert near * 0.998 <= found * 1000 <= exact * 1.002


def test_nothing_has_no_percentiles() -> None:
    assert Latency().summary() == {"p50": None, "p95": None, "p99": None, "max": None}
    assert Latency(Latency().encode()).count == 0


def test_what_is_beyond_the_scale_is_counted_at_its_end() -> None:
    latency = Latency()
    latency.record(10 * LONGEST_US)
    latency.record(-5)
    assert latency.count == 2
    assert latency.ms(100) == pytest.approx(LONGEST_US / 1000, rel=0.01)
    assert latency.ms(1) == 0.001


def test_a_tally_comes_over_the_pipe_whole() -> None:
    tally = LoadTally()
    tally.counts.delivered = 5
    tally.violations["revision missing"] += 2
    tally.errors["userdup"] += 1
    tally.delays_ms = {3: 10, 7: 1}
    for name in LATENCIES:
        tally.latencies[name].record(1000)
    there = LoadTally.from_jsonable(tally.settle().jsonable())
    assert there.counts == tally.counts
    assert (there.violations, there.errors) == (tally.violations, tally.errors)
    assert there.latencies["delivery"].count == 12
    there.add(there)
    assert there.counts.delivered == 10
    assert there.violations == {"revision missing": 4}


@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(0, 50), st.integers(1, 3)), min_size=1, max_size=4),
            st.integers(0, 60),
            st.integers(1, 5),
        ),
        max_size=40,
    )
)
def test_each_delivery_counts_however_many_sockets_had_it(
    frames: list[tuple[list[tuple[int, int]], int, int]],
) -> None:
    """A frame is the times of its revisions, when it came, and to how many sockets. In between, the
    object of each frame goes, so that the next may be at its place in memory."""
    tally, one_by_one = LoadTally(), dict[int, int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally_module, "MOST_ARRIVED", 3)
        for times_of_it, now_ms, sockets in frames:
            shared = list(times_of_it)
            for _ in range(sockets):
                tally.arrived(shared, now_ms)
                for time, count in times_of_it:
                    one_by_one[now_ms - time] = one_by_one.get(now_ms - time, 0) + count
            del shared
        early = sum(count for delay, count in one_by_one.items() if delay < 0)
        tally.settle()
    assert tally.latencies["delivery"].count == sum(one_by_one.values())
    expected = Latency()
    expected.record_all(one_by_one, 1000)
    assert tally.latencies["delivery"].encode() == expected.encode()
    assert sum(tally.errors.values()) == early


def test_own_use_is_what_the_system_says() -> None:
    found = usage(os.getpid())
    assert found is not None
    # The system counts in hundredths of a second.
    assert found.cpu_s == pytest.approx(own_cpu_s(), abs=0.1)
    assert found.resident > 1 << 20


def test_a_process_that_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        servers = Servers([("it", process.pid)])
        before = servers.look()
        assert before["it"].resident >= 0
        assert servers.gone == []
        process.communicate(b"\n")
    assert servers.gone == ["it"]
    assert servers.look().keys() == before.keys()
    assert usage(process.pid) is None
