"""Puts a fleet under a handful of the attacks of `make attack`; no time is asserted here."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.attack import report
from tests.attack.arena import arena
from tests.attack.attack import Attack
from tests.attack.catalogue import ATTACKS, ON_NODES
from tests.attack.drivers import BREACH, Tally, Target
from tests.attack.judge import Growth, Latency, Result, faults, worst
from tests.attack.standstill import Standstill

SHORT = [attack for attack in ATTACKS.values() if attack.short]
SHORT_ON_NODES = [attack for attack in ON_NODES if attack.short]
SHORT_S = 1.0
"""How many seconds each of them goes on, even the longer ones."""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("of_nodes", [False, True], ids=["tiers", "nodes"])
async def test_bystanders_are_served_and_nothing_is_kept(tmp_path: Path, *, of_nodes: bool) -> None:
    """Nothing may be wrong with any process, task or log. How long anybody waits meanwhile depends
    on the machine: if it is busy with other things, leases run out and bystanders lose connections,
    with or without an attack. So they only have to be served again when it is over."""
    found: dict[str, list[str]] = {}
    async with arena(tmp_path, of_nodes=of_nodes) as besieged:
        for attack in SHORT_ON_NODES if of_nodes else SHORT:
            result = await besieged.run(attack, seconds=SHORT_S)
            wrong = [*faults(result, attack, calm=None), *await besieged.served()]
            if wrong:
                found[attack.name] = wrong
    assert not found


# --- What counts as a fault ----------------------------------------------------------------------


async def _nothing(target: Target, tally: Tally) -> None:
    """Attacks nobody."""


ATTACK = Attack("none", _nothing, {"closed": 3}, peak_mb=100, redis_mb=50, keys=100, keys_left=10)
NO_GROWTH = Growth(0, 0)
EDITS = Latency(100, 5, 20, 30)
HELD = Result(
    name="none",
    clients=1,
    seconds=5,
    outcome={"closed": 3},
    edits=EDITS,
    errands=10,
    failed={},
    slowest_ms=20,
    hold_ms=10,
    memory={"fanout-1": NO_GROWTH, "writer-1": NO_GROWTH, "helpers": NO_GROWTH},
    redis_mb=NO_GROWTH,
    keys=NO_GROWTH,
)
FAULTY = {
    "a breach": {"outcome": {"closed": 3, f"{BREACH}/metrics": 1}},
    "an attack that is none": {"outcome": {"429": 100, "closed": 2}},
    "no edit": {"edits": Latency(0, 0, 0, 0)},
    "an errand refused": {"failed": {"export: 503": 1}},
    "a large worker": {"memory": HELD.memory | {"fanout-1": Growth(101, 0)}},
    "a worker that stays large": {"memory": HELD.memory | {"fanout-1": Growth(99, 99)}},
    "large helpers": {"memory": HELD.memory | {"helpers": Growth(2000, 0)}},
    "a large Redis": {"redis_mb": Growth(51, 0)},
    "a Redis that stays large": {"redis_mb": Growth(49, 49)},
    "keys": {"keys": Growth(101, 0)},
    "keys that stay": {"keys": Growth(99, 11)},
    "slow edits": {"edits": Latency(100, 5, 251, 300)},
    "a dead process": {"broken": ["writer-1 has ended"]},
}


def test_nothing_is_wrong_with_what_held() -> None:
    assert not faults(HELD, ATTACK, EDITS)


@pytest.mark.parametrize("kind", FAULTY)
def test_each_kind_of_fault_is_one(kind: str) -> None:
    assert len(faults(replace(HELD, **FAULTY[kind]), ATTACK, EDITS)) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [kind for kind in FAULTY if kind != "a worker that stays large"])
@pytest.mark.parametrize("at", range(3))
def test_what_was_wrong_with_one_of_three_runs_is_told(kind: str, at: int) -> None:
    runs = [HELD] * 3
    runs[at] = replace(HELD, **FAULTY[kind])  # type: ignore[arg-type]
    assert faults(worst(runs, ATTACK), ATTACK, EDITS) == faults(runs[at], ATTACK, EDITS)


def test_what_an_allocator_keeps_is_no_fault_unless_it_grows_each_time() -> None:
    large = replace(HELD, memory=HELD.memory | {"fanout-1": Growth(99, 99)})
    again = replace(HELD, memory=HELD.memory | {"fanout-1": Growth(50, 5)})
    assert not faults(worst([large, again], ATTACK), ATTACK, EDITS)
    assert len(faults(worst([large, large, large], ATTACK), ATTACK, EDITS)) == 1


def test_times_are_compared_on_a_quiet_machine_and_for_single_clients_only() -> None:
    slow = replace(HELD, edits=Latency(100, 5, 251, 300))
    assert not faults(slow, ATTACK, None)
    assert not faults(slow, ATTACK, Latency(100, 5, 100, 300))
    assert not faults(slow, replace(ATTACK, clients=20), EDITS)
    assert not faults(replace(slow, others=0.3), ATTACK, EDITS)
    assert faults(replace(slow, others=0.2), ATTACK, EDITS) == ["p99 251 ms"]


def test_helpers_keep_what_they_took_until_they_end() -> None:
    large = Growth(99, 99)
    assert not faults(replace(HELD, memory=HELD.memory | {"helpers": large}), ATTACK, EDITS)
    assert faults(replace(HELD, memory=HELD.memory | {"writer-1": large}), ATTACK, EDITS)


def test_a_shortened_attack_counts_what_does_not_depend_on_the_machine() -> None:
    slow = replace(HELD, failed={"connection lost": 1}, outcome={"closed 1008": 1})
    assert not faults(slow, ATTACK, None)
    assert len(faults(slow, ATTACK, EDITS)) == 2
    assert faults(replace(slow, outcome={"429": 3}), ATTACK, None) == [
        "no attack: 'closed' ×0, not 1 at least"
    ]


def test_latency_is_of_the_edits_that_came_through() -> None:
    assert Latency.of([]).count == 0
    assert Latency.of([0.01]) == Latency(1, 10, 10, 10)
    many = Latency.of([number / 1000 for number in range(1, 101)])
    assert (round(many.p50), round(many.p99), many.most) == (50, 99, 100)


def test_the_table_goes_between_the_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "security.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    monkeypatch.setattr(report, "PAGE", page)
    report.into_the_page(report.text([(HELD, []), (HELD, ["a|b"])], EDITS, ["another"]))
    written = page.read_text()
    assert written.startswith(f"before\n{report.BEGIN}\n2 attacks on one writer, two workers, on")
    assert written.endswith(f"left for: another.\n{report.END}\nafter\n")
    assert "| held |" in written
    assert "| a/b |" in written
    assert "old" not in written


def test_some_of_the_attacks_on_nodes_are_short() -> None:
    assert 2 <= len(SHORT_ON_NODES) < len(ON_NODES)


def test_a_machine_that_stood_still_is_named() -> None:
    row = partial(report.row, faults=[])
    assert row(HELD).endswith("| held |")
    assert "the machine stood still for 1400 ms" in row(replace(HELD, stood_ms=1400))
    assert "times say nothing" in row(replace(HELD, stood_ms=1400, others=0.5))
    assert worst([HELD, replace(HELD, stood_ms=1400)], ATTACK).stood_ms == 1400


def test_a_process_that_is_stopped_takes_the_machine_for_stopped() -> None:
    """It cannot tell the difference, and a machine cannot be stopped for a test."""
    with closing(Standstill()) as standstill:
        standstill.longest_ms()
        sleeper = psutil.Process(standstill._sleeper.pid)
        sleeper.suspend()
        time.sleep(0.5)
        sleeper.resume()
        assert standstill.longest_ms() > 400


def test_the_page_has_the_marks() -> None:
    page = report.PAGE.read_text()
    assert page.count(report.BEGIN) == page.count(report.END) == 1
