"""Measures what a delivered revision weighs, and what it costs to make it weigh less.

Three parts, each with compression on and off side by side.

* pad: 100 authors with two edits a second each, in one process and on a clock of its own: the real
  sessions and flushes, their bytes, and the CPU of fan-out alone (the sockets take everything at
  once and cost nothing). The result does not depend on how busy the machine is.
* crowd: a real fleet with 3,000 editors on one pad, an edit from each every five seconds.
* singles: one revision at a time to 1,000 and 5,000 sockets of a real worker, beside a server in C
  that sends all of them the uncompressed frame.
"""

import argparse
import os
import random
import secrets
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from itertools import product
from typing import Any, cast

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.fast_path import push
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.delivery.shared_context import OWN_MOST, OWN_SHARE, SharedContext
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.transport.deflate import NOTHING
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.easysync.base36 import numeral
from tests.benchmarks.figures import Report, parser
from tests.benchmarks.native import raise_file_limit
from tests.benchmarks.rig import IN_STEP, Rig, ready
from tests.benchmarks.rivals import CServer
from tests.benchmarks.rounds import SAMPLE_CPU, SHORT_SAMPLE_CPU, Script, Side, measure
from tests.benchmarks.sink import EMBEDDED, NAP, Sink
from tests.feeds import typed

MODES = ("off", "on")
PER_REVISION = "bytes per delivered revision"
CPU = "µs of CPU per delivered revision"
FLUSHES = 33  #: a second, of a busy pad

PARTS = ("pad", "crowd", "singles")


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__ or "")
    options.add_argument("--part", choices=PARTS, action="append", help="one of them; all if none")
    options.add_argument("--editors", type=int, default=3000, help="of the crowd (3000)")
    args = options.parse_args(argv)
    raise_file_limit()
    report = Report("wire")
    for part in args.part or PARTS:
        {"pad": _pads, "crowd": _crowds, "singles": _singles}[part](args, report)
    report.finish(args.out)


# --- A pad ---------------------------------------------------------------------------------------


