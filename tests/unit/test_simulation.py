"""Tests that a small simulated fleet is sound, repeatable, and keeps to the worker's own limits.

Most of these tests rely on `settle`. Each message is inspected when it is sent (each revision has
to be the next one of its socket), and the deliveries are counted against the commits.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.stretches import STRETCH
from padfleet.services.tools.plan.constants import load
from padfleet.services.tools.plan.demand import Demand, Goal
from padfleet.services.tools.plan.layout import pads_of
from padfleet.services.tools.plan.rhythm import BusyRoom, rhythm
from padfleet.services.tools.plan.work import commits, workers_work
from tests.simulation.events import Events, Loop
from tests.simulation.people import People
from tests.simulation.scenarios import SCENARIOS, Scenario, run, small
from tests.simulation.simulation import Simulation
from tests.simulation.tallies import Latencies

CONSTANTS, _ = load()
PEOPLE = People(2000, 40, 200, 0.5)


def simulated(
    people: People = PEOPLE, *, seed: int = 1, rules: PacingRules | None = None
) -> Simulation:
    return Simulation(people, CONSTANTS, workers=4, writers=2, seed=seed, rules=rules)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_I3_everybody_is_sent_every_revision_once_and_in_order(scenario: Scenario) -> None:
    found = run(small(scenario, 500), CONSTANTS, workers=4, writers=2, seed=3)
    assert found["delivered_per_s"] > 0
    assert found["largest_batch"] < 2 * STRETCH
    assert 0 < found["worker_share"]["mean"] <= found["worker_share"]["most"] <= 1.2


def test_a_revision_that_was_left_out_would_be_noticed() -> None:
    made = simulated()
    made.run(2)
    crowd = next(c for g in made.groups for r in g.rooms.values() for c in r.crowds if c.seen)
    crowd.cursor.sent_rev += 1
    crowd.seen += 1
    with pytest.raises(AssertionError):
        made.settle()


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    def figures(seed: int) -> str:
        found = run(small(SCENARIOS[3], 500), CONSTANTS, workers=4, writers=2, seed=seed)
        del found["took_s"], found["seed"]
        return json.dumps(found)

    assert figures(5) == figures(5)
    assert figures(5) != figures(6)


def test_more_readers_take_more_of_the_workers() -> None:
    busy, delivered = [], []
    for sockets in (500, 2000, 8000):
        made = simulated(replace(PEOPLE, sockets=sockets))
        made.run(5)
        made.settle()
        busy.append(sum(worker.loop.busy for worker in made.workers))
        delivered.append(sum(second.delivered for second in made.tallies.seconds))
    assert busy == sorted(busy)
    assert delivered == sorted(delivered)
    assert len({*busy}) == 3


def test_messages_are_as_many_as_the_worker_s_rules_allow() -> None:
    """One pad is always busy: after the burst, its flushes come at the rate of the rules.

    There are enough sockets for a flush to be dear: cheap ones may come more often.
    """
    rules = PacingRules(rate=10.0)
    made = Simulation(
        People(1000, 1, 50, 4.0), CONSTANTS, workers=1, writers=1, seed=2, rules=rules
    )
    made.run(10)
    second = made.tallies.at(9.5)
    assert second.writes / 1000 <= 10 + 1
    assert second.frames < second.delivered / 10
    made.settle()


def test_clients_of_a_killed_worker_come_back_elsewhere() -> None:
    made = simulated()
    gone = made.workers[0]
    there = gone.sockets
    assert there
    made.run(2)
    made.kill(gone)
    made.run(6)
    assert made.tallies.between(0, 6).joins == there
    assert sum(worker.sockets for worker in made.workers) == PEOPLE.sockets
    made.settle()


def test_a_drained_worker_ends_up_empty_without_anybody_missing_anything() -> None:
    made = simulated()
    made.add_worker()
    made.drain(made.workers[0])
    made.run(35)
    assert made.workers[0].sockets == 0
    assert not made.workers[0].rooms
    made.settle()


def test_while_redis_is_away_nothing_is_committed_and_then_all_of_it() -> None:
    made = simulated()
    made.run(3)
    made.fail_over(0, 1, 3.0)
    made.run(8)
    assert made.tallies.between(4, 6).committed == 0
    assert made.tallies.between(3, 6).edits > 0
    made.settle()
    edits = sum(second.edits for second in made.tallies.seconds)
    assert sum(second.committed for second in made.tallies.seconds) == edits


def test_the_plan_reckons_what_the_simulation_finds() -> None:
    """The same people, from formulas and step by step. Pads of 100, each on one worker."""
    demand = Demand(4000, 40, 400, 0.5, skew=0)
    people = People(demand.sockets, demand.pads, demand.editors, demand.rate, skew=0)
    made = Simulation(people, CONSTANTS, workers=2, writers=1, seed=4)
    made.run(3)
    writer = made.writers[0].loop.busy
    made.run(23)
    found = made.tallies.between(3, 23)
    pads = pads_of(demand)
    work = workers_work(pads, demand, Goal(), CONSTANTS, 2)
    made_of = commits(pads, demand, CONSTANTS, 32, work.heard)
    assert found.delivered / 20 == pytest.approx(work.deliveries, rel=0.05)
    assert found.writes / 20 == pytest.approx(work.writes, rel=0.1)
    assert sum(made.busy_between(3, 23)) / 20 == pytest.approx(work.cores, rel=0.15)
    assert (made.writers[0].loop.busy - writer) / 20 == pytest.approx(
        made_of.writer_cores, rel=0.15
    )


def test_the_rhythm_of_a_busy_pad_is_what_its_worker_comes_to() -> None:
    """One pad takes more than its share of the loop. Its flushes and batches follow the formula,
    and the worker's own pacing."""
    people = People(3000, 1, 3000, 0.2)
    made = Simulation(people, CONSTANTS, workers=1, writers=1, seed=4)
    made.run(15)
    found = made.tallies.between(5, 15)
    size = CONSTANTS.wire_revision_bytes
    beat = rhythm(BusyRoom(3000, 600, 600), CONSTANTS, size, compression=True)
    assert found.writes / 10 / 3000 == pytest.approx(beat.flushes, rel=0.2)
    assert found.delivery.percentile(0.95) == pytest.approx(beat.p95_s, rel=0.3)


def test_a_loop_does_one_thing_at_a_time_in_the_order_they_came() -> None:
    events, done = Events(), []
    loop = Loop(events)

    def work(name: str, seconds: float) -> None:
        loop.spend(seconds)
        done.append((name, round(loop.now(), 6)))

    events.at(1.0, lambda: loop.soon(lambda: work("first", 0.5)))
    events.at(1.1, lambda: loop.soon(lambda: work("second", 0.25)))
    loop.later(3.0, lambda: work("timer", 0.0))
    loop.later(2.0, lambda: work("never", 0.0)).cancel()
    events.run(10)
    assert done == [("first", 1.5), ("second", 1.75), ("timer", 3.0)]
    assert loop.busy == pytest.approx(0.75)


def test_percentiles_are_those_of_what_was_added() -> None:
    latencies = Latencies()
    for ms in range(1, 1001):
        latencies.add(ms / 1000)
    for share in (0.5, 0.95, 0.99):
        assert latencies.percentile(share) == pytest.approx(share, rel=0.03)
    assert latencies.most == 1.0
    assert Latencies().percentile(0.5) == 0
