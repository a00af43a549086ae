"""Measures what most pads are like, with a few people on each: what that costs, and how long it
takes.

Each load is put on all sides in turn by `padfleet loadtest`: on fleets of this checkout with an
embedded Redis, one with a worker and a writer apart, and one with a node, which is both; on one of
another checkout (`--other`), apart; and on an Etherpad that runs on this machine already
(`--etherpad`; docs/loadtest.md says how to set it up). Cost is CPU time of all processes of the
server, Redis included.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure, Report, cpu_seconds_exactly, parser, readable
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.sides import (
    BadSide,
    EtherpadSide,
    FleetSide,
    Running,
    Side,
    etherpad,
    other,
    started,
)
from tests.fleet import ROOT

CPU = "cores of the server"
"""The cores that are used: 0.5 is half of one."""

PER_COMMIT = "CPU-ms for a commit"

SETTLING = 5.0
"""How many seconds pass between the start of a fleet and the measurement of its idle cost."""


@dataclass(frozen=True, slots=True)
class Load:
    """A load that is put on a server."""

    name: str
    title: str
    authors: int = 0
    pads: int = 1
    rate: float = 0.0  #: edits a second of each author
    readers: int = 0
    join_rate: int = 100
    """The joins per second. An Etherpad lets authors go when others join while they type, so those
    of one pad join nearly at once."""
    workers: int = 1  #: of a fleet
    scales: bool = False  #: is also run at the other rates that are asked for
    seconds: float = 12.0  #: measured
    of_fleets: bool = False  #: no Etherpad can take it, or be compared

    def at(self, times: float) -> "Load":
        """Returns the same load at so many times the rate."""
        if times == 1:
            return self
        return replace(self, rate=self.rate * times, title=f"{self.title} × {times:g}")

    def shortened(self) -> "Load":
        """Returns a tenth of everybody, for two seconds."""
        few = {name: -(-getattr(self, name) // 10) for name in ("authors", "pads", "readers")}
        return replace(self, **few, seconds=2.0)


LOADS = [
    Load("alone", "150 authors, each alone on a pad, 2/s", 150, 150, 2.0, scales=True),
    Load("few", "10 pads with 5 authors, 2/s", 50, 10, 2.0, scales=True),
    Load("meeting", "one pad, 24 authors, 2/s", 24, 1, 2.0, join_rate=1000, scales=True),
    Load("limit", "one pad, 32 authors, 5/s", 32, 1, 5.0, join_rate=1000),
    Load("many", "500 authors, each alone on a pad, 5/s", 500, 500, 5.0),
    Load("crowd", "one pad, 800 editors, 0.2/s", 800, 1, 0.2, of_fleets=True),
    Load("idle", "nobody; 1 writer, 2 workers", workers=2, seconds=30.0, of_fleets=True),
    Load("sockets", "1,000 idle sockets on 100 pads", pads=100, readers=1_000, seconds=30.0),
]


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument("--load", action="append", choices=[load.name for load in LOADS])
    options.add_argument(
        "--times",
        type=float,
        action="append",
        help="also at so many times the rate, as 0.1 or 3; may be given several times",
    )
    options.add_argument("--etherpad", metavar="URL,PID", help="one that runs on this machine")
    options.add_argument(
        "--other", type=Path, action="append", default=[], metavar="CHECKOUT", help="of ours"
    )
    args = options.parse_args(argv)
    raise_file_limit()
    try:
        sides = _sides(args)
    except BadSide as error:
        raise SystemExit(str(error)) from error
    loads = chosen(LOADS, args.load, args.times or [], short=args.short)
    report = Report("everyday")
    for _ in range(1 if args.short else args.repeat):
        for load in loads:
            for side in sides:
                _run(report, load, side)
    report.notes += [comparison(report, loads, sides), NOTE]
    report.finish(args.out)


NOTE = (
    "ack: from the moment when an edit was due to its ACCEPT_COMMIT at its author. delivery: from "
    "the commit to each other socket, by the server's clock, in whole ms. Rig and servers share "
    "the machine's cores."
)


def _sides(args: argparse.Namespace) -> list[Side]:
    """Raises `BadSide`."""
    sides: list[Side] = [etherpad(args.etherpad)] if args.etherpad else []
    ours = [FleetSide("padfleet, apart"), FleetSide("padfleet", node=True)]
    return [*sides, *map(other, args.other), *ours]


def chosen(
    loads: Sequence[Load], names: Sequence[str] | None, times: Sequence[float], *, short: bool
) -> list[Load]:
    """Returns the loads of these names, or all; those that scale are also returned at so many times
    their rate."""
    found = [
        load.at(factor)
        for load in loads
        if not names or load.name in names
        for factor in (1, *(times if load.scales else ()))
    ]
    return [load.shortened() for load in found] if short else found


# --- Running -------------------------------------------------------------------------------------


def _run(report: Report, load: Load, side: Side) -> None:
    if load.of_fleets and isinstance(side, EtherpadSide):
        return
    with started(side, load.workers) as server:
        if load.authors or load.readers:
            step = _put_on(load, server, side)
            sample, values = step, figures_of(load, step)
        else:
            sample = {"cpu_s": _idle(load, server), "seconds": load.seconds}
            values = {CPU: sample["cpu_s"] / load.seconds}
        case = case_of(load, side)
        for unit, value in values.items():
            report.add(case, unit, value)
        report.samples.append({"case": case, **sample})
        told = ", ".join(f"{unit} {readable(value)}" for unit, value in values.items())
        print(f"{case}: {told}", file=sys.stderr, flush=True)
        report.notes += [f"{case}: {note}." for note in notes_on(load, sample)]


def command_of(load: Load, server: Running, folder: str) -> list[str]:
    """Returns the command of the load test, which is that of this checkout whatever it is put
    on."""
    command = [sys.executable, "-m", "padfleet", "loadtest", "--out", folder]
    for url in server.urls:
        command += ["--url", url]
    command += ["--authors", str(load.authors), "--readers", str(load.readers)]
    command += ["--pads", str(load.pads), "--rate", f"{load.rate:g}"]
    command += ["--join-rate", str(load.join_rate)]
    command += ["--warmup", "3", "--duration", f"{load.seconds:g}s"]
    for name, pid in server.pids.items():
        command += ["--pid", f"{name}={pid}"]
    return command


def _put_on(load: Load, server: Running, side: Side) -> dict[str, Any]:
    """Returns the load test's only step. Raises RuntimeError if our clients got something wrong."""
    with tempfile.TemporaryDirectory(prefix="padfleet-") as folder:
        command = command_of(load, server, folder)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        written = Path(folder) / "report.json"
        if not written.exists() or (done.returncode and not isinstance(side, EtherpadSide)):
            raise RuntimeError(f"{load.title}, {side.name}: {done.stderr}{done.stdout}")
        found = json.loads(written.read_text())
        step: dict[str, Any] = found["steps"][0]
        return step


