"""Measures how a worker recovers that has been held up while a crowd types on one pad.

Two parts.

* fleet: the crowd types by `padfleet loadtest`. Once the people are there, the worker is stopped
  (SIGSTOP) for some seconds and then goes on. Meanwhile edits wait for it in its sockets, and
  revisions wait for everybody. *Until acks are as usual* ends with the first second from which on
  the 95th percentile of acknowledgements stays below the limit. The bytes and the worker's CPU time
  are those from when it goes on until then, or until the end if it does not recover. `--other`
  names another checkout of this repository to compare.
* process: the real sessions and flushes of such a pad in one process, on a clock of its own, which
  goes on by the CPU time that flushes take, as if the worker had that share of a core, and by their
  pauses. The result hardly depends on how busy the machine is.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from padfleet.services.fanout.delivery.flush import kernel_seconds
from padfleet.shared.settings import FanoutSettings
from tests.benchmarks.figures import Report, parser
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import Rig
from tests.benchmarks.sides import BadSide, FleetSide, other
from tests.benchmarks.wire import PadInProcess
from tests.eventually import eventually_sync
from tests.fleet import ROOT

USUAL_MS = 300.0
"""Acknowledgements are as usual if their 95th percentile is below this."""

PAUSE_MAX = FanoutSettings.flush_pause_max_ms / 1000

JOINING = 100  #: people a second

PARTS = ("process", "fleet")

SHARES = (0.9, 0.5)
"""The shares of a core that the worker in one process has for fan-out."""


@dataclass(frozen=True, slots=True)
class Size:
    authors: int
    rate: float  #: edits a second of each author
    stopped: float  #: seconds
    watched: float  #: seconds after that
    before: float = 5.0  #: seconds that all type before


FULL = Size(authors=2000, rate=0.2, stopped=5.0, watched=60.0)
SHORT = Size(authors=30, rate=1.0, stopped=2.5, watched=4.0, before=2.0)


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument("--part", choices=PARTS, action="append", help="one of them; all if none")
    options.add_argument("--authors", type=int, help="instead of 2,000 (short: 30)")
    options.add_argument("--rate", type=float, help="edits/s of each, instead of 0.2 (short: 1)")
    options.add_argument("--stopped", type=float, help="seconds, instead of 5 (short: 2.5)")
    options.add_argument("--watched", type=float, help="seconds, instead of 60 (short: 4)")
    options.add_argument("--other", type=Path, metavar="CHECKOUT", help="of ours, compared")
    args = options.parse_args(argv)
    raise_file_limit()
    size = SHORT if args.short else FULL
    given = {name: getattr(args, name) for name in ("authors", "rate", "stopped", "watched")}
    size = replace(size, **{name: value for name, value in given.items() if value is not None})
    report = Report("stall")
    for _ in range(1 if args.short else args.repeat):
        if "process" in (args.part or PARTS):
            for share in SHARES:
                _in_process(report, size, share)
        if "fleet" in (args.part or PARTS):
            for side in _sides(args):
                _run(report, size, side)
    report.notes.append("Clients, worker, writer and Redis share the machine's cores.")
    report.finish(args.out)


def _in_process(report: Report, size: Size, share: float) -> None:
    """Lets all on a pad lack what was typed for some seconds, and flushes until everybody has it
    and lacks no more than at the beginning."""
    rate = size.authors * size.rate
    usual = max(1, round(rate / 20))
    with Path(os.devnull).open("w") as nowhere:
        pad = PadInProcess(
            size.authors, nowhere.fileno(), batching=True, deflated=True, spread=True
        )
        for _ in range(3):
            _type(pad, usual)
            pad.flush()
        due, passed, sent, delivered = rate * size.stopped, 0.0, pad.size, pad.delivered
        flushes = 0
        while passed < size.watched:
            flushes += 1
            _type(pad, round(due))
            cpu, before = pad.cpu, pad.size
            pad.flush()
            took = pad.cpu - cpu + kernel_seconds(size.authors, pad.size - before)
            period = took / share + min(took / share, PAUSE_MAX)
            passed += period
            due = rate * period
            if due <= 2 * usual and pad.lacking == 0:
                break
    case = (
        f"{size.authors:,} sessions at {size.rate:g}/s in one process, {size.stopped:g} s held up, "
        f"{share:g} of a core"
    )
    report.add(case, f"s until nobody lacks more than usual, {size.watched:g} at most", passed)
    report.add(case, "flushes until then", flushes)
    each = (pad.size - sent) / max(1, pad.delivered - delivered)
    report.add(case, "bytes for each revision delivered meanwhile", each)


def _type(pad: PadInProcess, count: int) -> None:
    for _ in range(count):
        pad.type(1)


def _sides(args: argparse.Namespace) -> list[FleetSide]:
    try:
        return [*([other(args.other)] if args.other else []), FleetSide("padfleet")]
    except BadSide as error:
        raise SystemExit(str(error)) from error


def _run(report: Report, size: Size, side: FleetSide) -> None:
    with Rig(launcher=side.launcher, older=not side.has_ops_port()) as rig:
        timeline = _typed(rig, size)
    # The load test has a clock of its own. A worker that is stopped uses no CPU time at all.
    ends = max(entry["t"] for entry in timeline if _measured(entry) and _is_stopped(entry))
    before = [e for e in timeline if e["t"] < ends - size.stopped - 1 and _measured(e)]
    after = [entry for entry in timeline if entry["t"] > ends and _measured(entry)]
    late = [entry["t"] for entry in after if (entry["ack_ms"]["p95"] or 1e9) > USUAL_MS]
    recovered = max(late, default=ends)
    recovering = [entry for entry in after if entry["t"] <= recovered]
    case = f"{size.authors:,} authors at {size.rate:g}/s, {size.stopped:g} s held up: {side.name}"
    found = {
        "s until acks are as usual": recovered - ends,
        "s CPU of the worker meanwhile": _total(recovering, lambda e: e["server_cpu"]["worker"]),
        "MB sent meanwhile": _total(recovering, lambda e: e["bytes_s"]) / 1e6,
        "bytes for each revision delivered meanwhile": (
            _total(recovering, lambda e: e["bytes_s"])
            / max(_total(recovering, lambda e: e["delivered_s"]), 1)
        ),
        "ms ack p95 before": max((e["ack_ms"]["p95"] or 0.0 for e in before), default=0.0),
        "ms ack p95 in the last second": (after[-1]["ack_ms"]["p95"] or 1e9) if after else 0.0,
    }
    for unit, value in found.items():
        report.add(case, unit, value)
        print(f"{case}: {value:,.3f} {unit}", file=sys.stderr, flush=True)
    report.samples.append({"case": case, "stopped_until": ends, "timeline": timeline})


def _measured(entry: dict[str, Any]) -> bool:
    return bool(entry["phase"] == "measuring" and entry["server_cpu"])


def _is_stopped(entry: dict[str, Any]) -> bool:
    return bool(entry["server_cpu"]["worker"] < 0.005)


def _total(entries: Sequence[dict[str, Any]], a_second: Callable[[dict[str, Any]], float]) -> float:
    """Returns the sum over these entries of something that they have for each second."""
    return sum(a_second(entry) * float(entry["seconds"]) for entry in entries)


def _typed(rig: Rig, size: Size) -> list[dict[str, Any]]:
    """Returns the load test's timeline."""
    worker = rig.worker
    duration = size.before + size.stopped + size.watched
    with tempfile.TemporaryDirectory(prefix="padfleet-") as folder:
        command = [sys.executable, "-m", "padfleet", "loadtest", "--url", worker.url]
        command += ["--out", folder, "--authors", str(size.authors), "--rate", f"{size.rate:g}"]
        command += ["--join-rate", str(JOINING), "--warmup", "0", "--duration", f"{duration:g}s"]
        command += ["--pid", f"worker={worker.process.pid}"]
        said = Path(folder) / "said"
        with said.open("w") as log:
            typing = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log)
        try:
            # Those who have not come by then, on a machine that is too busy, are left out.
            eventually_sync(
                lambda: "measuring:" in said.read_text(),
                "the people are there",
                timeout=size.authors / JOINING + 120,
            )
            time.sleep(size.before)
            worker.process.send_signal(signal.SIGSTOP)
            try:
                time.sleep(size.stopped)
            finally:
                worker.process.send_signal(signal.SIGCONT)
            if typing.wait(timeout=size.watched + 120):
                raise RuntimeError(f"the load test: {said.read_text()[-2000:]}")
        finally:
            typing.kill()
            typing.wait()
        found: dict[str, Any] = json.loads((Path(folder) / "report.json").read_text())
    timeline = list(found["timeline"])
    before = 0.0
    for entry in timeline:
        entry["seconds"], before = entry["t"] - before, entry["t"]
    return timeline


if __name__ == "__main__":
    main()
