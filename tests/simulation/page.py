"""Puts figures into docs/capacity.md: what a run has found, between its two marks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from padfleet.services.tools.plan.constants import NAMES, load, unit_of
from padfleet.services.tools.plan.demand import Demand, Goal
from padfleet.services.tools.plan.plan import plan
from padfleet.services.tools.plan.report import lines
from tests.benchmarks.figures import readable

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "capacity.md"
RAW = ROOT / "tests" / "benchmarks" / "results" / "capacity.json"
CHART = ROOT / "docs" / "images" / "capacity.svg"


def put(name: str, text: str) -> None:
    """Puts a text into the page. Raises ValueError if the page has no place for it."""
    page = PAGE.read_text()
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in page or end not in page:
        raise ValueError(f"{PAGE} has no {begin} and {end}")
    before, _, rest = page.partition(begin)
    after = rest.partition(end)[2]
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def keep(name: str, data: Any) -> None:
    """Keeps data beside the results of other runs."""
    raw = json.loads(RAW.read_text()) if RAW.exists() else {}
    raw[name] = data
    RAW.write_text(json.dumps(raw, indent=1) + "\n")


def scenarios(found: list[dict[str, Any]]) -> Iterator[str]:
    yield (
        "| | commit to socket: p50 | p95 | p99 | most | edit to its ACCEPT_COMMIT: p50 | p99 "
        "| a worker's loop, mean | most in a second | cores: workers | writers | Redis "
        "| revisions in a message | delivered/s | out |"
    )
    yield "|---|" + "--:|" * 14
    for run in found:
        delivery, ack, share, cores = (
            run[key] for key in ("delivery_ms", "ack_ms", "worker_share", "cores")
        )
        cells = [
            run["scenario"],
            *(_ms(delivery[name]) for name in ("p50", "p95", "p99", "most")),
            *(_ms(ack[name]) for name in ("p50", "p99")),
            f"{share['mean']:.0%}",
            f"{share['most']:.0%}",
            f"{cores['workers']:,.1f}",
            f"{cores['writers']:.2f}",
            f"{cores['Redis']:.2f}",
            f"{run['revisions_in_a_message']:.1f}",
            f"{run['delivered_per_s'] / 1e6:.2f} M",
            f"{run['bytes_per_s'] * 8 / 1e9:.2f} Gbit/s",
        ]
        yield f"| {' | '.join(cells)} |"


def _ms(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{readable(ms)} ms"


def constants() -> Iterator[str]:
    values, provenance = load()
    yield "| | | from |"
    yield "|---|--:|---|"
    for name in NAMES:
        yield f"| `{name}` | {_value(getattr(values, name), unit_of(name))} | " + (
            f"{provenance.sources[name]} |"
        )
    yield ""
    machine = provenance.machine
    yield (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python "
        f"{machine['python']}; {provenance.date}, constants made at commit {provenance.commit}."
    )


def example() -> Iterator[str]:
    """Yields the plan for the people of the simulation."""
    values, provenance = load()
    yield "```"
    yield from lines(plan(Demand(1_000_000, 20_000, 30_000, 0.2), Goal(), values), provenance)
    yield "```"


def _value(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / 2**20:,.1f} MiB" if value >= 2**20 else f"{value:,.0f} bytes"
    if unit == "cores":
        return f"{value:.3f} cores"
    if unit == "share":
        return f"{value:.3f}"
    return f"{value * 1e6:,.1f} µs" if value >= 1e-7 else f"{value * 1e9:,.2f} ns"
