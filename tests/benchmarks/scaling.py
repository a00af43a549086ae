"""One pad's sockets on one worker, and the same number shared by two.

Revisions one at a time, each to all sockets before the next is made: revisions × sockets a second,
the time a round takes, and what a delivery costs both workers together. With two cores for workers,
clients, writer and Redis, a second worker has no core of its own: whether the cost stays the same
is what this can tell, how far the speed doubles it cannot.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict

from tests.benchmarks.figures import Report, parser
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import IN_STEP, Rig, ready
from tests.benchmarks.rounds import SAMPLE_CPU, SHORT_SAMPLE_CPU, Side, measure
from tests.benchmarks.sink import EMBEDDED, NAP, Sink

SINKS = 2
"""Processes that take what is sent, as many for one worker as for two."""


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument("--sockets", type=int, help="instead of 2,000 (short: 100)")
    options.add_argument("--cpu", type=float, help="CPU-seconds of a sample (3)")
    args = options.parse_args(argv)
    raise_file_limit()
    sockets = args.sockets or (100 if args.short else 2000)
    cpu = args.cpu or (SHORT_SAMPLE_CPU if args.short else SAMPLE_CPU)
    report = Report("scaling")
    with ExitStack() as stack:
        rig = stack.enter_context(Rig(workers=SINKS, settings=IN_STEP))
        sides = [_side(stack, rig, workers, sockets) for workers in (1, 2)]
        for _ in range(1 if args.short else args.repeat):
            for side in sides:
                sample = measure(side, 1, cpu=cpu)
                case = f"{side.name}, {sockets:,} sockets"
                report.add(case, "deliveries/CPU-s", sample.revisions / sample.cpu)
                report.add(case, "deliveries/s", sample.revisions / sample.wall)
                report.add(case, "ms a round", sample.wall / sample.rounds * 1000)
                report.samples.append({"case": case, **asdict(sample)})
                print(case, sample, file=sys.stderr, flush=True)
    report.finish(args.out)


def _side(stack: ExitStack, rig: Rig, workers: int, sockets: int) -> Side:
    """Returns a pad of its own, with its sockets on the first `workers` workers."""
    pad = f"on-{workers}"
    rig.create([pad])
    members = rig.fleet.workers[:workers]
    sinks = []
    for n in range(SINKS):
        sink = stack.enter_context(Sink(members[n % workers].port, path=EMBEDDED, nap=NAP))
        sink.ready(ready(pad, author="everybody"))
        sink.open(sockets // SINKS, timeout=600).check()
        sinks.append(sink)
    name = "1 worker" if workers == 1 else f"{workers} workers"
    pids = [member.process.pid for member in members]
    return Side(name, pids, sinks, lambda revisions: rig.type(pad, revisions))


if __name__ == "__main__":
    main()
