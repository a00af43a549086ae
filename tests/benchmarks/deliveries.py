"""How many sockets a CPU-second reaches: the worker, a server in C, and Node's socket.io.

(a) One revision to 200, 1,000 and 5,000 sockets on one pad; (b) 1, 5 and 20 revisions at once to
1,000 sockets that take batches. The worker is a real one: real Socket.IO sessions, revisions
committed by a writer, announced by Redis. The others are told to send the very same message.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from padfleet.services.fanout.requests.client_capabilities import BATCH_ANNOUNCEMENT
from tests.benchmarks.figures import Report, parser
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import IN_STEP, Rig, ready
from tests.benchmarks.rivals import CServer, NodeServer, NoNode
from tests.benchmarks.rounds import SAMPLE_CPU, SHORT_SAMPLE_CPU, Sample, Script, Side, measure
from tests.benchmarks.sink import EMBEDDED, NAP, PATH, Sink

OURS = "padfleet"
C = "C epoll server"
PAD = "deliveries"


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument("--part", choices=("a", "b", "ab"), default="ab", help="which of the two")
    options.add_argument("--sockets", type=int, nargs="+", help="instead of those of (a)")
    options.add_argument("--cpu", type=float, help="CPU-seconds of a sample (3)")
    args = options.parse_args(argv)
    raise_file_limit()
    report = Report("deliveries")
    if "a" in args.part:
        _singles(args, report)
    if "b" in args.part:
        _batches(args, report)
    report.notes.append(
        "Each side in a process of its own, in turn, one message to all sockets at a time. "
        "Clients, Redis and the writer share the cores with the servers, so what counts is CPU "
        "time. It includes the kernel's part of the sending, which on the loopback is also the "
        f"receiving, but not waking the clients: they look every {NAP * 1000:g} ms."
    )
    report.finish(args.out)


def _singles(args: argparse.Namespace, report: Report) -> None:
    sizes = args.sockets or ((50, 200) if args.short else (200, 1000, 5000))
    with _Stage(report) as stage:
        for size in sorted(sizes):
            stage.grow_to(size)
            for _ in range(1 if args.short else args.repeat):
                stage.compare(f"{size:,} sockets", "deliveries/CPU-s", 1, _cpu(args))


def _batches(args: argparse.Namespace, report: Report) -> None:
    size = 50 if args.short else 1000
    with _Stage(report, supports=(BATCH_ANNOUNCEMENT,)) as stage:
        stage.grow_to(size)
        for revisions in (1, 5, 20):
            for _ in range(1 if args.short else args.repeat):
                case = f"{size:,} sockets, batches of {revisions}"
                stage.compare(case, "revisions × sockets/CPU-s", revisions, _cpu(args))


def _cpu(args: argparse.Namespace) -> float:
    return float(args.cpu or (SHORT_SAMPLE_CPU if args.short else SAMPLE_CPU))


class _Stage:
    """All sides, each with as many sockets on it."""

    def __init__(self, report: Report, *, supports: Sequence[str] = ()) -> None:
        self._report = report
        self._supports = supports
        self._stack = ExitStack()
        self._sinks: list[Sink] = []
        self._sides: list[Side] = []
        self._size = 0

    def __enter__(self) -> "_Stage":
        with ExitStack() as stack:
            self._stack = stack
            self._add_ours()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stack.__exit__(*failure)

    def _add_ours(self) -> None:
        rig = self._stack.enter_context(Rig(settings=IN_STEP))
        rig.create([PAD])
        sink = self._sink(rig.worker.port, path=EMBEDDED)
        sink.ready(ready(PAD, author="everybody", supports=self._supports))
        rig.type(PAD)
        rig.committed([PAD])
        ours = Side(
            OURS, [rig.worker.process.pid], [sink], lambda revisions: rig.type(PAD, revisions)
        )
        self._add_rivals(rig.wire_form(PAD))
        self._sides.append(ours)

    def _add_rivals(self, wire: dict[str, Any]) -> None:
        c = self._stack.enter_context(CServer())
        self._sides.append(Side(C, [c.pid], [self._sink(c.port)], Script(wire, c.broadcast).send))
        try:
            node = self._stack.enter_context(NodeServer())
        except NoNode as error:
            self._report.notes.append(f"Without Node's socket.io: {error}.")
            return
        sink = self._sink(node.port)
        each = Script(wire, node.emit)
        room = Script(wire, node.room, each.rev)
        self._sides.append(Side("socket.io, emit to each", [node.pid], [sink], each.send))
        self._sides.append(Side("socket.io, room", [node.pid], [sink], room.send))

    def _sink(self, port: int, *, path: str = PATH) -> Sink:
        sink = self._stack.enter_context(Sink(port, path=path, nap=NAP))
        self._sinks.append(sink)
        return sink

    def grow_to(self, size: int) -> None:
        for sink in self._sinks:
            sink.open(size - self._size, timeout=600).check()
        self._size = size
        for side in self._sides:
            side.round(1)  # what is done once, such as the first frame, is not the cost of a round

    def compare(self, case: str, unit: str, revisions: int, cpu: float) -> None:
        """Runs each side once, in turn."""
        found = {side.name: measure(side, revisions, cpu=cpu) for side in self._sides}
        for name, sample in found.items():
            self._report.add(f"{name}, {case}", unit, sample.revisions / sample.cpu)
            self._tell(f"{name}, {case}", sample)
        ours, c = found[OURS], found[C]
        ratio = (ours.revisions / ours.cpu) / (c.revisions / c.cpu)
        self._report.add(f"{OURS} against {C}, {case}", "ratio", ratio)

    def _tell(self, case: str, sample: Sample) -> None:
        print(
            f"{case}: {sample.revisions / sample.cpu:,.0f}/CPU-s "
            f"({sample.batch:.2f} revisions and {sample.message_bytes:.0f} bytes a message, "
            f"server {sample.cpu / sample.wall:.0%} and sink {sample.sink_cpu / sample.wall:.0%} "
            "of a core)",
            file=sys.stderr,
            flush=True,
        )
        self._report.samples.append({"case": case, **asdict(sample)})


if __name__ == "__main__":
    main()