def _idle(load: Load, server: Running) -> float:
    """Returns the CPU seconds of a fleet that nobody is on."""
    time.sleep(SETTLING)
    pids = list(server.pids.values())
    before = cpu_seconds_exactly(pids)
    time.sleep(load.seconds)
    return cpu_seconds_exactly(pids) - before


# --- Figures -------------------------------------------------------------------------------------


def case_of(load: Load, side: Side) -> str:
    return f"{load.title}: {side.name}"


def figures_of(load: Load, step: dict[str, Any]) -> dict[str, float]:
    """Returns the figures by unit; `step` is from a report.json."""
    seconds, accepted = step["seconds"], step["tally"]["counts"]["accepted"]
    cpu = sum(server["cpu_s"] for server in step["servers"].values())
    values = {CPU: cpu / seconds}
    if accepted:
        values[PER_COMMIT] = 1000 * cpu / accepted
        values["commits/s"] = accepted / seconds
        values["commits/server CPU-s"] = accepted / cpu if cpu else 0.0
    told = ["ack"] if load.authors else []
    # Nothing is delivered to somebody who is alone on a pad.
    told += ["delivery"] if load.authors > load.pads else []
    for what in told:
        for percentile in ("p50", "p95"):
            values[f"ms {what} {percentile}"] = step["summary_ms"][what][percentile] or 0.0
    if load.authors:
        for name, server in step["servers"].items():
            values[f"cores {name}"] = server["cpu_s"] / seconds
    return values


def notes_on(load: Load, sample: dict[str, Any]) -> list[str]:
    """Returns what to know before comparing the load."""
    notes = []
    if saturated := sample.get("saturated"):
        notes.append(f"the rig was saturated ({'; '.join(saturated)})")
    clients = load.authors + load.readers
    if (left := sample.get("connected", clients)) < clients:
        notes.append(f"only {left} of {clients} clients were left")
    return notes


def comparison(report: Report, loads: Sequence[Load], sides: Sequence[Side]) -> str:
    """Returns Markdown with a line for each load and unit that several sides have, and a column for
    each side; it has medians, with the least and the greatest in brackets."""
    figures = {(figure.case, figure.unit): figure for figure in report.figures}
    heads = " | ".join(side.name for side in sides)
    rows = [f"| load | unit | {heads} |", "|---|---|" + "--:|" * len(sides)]
    for load in loads:
        cases = [case_of(load, side) for side in sides]
        units = dict.fromkeys(f.unit for f in report.figures if f.case in cases)
        for unit in units:
            found = [figures.get((case, unit)) for case in cases]
            if len([figure for figure in found if figure is not None]) > 1 or len(sides) == 1:
                rows.append(f"| {load.title} | {unit} | {' | '.join(map(_cell, found))} |")
    return "\n".join(rows)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    low, high = readable(min(figure.values)), readable(max(figure.values))
    return f"{readable(figure.median)} ({low}–{high})"


if __name__ == "__main__":
    main()
