"""Measures a crowd that joins: thousands come to one pad while some of them type, and then one
more.

*They come*: 100 authors type by `padfleet loadtest`, and a crowd joins as fast as it is admitted,
each person with an author of its own. This ends when everybody has been told about everybody. *One
more*: one client joins the full pad, and a pad with one person on it, several times one after the
other. It counts the bytes and the worker's CPU until it knows everybody. Its author is there
already, so nobody is told about it. *One more, new*: the same with a new author each time, whom
everybody is told about. *Pads of 100*: the joins per second, and the cost of one.

`--other` names another checkout of this repository to compare. `--workers` spreads those who come
and the authors over several workers, with a process of the crowd for each. The crowd's sockets are
those of `native/sink.c`, which offer no compression. The one more uses compression if the worker
supports it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Report, cpu_seconds_exactly, parser
from tests.benchmarks.joiner import Introduction, Joiner
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import Rig, ready
from tests.benchmarks.sides import BadSide, FleetSide, other
from tests.benchmarks.sink import Counts, Sink
from tests.eventually import eventually_sync
from tests.fleet import ROOT

PAD = "crowd"
SMALL = "small"
TIMEOUT = 300.0

OURS = ("NEW_CHANGES_BATCH", "USERS")
"""What our clients announce. An Etherpad's page announces nothing."""

AT_ONCE = 200
"""Joins of the crowd under way at a time."""


@dataclass(frozen=True, slots=True)
class Size:
    """The size of everything."""

    people: int
    authors: int
    joiners: int
    small_pads: int
    seconds: float  #: that the authors type for
    settled: float  #: seconds without anything new after which all have been told of all
    workers: int = 1  #: that people come to


FULL = Size(people=5000, authors=100, joiners=20, small_pads=20, seconds=40, settled=2.0)
SHORT = Size(people=60, authors=3, joiners=2, small_pads=1, seconds=2, settled=0.5)


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument("--people", type=int, help="instead of 5,000 (short: 60)")
    options.add_argument("--workers", type=int, default=1, help="that people come to (1)")
    options.add_argument("--other", type=Path, metavar="CHECKOUT", help="of ours, compared")
    options.add_argument("--only", choices=["ours", "stock", "pads"], help="one kind of clients")
    args = options.parse_args(argv)
    raise_file_limit()
    size = replace(SHORT if args.short else FULL, workers=args.workers)
    if args.people:
        size = replace(size, people=args.people)
    report = Report("crowd")
    for _ in range(1 if args.short else args.repeat):
        for side in _sides(args):
            for kind, supports in (("ours", OURS), ("stock", ())):
                if args.only in (None, kind):
                    _Run(report, size, side, kind, supports).whole()
            if args.only in (None, "pads"):
                _pads_of_100(report, size, side)
    report.notes.append(
        "The crowd and the authors share the machine's cores with the server. CPU is the worker's; "
        "of one more, that of an equal time without it is taken off."
    )
    report.finish(args.out)


def _sides(args: argparse.Namespace) -> list[FleetSide]:
    try:
        return [*([other(args.other)] if args.other else []), FleetSide("padfleet")]
    except BadSide as error:
        raise SystemExit(str(error)) from error


def _rig(side: FleetSide, workers: int = 1) -> Rig:
    return Rig(workers=workers, launcher=side.launcher, older=not side.has_ops_port())


