"""Measures what `padfleet plan` has to know besides the other benchmarks.

* turns: pads with one reader each; a revision on each, all at once: what it costs a worker to learn
  of a revision and to have its turn, with hardly a socket to send it to;
* pings: idle sockets, pinged often: what each ping costs a worker, and what the writer and Redis
  take when nobody types;
* light loads: people who write as they do, at rates at which writers and Redis wake up for nearly
  every revision: what that costs all three;
* stored: bytes of Redis for each revision, by itself and in a chunk, and for each pad; bytes of the
  writer for each pad that it holds, and of the worker for each revision that it holds.
"""

import sys
import time
from collections.abc import Sequence

from padfleet.services.tools.plan.calibrate import LIGHT
from tests.benchmarks.figures import Report, cpu_seconds, parser, resident_bytes
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import IN_STEP, Rig, ready
from tests.benchmarks.sink import EMBEDDED, NAP, Sink
from tests.eventually import eventually_sync

PING_SECONDS = 0.5
"""Between two pings of a socket: often, so that they stand out of what else a worker does."""

KEEP = {"PADFLEET_KEEP_REVISIONS": "200"}
"""So that old revisions are packed soon."""

PER_CALL = 200

LIGHT_LOADS = (
    (10, 200, 1.0),
    (1, 100, 0.2),
    (1, 100, 1.5),
    (1, 250, 2.0),
    (50, 250, 0.4),
    (40, 400, 2.0),
)
"""Pads, editors, and edits per second of each: other loads than those that the simulation is
compared with."""


def main(argv: Sequence[str] | None = None) -> None:
    args = parser(__doc__ or "").parse_args(argv)
    raise_file_limit()
    report = Report("costs")
    for _ in range(1 if args.short else args.repeat):
        _turns(report, pads=20 if args.short else 300, rounds=5 if args.short else 60)
        _pings(report, sockets=50 if args.short else 3000, seconds=1.0 if args.short else 8.0)
        for load in LIGHT_LOADS[:1] if args.short else LIGHT_LOADS:
            _light(report, *load, seconds=2 if args.short else 8)
        _stored(report, revisions=1500 if args.short else 8000, pads=20 if args.short else 1000)
    report.notes.append(
        "All processes and the clients share the machine's cores; what counts is CPU time."
    )
    report.finish(args.out)


def _turns(report: Report, *, pads: int, rounds: int) -> None:
    names = [f"turn{number}" for number in range(pads)]
    with Rig(settings=IN_STEP) as rig, Sink(rig.worker.port, per_pad=1, nap=NAP) as sink:
        rig.create(names)
        sink.ready(ready("turn%p"))
        sink.open(pads, timeout=120).check()
        pids = {"worker": rig.worker.process.pid, "writer": rig.fleet.writers[0].process.pid}
        pids["Redis"] = rig.redis_pid
        before = {name: cpu_seconds([pid]) for name, pid in pids.items()}
        for number in range(rounds):
            rig.type_on_each(names)
            sink.wait_rev(number + 1)
        sink.report().check()
        for name, pid in pids.items():
            spent = (cpu_seconds([pid]) - before[name]) / (pads * rounds)
            _add(report, f"one revision on each of {pads} pads", f"CPU-µs of {name}", spent * 1e6)


def _pings(report: Report, *, sockets: int, seconds: float) -> None:
    settings = {"PADFLEET_PING_INTERVAL_MS": str(round(PING_SECONDS * 1000))}
    with Rig(settings=settings) as rig, Sink(rig.worker.port, path=EMBEDDED, nap=NAP) as sink:
        rig.create(["idle"])
        sink.ready(ready("idle", author="everybody"))
        sink.open(sockets, timeout=120).check()
        pids = list(rig.pids.values())
        pings, before = sink.report().pings, [cpu_seconds([pid]) for pid in pids]
        began = time.monotonic()
        # Not a condition that is waited for: so long is measured.
        while time.monotonic() < began + seconds:
            time.sleep(0.1)
        answered, took = sink.report().pings - pings, time.monotonic() - began
        worker, writer, redis = (
            cpu_seconds([pid]) - used for pid, used in zip(pids, before, strict=True)
        )
        _add(report, f"{sockets:,} idle sockets", "CPU-µs for each ping", worker / answered * 1e6)
        _add(report, "an idle fleet", "cores of writer", writer / took)
        _add(report, "an idle fleet", "cores of Redis", redis / took)


def _light(report: Report, pads: int, editors: int, rate: float, *, seconds: int) -> None:
    words = ["--authors", str(editors), "--pads", str(pads), "--rate", str(rate)]
    words += ["--arrivals", "poisson", "--join-rate", "150"]
    words += ["--warmup", "2s", "--duration", f"{seconds}s"]
    with Rig() as rig:
        (step,) = rig.load_test(*words)
    counts, took = step["tally"]["counts"], step["seconds"]
    cpu = {name: spent["cpu_s"] for name, spent in step["servers"].items()}
    sample = {"case": LIGHT, "pads": pads, "sockets": editors, "connected": step["connected"]}
    report.samples.append(sample | {"seconds": took, "counts": counts, "cpu": cpu})
    for name, spent in cpu.items():
        case = f"{LIGHT}: {editors} editors on {pads} pads at {rate:g}/s each"
        _add(report, case, f"cores of {name}", spent / took)


def _stored(report: Report, *, revisions: int, pads: int) -> None:
    with Rig(settings=KEEP) as rig, Sink(rig.worker.port, per_pad=1, nap=NAP) as sink:
        writer, before = rig.fleet.writers[0].process.pid, rig.used_by_redis()
        resident = resident_bytes(writer)
        _add(report, "a writer", "bytes without pads", float(resident))
        names = [f"stored{number}" for number in range(pads)]
        rig.create(names)
        _add(report, "a pad", "bytes of Redis", (rig.used_by_redis() - before) / pads)
        _add(report, "a pad", "bytes of the writer", (resident_bytes(writer) - resident) / pads)
        # A worker that holds pads, then revisions of each.
        held = 10
        sink.ready(ready("stored%p"))
        sink.open(held, timeout=120).check()
        resident = resident_bytes(rig.worker.process.pid)
        for count in range(0, 800, PER_CALL):
            rig.type_on_each(names[:held], PER_CALL)
            sink.wait_rev(count + PER_CALL)
        grown = resident_bytes(rig.worker.process.pid) - resident
        _add(report, "a revision", "bytes of a worker", grown / held / 800)
        for _ in range(0, revisions, PER_CALL):
            rig.type_on_each(names[-1:], PER_CALL)
        rig.committed(names[-1:])
        # A thousand at a time are packed, after the commit that is told.
        eventually_sync(lambda: rig.size_of_history(names[-1])[1] > 0, "packed", timeout=30)
        kept, packed = rig.size_of_history(names[-1])
        _add(report, "a revision", "bytes of Redis, kept by itself", kept)
        _add(report, "a revision", "bytes of Redis, in a chunk", packed)


def _add(report: Report, case: str, unit: str, value: float) -> None:
    report.add(case, unit, value)
    print(f"{case}: {value:,.2f} {unit}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
