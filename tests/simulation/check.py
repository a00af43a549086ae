"""Puts a real fleet and the simulated one under the same load, side by side.

One worker, one writer, a Redis, and `padfleet loadtest` as the people; the load points differ from
those that the constants were fitted to. Run it by `python -m tests.simulation.check --out FILE`.
"""

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from padfleet.services.tools.plan.constants import load
from tests.benchmarks.figures import Figure, Report, describe_machine, parser, readable
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import Rig
from tests.simulation.people import People
from tests.simulation.simulation import Simulation

WARM, SECONDS = 3, 10


@dataclass(frozen=True, slots=True)
class Point:
    name: str
    pads: int
    editors: int
    readers: int
    rate: float


POINTS = [
    Point("one pad, 200 editors", 1, 200, 0, 0.2),
    Point("one pad, 300 editors, 700 readers", 1, 300, 700, 1.0),
    Point("20 pads, 400 editors, 600 readers", 20, 400, 600, 1.0),
    Point("one pad, 2,000 editors", 1, 2000, 0, 0.2),
]
SHORT = [Point("2 pads, 10 editors, 10 readers", 2, 10, 10, 1.0)]

FIGURES = (
    "revisions/s",
    "worker, cores",
    "writer, cores",
    "Redis, cores",
    "messages/s",
    "revisions in a message",
    "delivery p50, ms",
    "delivery p95, ms",
    "ack p50, ms",
    "ack p95, ms",
)


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument(
        "--real",
        type=Path,
        metavar="FILE",
        help="take the real side from what an earlier run has written, and simulate anew",
    )
    args = options.parse_args(argv)
    report = Report("a real fleet and the simulated one")
    if args.real is not None:
        _keep_real(report, json.loads(args.real.read_text()))
    else:
        raise_file_limit()
    for turn in range(1 if args.short else args.repeat):
        for point in SHORT if args.short else POINTS:
            if args.real is None:
                _add(report, point, "real", real(point))
            _add(report, point, "simulated", simulated(point, turn))
    report.finish(args.out)


def _add(report: Report, point: Point, side: str, found: dict[str, float]) -> None:
    for name in FIGURES:
        report.add(f"{point.name}, {side}", name, found[name])
    print(point.name, side, found, file=sys.stderr, flush=True)


def _keep_real(report: Report, data: dict[str, Any]) -> None:
    report.machine = data["machine"]
    for figure in data["figures"]:
        if figure["case"].endswith(", real"):
            report.figures.append(Figure(**figure))


def real(point: Point) -> dict[str, float]:
    """Measures a real fleet. Raises RuntimeError if a client got something other than it should
    have."""
    words = ["--authors", str(point.editors), "--readers", str(point.readers)]
    words += ["--pads", str(point.pads), "--rate", str(point.rate)]
    words += ["--arrivals", "poisson", "--join-rate", "150"]
    words += ["--warmup", f"{WARM}s", "--duration", f"{SECONDS}s"]
    with Rig() as rig:
        (step,) = rig.load_test(*words)
    counts, seconds, took = step["tally"]["counts"], step["seconds"], step["summary_ms"]
    cores = [step["servers"][name]["cpu_s"] / seconds for name in ("worker", "writer", "redis")]
    figures = [
        counts["accepted"] / seconds,
        *cores,
        counts["change_frames"] / seconds,
        counts["delivered"] / max(1, counts["change_frames"]),
        took["delivery"]["p50"],
        took["delivery"]["p95"],
        took["ack"]["p50"],
        took["ack"]["p95"],
    ]
    return dict(zip(FIGURES, figures, strict=True))


def simulated(point: Point, seed: int) -> dict[str, float]:
    """Returns the simulated figures, with the constants that come with padfleet."""
    constants, _ = load()
    sockets = point.editors + point.readers
    people = People(sockets, point.pads, point.editors, point.rate, skew=0)
    made = Simulation(people, constants, workers=1, writers=1, seed=seed)
    made.run(WARM)
    redis, writer = made.redis_busy, made.writers[0].loop.busy
    end = WARM + SECONDS
    made.run(end)
    found = made.tallies.between(WARM, end)
    others = found.delivered - found.ack.count
    figures = [
        found.committed / SECONDS,
        statistics.mean(made.busy_between(WARM, end)),
        (made.writers[0].loop.busy - writer) / SECONDS,
        (made.redis_busy - redis) / SECONDS,
        found.frames / SECONDS,
        others / max(1, found.frames),
        found.delivery.percentile(0.5) * 1000,
        found.delivery.percentile(0.95) * 1000,
        found.ack.percentile(0.5) * 1000,
        found.ack.percentile(0.95) * 1000,
    ]
    made.settle()
    return dict(zip(FIGURES, figures, strict=True))


def table(data: dict[str, Any]) -> str:
    """Returns the table of what a run has written as JSON."""
    values = {(f["case"], f["unit"]): f["values"] for f in data["figures"]}
    rows = ["| | | real: median (least–greatest) | simulated | off by |", "|---|---|--:|--:|--:|"]
    for point in POINTS + SHORT:
        for name in FIGURES:
            real_ones = values.get((f"{point.name}, real", name))
            if real_ones is None:
                continue
            middle = statistics.median(real_ones)
            made = statistics.median(values[f"{point.name}, simulated", name])
            off = f"{made / middle - 1:+.0%}" if middle else ""
            spread = f"{readable(min(real_ones))}–{readable(max(real_ones))}"
            first = point.name if name == FIGURES[0] else ""
            rows.append(
                f"| {first} | {name} | {readable(middle)} ({spread}) | {readable(made)} | {off} |"
            )
    machine = data.get("machine", describe_machine())
    return "\n".join([*rows, "", f"{machine['processor']}, {machine['time'][:10]}."])


if __name__ == "__main__":
    main()