class _Crowd:
    """Those who come, some of them to each worker."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = sinks

    def ready(self, supports: Sequence[str]) -> None:
        for number, sink in enumerate(self._sinks):
            sink.ready(ready(PAD, author=f"{number}x%n", supports=supports))

    def open(self, count: int) -> float:
        """Lets so many come, and returns how many seconds it took until all had the pad."""
        here = len(self._sinks)
        counts = [(count + number) // here for number in range(here)]

        def come(sink: Sink, some: int) -> float:
            return sink.open(some, at_once=AT_ONCE // here, timeout=TIMEOUT).seconds

        with ThreadPoolExecutor(here) as pool:
            return max(pool.map(come, self._sinks, counts))

    def report(self) -> Counts:
        """Returns what all of them together have seen."""
        each = [asdict(sink.report()) for sink in self._sinks]
        sums: dict[str, Any] = {
            name: max(values) if name in ("done", "seconds") else sum(values)
            for name in each[0]
            for values in [[counts[name] for counts in each]]
        }
        return Counts(**sums)

    def cpu_seconds(self) -> float:
        return sum(sink.cpu_seconds() for sink in self._sinks)


class _Run:
    """One side, with clients of one kind."""

    def __init__(
        self, report: Report, size: Size, side: FleetSide, kind: str, supports: Sequence[str]
    ) -> None:
        self._report = report
        self._size = size
        self._side = side
        self._kind = kind
        self._supports = supports
        self._who = f"{kind} clients, {size.people:,} people"
        if size.workers > 1:
            self._who += f" on {size.workers} workers"

    def whole(self) -> None:
        with _rig(self._side, self._size.workers) as rig, ExitStack() as stack:
            rig.create([PAD, SMALL])
            sinks = [stack.enter_context(Sink(worker.port)) for worker in rig.fleet.workers]
            crowd = _Crowd(sinks)
            self._they_come(rig, crowd)
            self._one_more(rig, crowd)

    def _they_come(self, rig: Rig, crowd: _Crowd) -> None:
        size, workers = self._size, rig.fleet.workers
        pids = [worker.process.pid for worker in workers]
        with _typing(rig, size) as typing:
            eventually_sync(
                lambda: (
                    sum(worker.metric("padfleet_fanout_sessions") for worker in workers)
                    >= size.authors
                ),
                "the authors are there",
                timeout=60,
            )
            crowd.ready(self._supports)
            before, began = cpu_seconds_exactly(pids), time.monotonic()
            others = [member.process.pid for member in rig.fleet.writers] + [rig.redis_pid]
            others_before, typing_before = (
                cpu_seconds_exactly(others),
                cpu_seconds_exactly(typing.pids),
            )
            client_cpu = crowd.cpu_seconds()
            took = crowd.open(size.people - size.authors)
            self._add("they come", "s until all have the pad", took)
            for who, spent in (
                ("the workers", cpu_seconds_exactly(pids) - before),
                ("writer and Redis", cpu_seconds_exactly(others) - others_before),
                ("the crowd", crowd.cpu_seconds() - client_cpu),
                ("the authors' load test", cpu_seconds_exactly(typing.pids) - typing_before),
            ):
                self._add("they come", f"cores of {who} until then", spent / took)
            told = _settled(crowd, size.settled)
            self._add("they come", "s until all know all", time.monotonic() - began - size.settled)
            cpu = cpu_seconds_exactly(pids) - before
            self._add("they come", "s CPU of the workers", cpu)
            self._add("they come", "s CPU of the crowd", crowd.cpu_seconds() - client_cpu)
            self._add("they come", "MB sent to the crowd", told.bytes / 1e6)
            told.check()
            step = typing.step(timeout=TIMEOUT)
        for percentile in ("p50", "p95", "p99"):
            value = step["summary_ms"]["ack"][percentile] or 0.0
            self._add("they come", f"ms ack {percentile}, meanwhile and after", value)
        self._report.samples.append({"case": self._case("they come"), **asdict(told), "load": step})

    def _one_more(self, rig: Rig, crowd: _Crowd) -> None:
        size = self._size
        _quiet([worker.process.pid for worker in rig.fleet.workers], size.settled)
        # The authors who typed have left, so newcomers are not told about them.
        people = size.people - size.authors
        for pad, others in ((SMALL, 0), (PAD, people)):
            where = "full pad" if others else "small pad"
            with self._joiner(rig, pad, "same") as first:
                first.join(others)
                _settled(crowd, size.settled)
                found = self._join(rig, crowd, pad, others, embedded=True)
            self._add(f"one more, {where}", "ms CPU of the worker each", found.cpu_ms)
            self._add(f"one more, {where}", "bytes", found.last.bytes)
            self._add(f"one more, {where}", "ms until it has the pad", found.vars_ms)
            self._add(f"one more, {where}", "ms until it knows all", found.all_ms)
        found = self._join(rig, crowd, PAD, people, embedded=False)
        self._add("one more, new, full pad", "ms CPU of the worker each", found.cpu_ms)

    def _join(self, rig: Rig, crowd: _Crowd, pad: str, others: int, *, embedded: bool) -> "_Found":
        """Joins with several clients, one after the other."""
        settled = self._size.settled
        pids = [worker.process.pid for worker in rig.fleet.workers]
        idle_from = cpu_seconds_exactly(pids)
        time.sleep(settled)  # for so long it is measured what is done without them
        idle = (cpu_seconds_exactly(pids) - idle_from) / settled
        before, began = cpu_seconds_exactly(pids), time.monotonic()
        introductions: list[Introduction] = []
        for number in range(self._size.joiners):
            author = "same" if embedded else f"new{number}"
            with self._joiner(rig, pad, author, embedded=embedded) as joiner:
                introductions.append(joiner.join(others))
        if not embedded:
            _settled(crowd, settled)  # until all have been told
        spent = cpu_seconds_exactly(pids) - before - idle * (time.monotonic() - began)
        count = len(introductions)
        return _Found(
            spent / count * 1000,
            sum(found.vars_seconds for found in introductions) / count * 1000,
            sum(found.seconds for found in introductions) / count * 1000,
            introductions[-1],
        )

    def _joiner(self, rig: Rig, pad: str, author: str, *, embedded: bool = False) -> Joiner:
        port = rig.worker.port
        return Joiner(port, pad, author, supports=self._supports, deflate=True, embedded=embedded)

    def _case(self, what: str) -> str:
        return f"{what}, {self._who}: {self._side.name}"

    def _add(self, what: str, unit: str, value: float) -> None:
        self._report.add(self._case(what), unit, value)
        print(f"{self._case(what)}: {value:,.3f} {unit}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class _Found:
    cpu_ms: float
    vars_ms: float
    all_ms: float
    last: Introduction


@dataclass(frozen=True, slots=True)
class _Typing:
    process: "subprocess.Popen[str]"
    folder: Path

    @property
    def pids(self) -> list[int]:
        """Returns the load test's processes."""
        first = self.process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text()
        return [first, *map(int, children.split())]

    def step(self, timeout: float) -> dict[str, Any]:
        """Returns the load test's only step, once it has ended."""
        out, err = self.process.communicate(timeout=timeout)
        if self.process.returncode:
            raise RuntimeError(f"the authors: {err}{out}")
        found = json.loads((self.folder / "report.json").read_text())
        step: dict[str, Any] = found["steps"][0]
        return step


