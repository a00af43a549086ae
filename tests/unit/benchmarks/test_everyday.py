"""Tests the everyday benchmarks: which of them run, which arguments the load test gets, and what is
read from its answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from padfleet.services.tools.loadtest.options import parser, run_of
from tests.benchmarks.everyday import (
    CPU,
    LOADS,
    PER_COMMIT,
    Load,
    case_of,
    chosen,
    command_of,
    comparison,
    figures_of,
    notes_on,
)
from tests.benchmarks.figures import Report
from tests.benchmarks.sides import BadSide, EtherpadSide, FleetSide, Running, etherpad, other

PAD = Load("pad", "a pad", authors=6, pads=2, rate=2.0)
ALONE = Load("alone", "alone", authors=2, pads=2, rate=2.0)
READERS = Load("readers", "readers", readers=5)


def step(**servers: float) -> dict[str, Any]:
    latency = {"p50": 3.0, "p95": 9.0}
    return {
        "seconds": 10.0,
        "tally": {"counts": {"accepted": 200}},
        "servers": {name: {"cpu_s": cpu} for name, cpu in servers.items()},
        "summary_ms": {"ack": latency, "delivery": {"p50": None, "p95": 4.0}},
    }


def test_loads_that_scale_are_run_at_each_rate_that_is_asked_for() -> None:
    found = chosen(LOADS, ["alone", "limit"], [0.1, 3], short=False)
    assert [(load.name, load.rate) for load in found] == [
        ("alone", 2.0),
        ("alone", pytest.approx(0.2)),
        ("alone", 6.0),
        ("limit", 5.0),
    ]
    assert len({load.title for load in found}) == 4


def test_without_names_all_are_run() -> None:
    assert chosen(LOADS, None, [], short=False) == LOADS


def test_the_short_form_has_somebody_on_each_pad() -> None:
    for load in chosen(LOADS, None, [], short=True):
        assert load.seconds <= 2
        people = load.authors + load.readers
        assert people >= load.pads or not people


@pytest.mark.parametrize("load", chosen(LOADS, None, [0.1], short=False), ids=lambda x: x.title)
def test_the_load_test_understands_what_it_is_asked(load: Load, tmp_path: Path) -> None:
    if not load.authors + load.readers:
        return
    server = Running(["http://127.0.0.1:1", "http://127.0.0.1:2"], {"redis": os.getpid()})
    words = command_of(load, server, str(tmp_path))
    run = run_of(parser().parse_args(words[words.index("loadtest") + 1 :]))
    assert run.load.urls == ["http://127.0.0.1:1", "http://127.0.0.1:2"]
    assert run.load.pads == load.pads
    (only,) = run.steps
    assert (only.authors, only.readers, only.duration) == (load.authors, load.readers, load.seconds)
    assert only.rate == pytest.approx(load.rate)
    assert run.pids == [("redis", os.getpid())]


def test_cost_is_that_of_all_processes() -> None:
    found = figures_of(PAD, step(worker=1.0, writer=0.5, redis=0.5))
    assert found[CPU] == pytest.approx(0.2)
    assert found[PER_COMMIT] == pytest.approx(10.0)
    assert found["commits/s"] == 20
    assert found["commits/server CPU-s"] == 100
    assert found["cores writer"] == 0.05
    assert (found["ms ack p50"], found["ms ack p95"]) == (3.0, 9.0)
    assert (found["ms delivery p50"], found["ms delivery p95"]) == (0.0, 4.0)


def test_nothing_is_said_of_deliveries_where_everybody_is_alone() -> None:
    assert not [unit for unit in figures_of(ALONE, step(worker=1.0)) if "delivery" in unit]


def test_where_nobody_types_only_the_cost_is_said() -> None:
    quiet = step(worker=0.1)
    quiet["tally"]["counts"]["accepted"] = 0
    assert figures_of(READERS, quiet) == {CPU: pytest.approx(0.01)}


def test_what_makes_a_comparison_doubtful_is_noted() -> None:
    sound = step(worker=1.0) | {"connected": 6, "saturated": []}
    assert notes_on(PAD, sound) == []
    assert notes_on(Load("idle", "idle"), {"cpu_s": 1.0}) == []
    doubtful = notes_on(PAD, sound | {"connected": 5, "saturated": ["late", "busy"]})
    assert doubtful == ["the rig was saturated (late; busy)", "only 5 of 6 clients were left"]


def test_sides_stand_beside_each_other() -> None:
    report = Report("everyday")
    new, old = FleetSide("new"), FleetSide("old")
    for value in (3.0, 1.0, 2.0):
        report.add(case_of(PAD, new), CPU, value)
        report.add(case_of(PAD, old), CPU, value * 10)
    report.add(case_of(PAD, new), "cores writer", 1.0)
    lines = comparison(report, [PAD, ALONE], [old, new]).splitlines()
    assert lines[0] == "| load | unit | old | new |"
    assert lines[2:] == [f"| a pad | {CPU} | 20 (10–30) | 2 (1–3) |"]


def test_an_etherpad_is_named_by_address_and_process() -> None:
    assert etherpad(f"http://127.0.0.1:9001/,{os.getpid()}") == EtherpadSide(
        "http://127.0.0.1:9001", os.getpid()
    )


@pytest.mark.parametrize("text", ["http://127.0.0.1:9001", "9001,12", "http://x,y"])
def test_an_etherpad_that_is_named_otherwise_is_refused(text: str) -> None:
    with pytest.raises(BadSide, match="write its address and process id"):
        etherpad(text)


def test_an_etherpad_that_does_not_run_is_refused() -> None:
    with pytest.raises(BadSide, match="there is no process"):
        etherpad("http://127.0.0.1:9001,99999999")


def test_a_checkout_without_an_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSide, match="make setup"):
        other(tmp_path)


def test_a_checkout_runs_its_own_program(tmp_path: Path) -> None:
    program = tmp_path / "before" / ".venv" / "bin" / "padfleet"
    program.parent.mkdir(parents=True)
    program.touch()
    side = other(tmp_path / "before")
    python = str(program.with_name("python"))
    assert (side.name, side.launcher) == ("before", (python, "-E", str(program)))
