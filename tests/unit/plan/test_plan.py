"""Tests `padfleet plan`: the model's properties, and that the limit that it names is the binding
one."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.services.tools.plan.__main__ import main
from padfleet.services.tools.plan.constants import (
    NAMES,
    BadConstants,
    Constants,
    dump,
    load,
    parse,
    unit_of,
)
from padfleet.services.tools.plan.demand import BadDemand, Demand, Goal, HotPad
from padfleet.services.tools.plan.figures import fit
from padfleet.services.tools.plan.layout import pads_of, workers_of
from padfleet.services.tools.plan.plan import plan
from padfleet.services.tools.plan.rhythm import BusyRoom, rhythm
from padfleet.shared.flushes import steady_rate
from padfleet.shared.settings import FanoutSettings
from tests.examples import examples

CONSTANTS, PROVENANCE = load()
SMALL = Demand(10_000, 500, 500, 0.5)
LARGE = Demand(1_000_000, 20_000, 30_000, 0.2)
WHAT = ("workers", "writers", "redis", "nodes")


def run(capsys: pytest.CaptureFixture[str], text: str) -> tuple[int, str, str]:
    code = main(text.split())
    told = capsys.readouterr()
    return code, told.out, told.err


# --- People --------------------------------------------------------------------------------------


@given(
    pads=st.integers(1, 5000),
    more=st.integers(0, 100_000),
    editors=st.floats(0, 1),
    skew=st.floats(0, 3),
)
def test_everybody_is_on_a_pad_once(pads: int, more: int, editors: float, skew: float) -> None:
    demand = Demand(pads + more, pads, int((pads + more) * editors), 1.0, skew=skew)
    found = pads_of(demand)
    assert sum(p.count for p in found) == pytest.approx(pads)
    assert sum(p.count * p.sockets for p in found) == pytest.approx(demand.sockets)
    assert sum(p.count * p.editors for p in found) == pytest.approx(demand.editors)
    assert all(p.sockets >= 1 and p.editors <= p.sockets * (1 + 1e-9) for p in found)


def test_a_hot_pad_is_among_them() -> None:
    hot, *others = pads_of(replace(LARGE, hot=HotPad(100_000, 3000)))
    assert (hot.sockets, hot.editors, hot.hot) == (100_000, 3000, True)
    assert sum(p.count * p.sockets for p in others) == pytest.approx(900_000)
    assert sum(p.count for p in others) == 19_999


@given(sockets=st.integers(1, 100_000), workers=st.integers(1, 2000), gathered=st.booleans())
def test_a_pad_is_on_some_workers_and_not_on_more_than_there_are(
    sockets: int, workers: int, gathered: bool
) -> None:
    (pads,) = pads_of(Demand(sockets, 1, 0, 0))
    found = workers_of(pads, sockets, workers, gathered=gathered)
    assert 1 - 1e-9 <= found <= workers + 1e-9


# --- The rhythm of a busy pad --------------------------------------------------------------------


@settings(max_examples=examples(300))
@given(sockets=st.floats(1, 50_000), revisions=st.floats(0.1, 3000))
def test_flushes_keep_to_their_rate_and_carry_everything(sockets: float, revisions: float) -> None:
    found = rhythm(BusyRoom(sockets, 0, revisions), CONSTANTS, 262)
    assert 0 < found.flushes <= steady_rate(FanoutSettings.flush_rate, found.flush_s) * (1 + 1e-6)
    assert found.flushes <= found.announced * (1 + 1e-9)
    assert found.flushes * found.batch >= revisions * (1 - 1e-6)
    assert found.p95_s > 0


def test_a_quiet_pad_does_not_wait() -> None:
    found = rhythm(BusyRoom(3, 0.2, 0.2), CONSTANTS, 262)
    assert found.batch == pytest.approx(1, abs=0.01)
    assert found.p95_s < 0.005


# --- The plan ------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    sockets=st.integers(1000, 2_000_000),
    factor=st.floats(1, 10),
    editors=st.floats(0, 0.1),
    rate=st.floats(0, 1),
)
def test_more_people_never_need_less(
    sockets: int, factor: float, editors: float, rate: float
) -> None:
    """The same pads and editors, with more who read."""
    few = Demand(sockets, 500, int(sockets * editors), rate, skew=0)
    many = replace(few, sockets=int(sockets * factor))
    goal = Goal(latency_s=2.0)
    before, after = plan(few, goal, CONSTANTS), plan(many, goal, CONSTANTS)
    if not before.impossible and not after.impossible:
        # Workers are told of each commit, so what one more costs the others is in this too: a pad
        # on two workers instead of one may save a worker elsewhere.
        assert after.counts["workers"] >= before.counts["workers"] - 1
        assert after.counts["redis"] >= before.counts["redis"]
        assert after.work.deliveries >= before.work.deliveries * (1 - 1e-6)


@pytest.mark.parametrize(
    ("demand", "goal", "what", "binds", "relaxed", "other"),
    [
        (
            LARGE,
            Goal(worker_memory=512 * 2.0**20),
            "workers",
            "memory of a worker",
            {"worker_memory": 2.0**30},
            {"latency_s": 10.0},
        ),
        (
            replace(LARGE, hot=HotPad(100_000, 3000)),
            Goal(),
            "workers",
            "fan-out of the busiest pad",
            {"latency_s": 0.5},
            {"worker_memory": 2.0**32},
        ),
        (
            replace(LARGE, editors=300_000, rate=1.0, skew=0.0),
            Goal(latency_s=5.0),
            "workers",
            "event loop of a worker",
            {"headroom": 0.3},
            {"worker_memory": 2.0**32},
        ),
        (
            LARGE,
            Goal(rejoin_s=4.0),
            "workers",
            "coming back after a zone is lost",
            {"rejoin_s": 8.0},
            {"worker_memory": 2.0**32},
        ),
        (
            replace(LARGE, stored_pads=500_000),
            Goal(),
            "redis",
            "memory of Redis",
            {"redis_memory": 2.0**36},
            {"node_network": 1e12},
        ),
        (
            replace(LARGE, editors=300_000, rate=1.0, skew=0.0),
            Goal(latency_s=5.0),
            "writers",
            "CPU of the writers",
            {"headroom": 0.2},
            {"redis_memory": 2.0**36},
        ),
        (
            replace(LARGE, hot=HotPad(100_000, 3000), compression=False),
            Goal(node_network=5e8),
            "nodes",
            "network of a node",
            {"node_network": 5e9},
            {"node_memory": 2.0**40},
        ),
        (LARGE, Goal(), "nodes", "cores of a node", {"node_cores": 64}, {"node_memory": 2.0**40}),
    ],
)
def test_the_limit_that_is_named_is_the_one_that_binds(
    demand: Demand,
    goal: Goal,
    what: str,
    binds: str,
    relaxed: dict[str, Any],
    other: dict[str, Any],
) -> None:
    found = plan(demand, goal, CONSTANTS)
    assert found.binds(what).name == binds
    assert plan(demand, replace(goal, **relaxed), CONSTANTS).counts[what] < found.counts[what]
    assert plan(demand, replace(goal, **other), CONSTANTS).counts[what] == found.counts[what]


def test_a_pad_with_more_edits_than_one_writer_can_commit_is_impossible() -> None:
    most = plan(SMALL, Goal(), CONSTANTS).commits.most_revisions
    for share, possible in ((0.9, True), (1.1, False)):
        editors = int(most * share / 2)
        found = plan(Demand(20_000, 1, editors, 2.0), Goal(latency_s=60), CONSTANTS)
        reasons = [reason for reason in found.impossible if "one pad's writer" in reason]
        assert bool(reasons) is not possible
        if reasons:
            assert f"{editors * 2:,} revisions a second" in reasons[0]
            assert f"about {most:,.0f} a second" in reasons[0]


def test_a_target_that_no_number_of_workers_reaches_is_impossible() -> None:
    found = plan(LARGE, Goal(latency_s=0.001), CONSTANTS)
    assert any("fan-out of the busiest pad" in reason for reason in found.impossible)


def test_a_faster_machine_needs_fewer_of_it() -> None:
    slow = plan(LARGE, Goal(), CONSTANTS)
    quick = Constants(
        **{
            name: getattr(CONSTANTS, name) * (0.5 if unit_of(name) == "s" else 1.0)
            for name in NAMES
        }
    )
    fast = plan(LARGE, Goal(), quick)
    assert fast.work.cores < slow.work.cores
    assert fast.commits.writer_cores == pytest.approx(slow.commits.writer_cores / 2)


def test_memory_is_that_of_its_parts() -> None:
    found = plan(LARGE, Goal(), CONSTANTS)
    sockets = LARGE.sockets * CONSTANTS.worker_socket_bytes / found.counts["workers"]
    assert found.worker_bytes > CONSTANTS.worker_process_bytes + sockets
    each = CONSTANTS.redis_pad_bytes + 2000 * CONSTANTS.redis_revision_bytes
    assert found.redis_bytes == pytest.approx(LARGE.pads * each)


MILLION = Demand(5000, 2000, 1000, 0.5, history=300, all_pads=1_000_000)


def test_memory_of_redis_follows_the_pads_that_are_open() -> None:
    two_gib = Goal(redis_memory=2 * 2**30)
    found = plan(MILLION, two_gib, CONSTANTS)
    assert found.counts["redis"] == 1
    assert found.redis_bytes < 2**30
    assert plan(replace(MILLION, pads=4000), two_gib, CONSTANTS).redis_bytes > found.redis_bytes
    all_hot = replace(MILLION, sockets=1_000_000, pads=1_000_000, all_pads=0)
    assert plan(all_hot, two_gib, CONSTANTS).counts["redis"] > 50
    assert found.cold_bytes == pytest.approx(1_000_000 * (4096 + 3000))
    # All of what is open is there once, however many there are.
    few = plan(replace(MILLION, all_pads=2000), two_gib, CONSTANTS)
    assert few.redis_bytes == pytest.approx(
        2000 * (CONSTANTS.redis_pad_bytes + 300 * CONSTANTS.redis_revision_bytes)
    )


def test_open_pads_are_asked_for_beside_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    people = ["--sockets", "5000", "--editors", "1000", "--rate", "0.5"]
    given = [*people, "--pads", "1000000", "--open", "2000", "--history", "300"]
    assert main([*given, "--redis-memory", "2GiB", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["redis"] == 1
    assert (found["demand"]["pads"], found["demand"]["all_pads"]) == (2000, 1_000_000)
    assert main(given) == 0
    printed = capsys.readouterr().out
    assert "2,000 pads of 1,000,000, the others in a cold store" in printed
    assert "PADFLEET_COLD_URL=" in printed


def test_partitions_are_enough_for_every_writer_and_shard_and_a_power_of_two() -> None:
    found = plan(replace(LARGE, editors=500_000, rate=1.0, skew=0.0), Goal(latency_s=9), CONSTANTS)
    assert found.partitions.bit_count() == 1
    assert found.partitions >= 8 * max(found.counts["writers"], found.counts["redis"])


# --- Constants -----------------------------------------------------------------------------------


def test_constants_survive_being_written() -> None:
    again, provenance = parse(dump(CONSTANTS, PROVENANCE), "here")
    assert again == CONSTANTS
    assert provenance == PROVENANCE
    assert all(provenance.sources[field.name] for field in fields(Constants))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "cannot be read"),
        ("{}", "no padfleet-constants/1"),
        ('{"format": "padfleet-constants/1", "constants": {}}', "lacks worker_submission_s"),
        (dump(CONSTANTS, PROVENANCE).replace('"value": ', '"value": -', 1), "from 0 up"),
        (dump(CONSTANTS, PROVENANCE).replace('"value": ', '"value": "x", "v": ', 1), "read"),
    ],
)
def test_constants_that_are_none_are_refused(text: str, why: str) -> None:
    with pytest.raises(BadConstants, match=why):
        parse(text, "there")


def test_a_fit_finds_the_costs_that_made_the_figures() -> None:
    costs = [7e-6, 4e-10, 0.03]
    amounts = [[1000.0 * n, 1e6 * n * n, 1.0] for n in range(1, 8)]
    rows = [(row, sum(a * c for a, c in zip(row, costs, strict=True))) for row in amounts]
    assert fit(rows) == pytest.approx(costs, rel=1e-3)


def test_a_fit_does_not_explain_by_negative_costs() -> None:
    assert all(cost >= 0 for cost in fit([([1.0, 1.0], 1.0), ([1.0, 2.0], 0.5)]))


def test_a_benchmark_that_was_not_run_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, told = run(capsys, f"--calibrate {tmp_path}")
    assert code == 2
    assert "deliveries.json is missing: make bench BENCH=deliveries" in told


# --- The command ---------------------------------------------------------------------------------


def test_the_report_names_counts_limits_and_settings(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "--sockets 10000 --pads 500 --editors 500 --rate 0.5")
    assert code == 0
    for part in ("fan-out workers", "because of:", "PADFLEET_PARTITIONS=32", "/spec/replicas"):
        assert part in text


def test_a_fleet_that_one_process_could_be_is_told_of_nodes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, few, _ = run(capsys, "--sockets 100 --pads 60 --editors 60 --rate 2")
    assert "padfleet node" in few
    _, many, _ = run(capsys, "--sockets 2000 --pads 1000 --editors 2000 --rate 2")
    assert "padfleet node" not in many
    assert not plan(LARGE, Goal(), CONSTANTS).fits_one_process


def test_the_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "--sockets 10000 --pads 500 --editors 500 --rate 0.5 --json")
    data = json.loads(text)
    assert code == 0
    assert set(data["counts"]) == set(data["binds"]) == set(WHAT)
    found = plan(SMALL, Goal(), CONSTANTS)
    assert data["counts"] == found.counts


def test_what_is_impossible_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "--sockets 20000 --pads 1 --editors 19000 --rate 2")
    assert code == 1
    assert "IMPOSSIBLE" in text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "--sockets is missing"),
        ("--sockets 10 --pads 1 --editors 20 --rate 1", "--editors 20 are more than"),
        ("--sockets 10 --pads 20 --editors 2 --rate 1", "--pads 20 are more than"),
        ("--sockets 0 --pads 1 --editors 0 --rate 1", "--sockets 0 has to be at least 1"),
        ("--sockets 9 --pads 1 --editors 1 --rate -1", "--rate -1 has to be at least 0"),
        ("--sockets 9 --pads 1 --editors 1 --rate nan", "--rate nan is not a number"),
        ("--sockets 9 --pads 1 --editors 1 --rate 1 --headroom 1", "--headroom 1 is a share"),
        ("--sockets 9 --pads 1 --editors 1 --rate 1 --latency 5", "is not a time"),
        ("--sockets 9 --pads 1 --editors 1 --rate 1 --node-memory big", "is not a size"),
        ("--sockets 9 --pads 1 --editors 1 --rate 1 --node-network 10", "is not a speed"),
        ("--sockets 9 --pads 2 --editors 1 --rate 1 --hot-editors 1", "without --hot-sockets"),
        ("--sockets 9 --pads 2 --editors 1 --rate 1 --hot-sockets 10", "among --sockets"),
        ("--sockets 9 --pads 1 --editors 1 --rate 1 --hot-sockets 4", "the one pad is the hot"),
        ("--sockets 9 --pads 1 --editors 1 --rate 1 --polling 2", "--polling 2 is a share"),
        ("--sockets 9 --pads 1 --editors 1 --rate 1 --constants /nowhere", "/nowhere"),
    ],
)
def test_what_makes_no_sense_is_refused(
    text: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, told = run(capsys, text)
    assert code == 2
    assert why in told


def test_bad_demands_say_which_flag() -> None:
    with pytest.raises(BadDemand, match="--open 20 are more than --pads 10"):
        Demand(100, 20, 1, 1.0, all_pads=10)
    with pytest.raises(BadDemand, match="--open 20 are more than --sockets 10"):
        Demand(10, 20, 1, 1.0, all_pads=100)
    with pytest.raises(BadDemand, match="--open are those that are open"):
        Demand(10, 20, 1, 1.0)
    with pytest.raises(BadDemand, match="--stored-pads is for a Redis that holds all"):
        Demand(100, 20, 1, 1.0, stored_pads=30, all_pads=40)
    with pytest.raises(BadDemand, match="--skew"):
        Demand(10, 1, 1, 1.0, skew=4)
