"""Latency against load, with the load rig: real clients' traffic at real rates.

Each on a fleet of its own with one worker and one writer, rig and all on this machine:

* crowd: one pad, editors at 0.2 edits/s each, more and more of them; beyond: still more, until the
  machine is full;
* original: one pad, 32 authors at 5 edits/s each, as Etherpad's own load test types, and as many as
  Etherpad can take; typing: the same with more;
* pads: each author alone on a pad, 5 edits/s; everyday: the same at 2 edits/s, and so few that each
  edit has a round of its own, from which the costs of a round follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.figures import Report, parser
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import Rig


@dataclass(frozen=True, slots=True)
class Load:
    name: str
    sweep: str
    rate: float
    pads_per_author: bool = False
    join_rate: int = 150
    compression: bool = False
    """Whether the rig offers it, as every page does. What a byte costs is fitted to loads without,
    see `wire`."""


LOADS = [
    Load("crowd", "authors=100..3000:step=725:dwell=10s", 0.2),
    Load("beyond", "authors=3000..5000:step=1000:dwell=10s", 0.2, join_rate=60, compression=True),
    Load("original", "authors=32..32:step=1:dwell=10s", 5.0),
    Load("typing", "authors=100..500:step=200:dwell=10s", 5.0),
    Load("pads", "authors=500..500:step=1:dwell=10s", 5.0, pads_per_author=True),
    Load("everyday", "authors=150..150:step=1:dwell=10s", 2.0, pads_per_author=True),
]

SHORT = [
    Load("crowd", "authors=20..40:step=20:dwell=2s", 0.2),
    Load("typing", "authors=10..10:step=1:dwell=2s", 5.0),
]


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument("--load", action="append", choices=[load.name for load in LOADS])
    args = options.parse_args(argv)
    raise_file_limit()
    report = Report("latency")
    for _ in range(1 if args.short else args.repeat):
        for load in SHORT if args.short else LOADS:
            if not args.load or load.name in args.load:
                for step in _run(load):
                    _add(report, load, step)
    report.notes.append(
        "ack: from the moment when an edit was due to its ACCEPT_COMMIT at its author. delivery: "
        "from the commit to each other socket, by the server's clock. Rig, worker, writer and "
        "Redis share the machine's cores."
    )
    report.finish(args.out)


def _run(load: Load) -> list[dict[str, Any]]:
    """Returns the steps of one run of the rig."""
    words = [] if load.compression else ["--no-compression"]
    words += ["--sweep", load.sweep, "--rate", str(load.rate), "--warmup", "3"]
    words += ["--join-rate", str(load.join_rate)]
    if load.pads_per_author:
        words += ["--pads", load.sweep.partition("=")[2].partition("..")[0]]
    with Rig() as rig:
        return rig.load_test(*words)


def _add(report: Report, load: Load, step: dict[str, Any]) -> None:
    authors = step["authors"]
    place = "a pad each" if load.pads_per_author else "one pad"
    case = f"{authors:,} authors at {load.rate:g}/s, {place}"
    counts, seconds = step["tally"]["counts"], step["seconds"]
    cpu = {name: server["cpu_s"] / seconds for name, server in step["servers"].items()}
    cores = sum(cpu.values())
    summary = step["summary_ms"]
    report.add(case, "ms ack p50", summary["ack"]["p50"] or 0)
    report.add(case, "ms ack p95", summary["ack"]["p95"] or 0)
    if not load.pads_per_author:
        report.add(case, "ms delivery p95", summary["delivery"]["p95"] or 0)
        report.add(case, "delivered/s", counts["delivered"] / seconds)
        report.add(case, "delivered/server CPU-s", counts["delivered"] / seconds / cores)
    report.add(case, "commits/s", counts["accepted"] / seconds)
    report.add(case, "commits/server CPU-s", counts["accepted"] / seconds / cores)
    for name, share in cpu.items():
        report.add(case, f"cores {name}", share)
    report.samples.append({"case": case, **step})
    if step["saturated"]:
        report.notes.append(f"{case}: the rig was saturated ({'; '.join(step['saturated'])}).")


if __name__ == "__main__":
    main()
