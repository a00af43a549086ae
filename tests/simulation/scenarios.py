"""Defines scenarios: a million sockets on a hundred workers, and what happens to them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from padfleet.services.tools.plan.constants import Constants
from tests.simulation.people import People
from tests.simulation.simulation import Simulation

WARM = 5
"""How many seconds are not counted: the first flushes of all pads."""

MANY = People(1_000_000, 20_000, 30_000, 0.2)
OTHERS = People(900_000, 19_999, 27_000, 0.2)
SHARDS = 2
AWAY = 3.0
"""How many seconds pass until the replica of a Redis has taken over (docs/reliability.md)."""


def _nothing(simulation: Simulation) -> None:
    pass


def _loss(simulation: Simulation) -> None:
    simulation.kill(simulation.workers[0])


def _restart(simulation: Simulation) -> None:
    """Restarts a worker as Kubernetes does with deploy/kubernetes: the new one starts first, and
    then the old one drains."""
    simulation.add_worker()
    simulation.drain(simulation.workers[0])


def _fail_over(simulation: Simulation) -> None:
    simulation.fail_over(0, SHARDS, AWAY)


@dataclass(frozen=True)
class Scenario:
    name: str
    people: People
    seconds: int  #: simulated
    befalls: Callable[[Simulation], None] = _nothing
    at: float = 10.0  #: when it does


SCENARIOS = [
    Scenario("normal load", MANY, 20),
    Scenario("a hot pad, spread", replace(OTHERS, hot=(100_000, 3000)), 15),
    Scenario("a hot pad, gathered", replace(OTHERS, hot=(100_000, 3000), hot_spread=False), 15),
    Scenario("a worker is lost", MANY, 25, _loss),
    Scenario("a worker is restarted", MANY, 50, _restart),
    Scenario("Redis fails over", MANY, 25, _fail_over),
]


def small(scenario: Scenario, by: int) -> Scenario:
    """Returns the same scenario with a share of the people."""
    people = scenario.people
    hot = tuple(max(1, count // by) for count in people.hot) if people.hot else None
    less = replace(
        people,
        sockets=people.sockets // by,
        pads=max(1, people.pads // by),
        editors=people.editors // by,
        hot=(hot[0], hot[1]) if hot else None,
    )
    return replace(scenario, people=less)


def run(
    scenario: Scenario, constants: Constants, *, workers: int, writers: int, seed: int
) -> dict[str, Any]:
    """Returns the figures of one run. Raises AssertionError if anybody was not sent everything,
    once."""
    began = time.perf_counter()
    made = Simulation(scenario.people, constants, workers=workers, writers=writers, seed=seed)
    made.run(WARM)
    busy = [sum(w.loop.busy for w in made.writers), made.redis_busy]
    made.run(scenario.at)
    scenario.befalls(made)
    made.run(scenario.seconds)
    measured = scenario.seconds - WARM
    after = [sum(w.loop.busy for w in made.writers), made.redis_busy]
    whole = made.tallies.between(WARM, scenario.seconds)
    shares = made.busy_between(WARM, scenario.seconds)
    found: dict[str, Any] = {
        "scenario": scenario.name,
        "people": asdict(scenario.people),
        "workers": workers,
        "writers": writers,
        "seed": seed,
        "simulated_s": scenario.seconds,
        "happens_at_s": scenario.at if scenario.befalls is not _nothing else None,
        "delivery_ms": _latencies(whole.delivery),
        "ack_ms": _latencies(whole.ack),
        "delivered_per_s": whole.delivered / measured,
        "committed_per_s": whole.committed / measured,
        "revisions_in_a_message": whole.delivered / max(1, whole.frames + whole.ack.count),
        "largest_batch": whole.largest,
        "bytes_per_s": whole.bytes / measured,
        "joins": whole.joins,
        "worker_share": {
            "mean": statistics.fmean(shares),
            "most": max(shares),
        },
        "cores": {
            "workers": statistics.fmean(shares) * workers,
            "writers": (after[0] - busy[0]) / measured,
            "Redis": (after[1] - busy[1]) / measured,
        },
    }
    found["by_second"] = [
        {
            "p50_ms": second.delivery.percentile(0.5) * 1000,
            "p99_ms": second.delivery.percentile(0.99) * 1000,
            "most_ms": second.delivery.most * 1000,
            "ack_p99_ms": second.ack.percentile(0.99) * 1000,
            "delivered": second.delivered,
            "joins": second.joins,
            "busiest_worker": max(made.shares[number], default=0.0),
        }
        for number, second in enumerate(made.tallies.seconds[: scenario.seconds - 1])
        if number >= WARM
    ]
    made.settle()
    found["took_s"] = time.perf_counter() - began
    return found


def _latencies(latencies: Any) -> dict[str, float]:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    found = {name: latencies.percentile(share) * 1000 for name, share in shares.items()}
    return found | {"most": latencies.most * 1000}
