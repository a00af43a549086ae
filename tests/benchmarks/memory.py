"""What an idle socket takes of the worker's memory, beside a server in C and Node's socket.io.

10,000 sockets that are connected and no more, and 10,000 that have joined pads, 10 or 100 to a pad.
Not on one pad: each join is told to everybody there, so that would be 50 million messages before
anything is idle. Resident memory of the process; what the kernel keeps for a socket is not in it.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from tests.benchmarks.figures import Report, parser, resident_bytes
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import Rig, ready
from tests.benchmarks.rivals import CServer, NodeServer, NoNode
from tests.benchmarks.sink import Sink
from tests.eventually import eventually_sync

WARM = 50
"""Sockets that are there before the first look, so that what is needed once is not counted."""

PING_INTERVAL = 5.0
SHORT_PING_INTERVAL = 0.5
"""The interval of pings in seconds. A socket that has never been pinged may be smaller than for the
rest of its life, so each is pinged before it is measured. The usual 25 s would be a long wait."""

LOOKS = 6
LOOK_GAP = 0.2
STEADY = 0.002
"""Memory is steady when so many looks, so many seconds apart, differ by no more than this share."""

STEADY_DEADLINE = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """One that is being measured."""

    pid: int
    sink: Sink
    ping_interval: float = 0  #: seconds; 0: pings make no difference here


Start = Callable[[], AbstractContextManager[Server]]


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument("--sockets", type=int, help="instead of 10,000 (short: 300)")
    args = options.parse_args(argv)
    limit = raise_file_limit()
    sockets = args.sockets or (300 if args.short else 10_000)
    if sockets + WARM + 100 > limit:
        raise SystemExit(f"{sockets:,} sockets are more than the limit of open files: {limit:,}")
    ping_interval = SHORT_PING_INTERVAL if args.short else PING_INTERVAL
    report = Report("memory")
    cases: dict[str, Start] = {"C epoll server, connected": _c_server}
    cases["socket.io, connected"] = _node
    cases["padfleet, connected"] = partial(_padfleet, sockets, 0, ping_interval)
    for per_pad in (100,) if args.short else (10, 100):
        joined = partial(_padfleet, sockets, per_pad, ping_interval)
        cases[f"padfleet, joined, pads of {per_pad}"] = joined
    for _ in range(1 if args.short else args.repeat):
        for name, start in list(cases.items()):
            try:
                with start() as server:
                    found = _per_socket(server, sockets, name, report) / 1024
            except NoNode as error:
                report.notes.append(f"Without Node's socket.io: {error}.")
                del cases[name]
                continue
            report.add(f"{name}, {sockets:,} sockets", "KiB/socket", found)
            print(f"{name}: {found:.2f} KiB a socket", file=sys.stderr, flush=True)
    report.notes.append(
        "Resident memory of the process, divided by the sockets that were added. The kernel's "
        "buffers come on top."
    )
    report.finish(args.out)


# --- The servers ---------------------------------------------------------------------------------


@contextmanager
def _c_server() -> Iterator[Server]:
    with CServer() as server, Sink(server.port) as sink:
        yield Server(server.pid, sink)


@contextmanager
def _node() -> Iterator[Server]:
    with NodeServer() as server, Sink(server.port) as sink:
        yield Server(server.pid, sink)


@contextmanager
def _padfleet(sockets: int, per_pad: int, ping_interval: float) -> Iterator[Server]:
    """Runs a worker with sockets, whose authors are all different; with 0 for `per_pad`, they join
    no pads."""
    settings = {"PADFLEET_PING_INTERVAL_MS": str(round(ping_interval * 1000))}
    with Rig(settings=settings) as rig, Sink(rig.worker.port, per_pad=per_pad or 1) as sink:
        if per_pad:
            rig.create(f"pad{n}" for n in range((sockets + WARM) // per_pad + 1))
            sink.ready(ready("pad%p"))
        yield Server(rig.worker.process.pid, sink, ping_interval)


# --- Looking -------------------------------------------------------------------------------------


def _per_socket(server: Server, sockets: int, name: str, report: Report) -> float:
    """Bytes of resident memory that each socket has added."""
    _open(server, WARM)
    before = _steady(server, name, report)
    _open(server, sockets)
    after = _steady(server, name, report)
    server.sink.report().check()
    report.samples.append({"case": name, "sockets": sockets, "before": before, "after": after})
    return (after - before) / sockets


def _open(server: Server, sockets: int) -> None:
    opened = server.sink.open(sockets, timeout=600)
    opened.check()
    if server.ping_interval:
        # Each is pinged once in an interval, so among these is at least one for each.
        due = opened.pings + 2 * opened.sockets
        eventually_sync(
            lambda: server.sink.report().pings >= due,
            f"{due} pings",
            timeout=10 * server.ping_interval,
        )


def _steady(server: Server, name: str, report: Report) -> int:
    """Returns the resident bytes once they do not change any more."""
    seen: deque[int] = deque(maxlen=LOOKS)
    deadline = time.monotonic() + STEADY_DEADLINE
    while time.monotonic() < deadline:
        seen.append(resident_bytes(server.pid))
        if len(seen) == LOOKS and max(seen) - min(seen) <= STEADY * max(seen):
            return seen[-1]
        time.sleep(LOOK_GAP)
    report.notes.append(f"{name}: memory still changed after {STEADY_DEADLINE:g} s.")
    return seen[-1]


if __name__ == "__main__":
    main()