@contextmanager
def _typing(rig: Rig, size: Size) -> Iterator[_Typing]:
    """Runs the authors, who type on the pad."""
    with tempfile.TemporaryDirectory(prefix="padfleet-") as folder:
        command = [sys.executable, "-m", "padfleet", "loadtest", "--out", folder]
        for worker in rig.fleet.workers:
            command += ["--url", f"http://127.0.0.1:{worker.port}"]
        command += ["--pad", PAD]
        command += ["--authors", str(size.authors), "--rate", "0.5", "--join-rate", "1000"]
        command += ["--warmup", "2", "--duration", f"{size.seconds:g}s"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
        try:
            yield _Typing(process, Path(folder))
        finally:
            process.kill()
            process.communicate()


def _settled(sink: Sink | _Crowd, seconds: float) -> Counts:
    """Returns what the crowd has been sent once nobody has been told about anybody for so long.
    Revisions go on. Raises AssertionError if that takes more than `TIMEOUT`."""
    counts, since = sink.report(), time.monotonic()

    def quiet() -> bool:
        nonlocal counts, since
        before, counts = counts, sink.report()
        if counts.events - counts.changes != before.events - before.changes:
            since = time.monotonic()
        return time.monotonic() - since >= seconds

    eventually_sync(quiet, "all have been told of all", timeout=TIMEOUT)
    return counts


def _quiet(pids: Sequence[int], seconds: float) -> None:
    """Returns when these processes have had little to do for so long, or after ten times that."""
    for _ in range(10):
        before = cpu_seconds_exactly(pids)
        time.sleep(seconds)
        if cpu_seconds_exactly(pids) - before < 0.05 * seconds:
            return


def _pads_of_100(report: Report, size: Size, side: FleetSide) -> None:
    pads = [f"pad{n}" for n in range(size.small_pads)]
    sockets = 100 * len(pads)
    with _rig(side) as rig, Sink(rig.worker.port, per_pad=100) as sink:
        rig.create(pads)
        sink.ready(ready("pad%p"))
        pids = [rig.worker.process.pid]
        before = cpu_seconds_exactly(pids)
        counts = sink.open(sockets, at_once=AT_ONCE, timeout=TIMEOUT)
        _settled(sink, size.settled)
        spent = cpu_seconds_exactly(pids) - before
        case = f"{sockets:,} come to pads of 100: {side.name}"
        report.add(case, "joins/s", sockets / counts.seconds)
        report.add(case, "ms CPU of the worker each", spent / sockets * 1000)
        report.samples.append({"case": case, **asdict(counts)})
        print(f"{case}: {sockets / counts.seconds:,.0f}/s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