class _NoTransport:
    """Takes everything at once."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.bytes = 0

    def get_extra_info(self, _name: str) -> "_NoTransport":
        return self

    def fileno(self) -> int:
        return self._fd

    def write(self, _data: bytes) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False


class _Line:
    def __init__(self, fd: int) -> None:
        self.transport = _NoTransport(fd)
        self.deflates = True


class PadInProcess:
    """People on a pad of one worker, all of whom write."""

    def __init__(
        self, authors: int, fd: int, *, batching: bool, deflated: bool, spread: bool
    ) -> None:
        self._spread = spread
        self._random = random.Random(7)
        self._context = SharedContext() if deflated else None
        self._feed = Feed(0, 1000)
        self._frames = Frames()
        self._length = 5000
        self.delivered = self.size = 0
        self.cpu = 0.0
        self.sessions = []
        for number in range(authors):
            way_out = Outbound()
            way_out.to_websocket(cast(Any, _Line(fd)))
            author = f"a.{secrets.token_urlsafe(12)}"
            identity = SessionIdentity(author, "p", "p", "", read_only=False, embedded=False)
            session = Session(
                identity, way_out, batching, id=f"s{number}", cursor=DeliveryCursor(0)
            )
            session.window.asked_at = 0.0
            session.happened(SessionEvent.ENTERED)
            self.sessions.append(session)
            assert way_out.had == NOTHING

    def type(self, at_ms: int) -> None:
        """Types one more character, as one of the authors."""
        session = self._random.choice(self.sessions)
        self._length += 1
        letter = self._random.choice("etaoinsrhl ")
        kept = f"={numeral(self._random.randrange(1, self._length))}" if self._spread else ""
        changeset = f"Z:{numeral(self._length)}>1{kept}*0+1${letter}"
        delta = self._random.randrange(12)
        typed(self._feed, session.author, session.id, changeset, at_ms=at_ms, time_delta=delta)
        self.delivered += len(self.sessions) - 1

    @property
    def lacking(self) -> int:
        """Returns how many revisions the session that is furthest behind has not been sent."""
        return self._feed.head - min(session.cursor.sent_rev for session in self.sessions)

    def flush(self) -> None:
        began = time.process_time()
        own = min(OWN_SHARE * len(self.sessions), OWN_MOST)
        flush = Flush(self._feed, self._frames, 1.0, context=self._context, own=own)
        push(flush, self.sessions, partial(_one, flush))
        tally = flush.finish()
        self.cpu += time.process_time() - began
        self.size += tally.bytes
        for session in self.sessions:
            session.window.all_arrived()


def _one(flush: Flush, session: Session) -> None:
    session.flush(flush)


def play(pad: PadInProcess, rate: float, seconds: float) -> None:
    """Makes so many edits a second, over all authors, at random times."""
    source, now, due, at_ms = random.Random(3), 0.0, 0.0, 1_795_657_022_243
    while now < seconds:
        now += 1 / FLUSHES
        while due < now:
            due += source.expovariate(rate)
            pad.type(at_ms + int(due * 1000))
        pad.flush()


def _pads(args: argparse.Namespace, report: Report) -> None:
    fd = os.open(os.devnull, os.O_WRONLY)
    seconds = 1.0 if args.short else 20.0
    for _ in range(1 if args.short else args.repeat):
        for batching, spread, mode in product((True, False), (False, True), MODES):
            pad = PadInProcess(100, fd, batching=batching, deflated=mode == "on", spread=spread)
            play(pad, 200.0, seconds)
            how = "in batches" if batching else "single"
            where = "all over the text" if spread else "at its start"
            case = f"100 authors at 2/s {where}, {how}, compression {mode}"
            report.add(case, PER_REVISION, pad.size / pad.delivered)
            report.add(case, f"{CPU}, fan-out alone", pad.cpu / pad.delivered * 1e6)
    os.close(fd)


# --- A crowd -------------------------------------------------------------------------------------


def _crowds(args: argparse.Namespace, report: Report) -> None:
    editors = 60 if args.short else args.editors
    for _ in range(1 if args.short else args.repeat):
        for mode in MODES:
            _crowd(args, report, editors, mode)


def _crowd(args: argparse.Namespace, report: Report, editors: int, mode: str) -> None:
    words = ["--authors", str(editors), "--rate", "0.2", "--edit-at", "spread"]
    words += ["--duration", "2s" if args.short else "20s"]
    words += ["--warmup", "1s" if args.short else "5s"]
    with Rig(settings={"PADFLEET_COMPRESSION": mode}) as rig:
        (step,) = rig.load_test(*words)
    counts, case = step["tally"]["counts"], f"{editors:,} editors at 0.2/s, compression {mode}"
    report.add(case, PER_REVISION, counts["bytes"] / counts["delivered"])
    report.add(case, "MB/s", counts["bytes"] / step["seconds"] / 1e6)
    report.add(case, "delivered revisions/s", counts["delivered"] / step["seconds"])
    report.add(case, "revisions in a message", counts["delivered"] / counts["change_frames"])
    worker = step["servers"]["worker"]["cpu_s"]
    report.add(case, f"{CPU}, worker", worker / counts["delivered"] * 1e6)
    cpu = sum(server["cpu_s"] for server in step["servers"].values())
    report.add(case, f"{CPU}, fleet", cpu / counts["delivered"] * 1e6)
    report.add(case, "ack p95, ms", step["summary_ms"]["ack"]["p95"])
    report.samples.append({"case": case, "step": step})


# --- Singles -------------------------------------------------------------------------------------


def _singles(args: argparse.Namespace, report: Report) -> None:
    sizes = (50,) if args.short else (1000, 5000)
    with ExitStack() as stack:
        sides, sinks = [], []
        for mode in MODES:
            rig = stack.enter_context(Rig(settings={**IN_STEP, "PADFLEET_COMPRESSION": mode}))
            rig.create(["wire"])
            sink = Sink(rig.worker.port, path=EMBEDDED, nap=NAP, deflate=True)
            sinks.append(stack.enter_context(sink))
            sink.ready(ready("wire", author="everybody"))
            rig.type("wire")
            rig.committed(["wire"])
            send = partial(rig.type, "wire")
            sides.append(Side(f"compression {mode}", [rig.worker.process.pid], [sink], send))
        c = stack.enter_context(CServer())
        sinks.append(stack.enter_context(Sink(c.port, nap=NAP)))
        sides.append(
            Side("C", [c.pid], [sinks[-1]], Script(rig.wire_form("wire"), c.broadcast).send)
        )
        here = 0
        for size in sizes:
            for sink in sinks:
                sink.open(size - here, timeout=600).check()
            here = size
            for side in sides:
                side.round(1)
            for _ in range(1 if args.short else args.repeat):
                cpu = SHORT_SAMPLE_CPU if args.short else SAMPLE_CPU
                found = {side.name: measure(side, 1, cpu=cpu) for side in sides}
                for name, sample in found.items():
                    case = f"single frames to {size:,} sockets, {name}"
                    report.add(case, "deliveries/CPU-s", sample.revisions / sample.cpu)
                    report.add(case, "bytes of a message", sample.message_bytes)
                    report.samples.append({"case": case, **asdict(sample)})
                of_c = found["C"].revisions / found["C"].cpu
                for mode in MODES:
                    ours = found[f"compression {mode}"]
                    case = f"single frames to {size:,} sockets, compression {mode} against C"
                    report.add(case, "ratio", ours.revisions / ours.cpu / of_c)


if __name__ == "__main__":
    main()
