"""Measures sockets that come, and ten thousand that come back at once.

Coming: WebSocket, Socket.IO and CLIENT_READY until CLIENT_VARS is there, 200 at a time. Coming
back: all connections break off, 20 revisions are made on each pad, and all clients connect again in
the same moment, with the revision that they had; the time is until the last of them has everything.
Once they come to the worker that they were on, and once to another, after theirs was killed.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict

from tests.benchmarks.figures import Report, cpu_seconds, parser
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import Rig, ready
from tests.benchmarks.sink import Sink
from tests.eventually import eventually_sync
from tests.fleet import Member

AT_ONCE = 200
MISSED = 20
"""Revisions that a client has missed when it comes back."""

TIMEOUT = 180.0


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument("--sockets", type=int, help="instead of 10,000 (short: 200)")
    args = options.parse_args(argv)
    raise_file_limit()
    sockets = args.sockets or (200 if args.short else 10_000)
    layouts = [(sockets, 100)]
    if not args.short:
        layouts.append((1000, 1000))
    report = Report("connects")
    for _ in range(1 if args.short else args.repeat):
        for size, per_pad in layouts:
            for elsewhere in (False, True):
                _Run(report, size, per_pad).whole(elsewhere=elsewhere)
    report.notes.append(
        "The clients share the cores with the server, and nothing spreads their return; pages wait "
        "a random time of up to 1.5 s first. A connection that fails before the client has arrived "
        "is tried again after 0.2 s; `dropped` in the JSON are those that the worker itself broke "
        "off, such as when the writer did not answer in time."
    )
    report.finish(args.out)


class _Run:
    def __init__(self, report: Report, sockets: int, per_pad: int) -> None:
        self._report = report
        self._sockets = sockets
        self._pads = [f"pad{n}" for n in range(-(-sockets // per_pad))]
        self._per_pad = per_pad
        self._layout = f"{sockets:,} sockets on {len(self._pads):,} pads"

    def whole(self, *, elsewhere: bool) -> None:
        with Rig(workers=2 if elsewhere else 1) as rig:
            rig.create(self._pads)
            with Sink(rig.worker.port, per_pad=self._per_pad) as sink:
                self._come(rig.worker, sink)
                if elsewhere:
                    # Its clients lose their connections by it.
                    rig.worker.kill()
                    eventually_sync(
                        lambda: sink.report().live == 0, "the clients have noticed", timeout=30
                    )
                    sink.target(rig.fleet.workers[1].port)
                else:
                    sink.drop()
                    self._wait_until_empty(rig.worker)
                self._miss_something(rig)
                self._come_back(rig.fleet.workers[-1], sink, elsewhere=elsewhere)

    def _come(self, worker: Member, sink: Sink) -> None:
        sink.ready(ready("pad%p"))
        before = cpu_seconds([worker.process.pid])
        counts = sink.open(self._sockets, at_once=AT_ONCE, timeout=TIMEOUT)
        counts.check()
        spent = cpu_seconds([worker.process.pid]) - before
        self._add("join", "joins/s", self._sockets / counts.seconds)
        self._add("join", "ms CPU of the worker each", spent / self._sockets * 1000)
        self._report.samples.append({"case": f"join, {self._layout}", **asdict(counts)})

    def _wait_until_empty(self, worker: Member) -> None:
        eventually_sync(
            lambda: worker.metric("padfleet_fanout_sockets") == 0,
            "the worker has noticed that its clients are gone",
            timeout=TIMEOUT,
        )

    def _miss_something(self, rig: Rig) -> None:
        for pad in self._pads:
            rig.type(pad, MISSED)
        rig.committed(self._pads)

    def _come_back(self, worker: Member, sink: Sink, *, elsewhere: bool) -> None:
        case = "return to another worker" if elsewhere else "return"
        sink.ready(ready("pad%p", resume=True))
        already, before = sink.report(), cpu_seconds([worker.process.pid])
        counts = sink.reopen(MISSED, at_once=self._sockets, timeout=TIMEOUT)
        counts.check()
        # Each revision once and in order is what `gaps` tells; this, that none came of nowhere.
        got = counts.revisions - already.revisions
        assert got == MISSED * self._sockets, f"{got} revisions came instead of those missed"
        spent = cpu_seconds([worker.process.pid]) - before
        tried = counts.failures - already.failures
        self._add(case, "s until all are current", counts.seconds)
        self._add(case, "ms CPU of the worker each", spent / self._sockets * 1000)
        self._add(case, "connections that failed", tried)
        dropped = worker.metric("padfleet_fanout_dropped_total")
        self._report.samples.append(
            {"case": f"{case}, {self._layout}", "dropped": dropped, **asdict(counts)}
        )

    def _add(self, case: str, unit: str, value: float) -> None:
        self._report.add(f"{case}, {self._layout}", unit, value)
        print(f"{case}, {self._layout}: {value:,.3f} {unit}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
