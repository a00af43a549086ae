"""Thousands of sockets that take what a server sends: drives `native/sink.c`."""

import json
import os
import select
import subprocess
import time
from dataclasses import dataclass
from types import TracebackType

from tests.benchmarks.figures import cpu_seconds
from tests.benchmarks.native import program

PATH = "/socket.io/?EIO=4&transport=websocket"
EMBEDDED = f"{PATH}&embed=1"
"""The path of the history frame of a page, which may share its author with others. With an author
for each, every socket would be told of every other before the first revision: 25 million messages
for 5,000 sockets. What follows a join is the same for all."""

NAP = 0.001
"""The pause in seconds where the cost of sending is measured: short beside a round, long beside a
message."""

AT_ONCE = 100
"""Sockets in their handshake at a time, unless the handshakes are what is measured."""


class SinkStuck(Exception):
    """An order was not carried out in time; the text has the counts."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the sink has seen so far, over all its sockets; names as in `native/sink.c`."""

    done: str  #: the order that this answers
    seconds: float  #: that it took
    sockets: int
    live: int  #: of them: have arrived, and are connected
    handshakes: int
    behind: int  #: live sockets that lack the rev which is waited for
    events: int  #: Socket.IO events of any kind
    changes: int  #: of them: with revisions
    revisions: int
    bytes: int
    change_bytes: int  #: of the frames with revisions, headers included
    gaps: int  #: revisions that were not the next one of their socket
    pings: int
    acks: int
    failures: int  #: connections that ended before they had arrived, and were tried again
    closed: int  #: connections that ended later
    turned_away: int

    def check(self) -> None:
        """Raises AssertionError unless all sockets are there and none has missed anything."""
        assert self.live == self.sockets, f"{self.sockets - self.live} sockets are gone: {self}"
        assert not self.gaps, f"revisions were left out or doubled: {self}"
        assert not self.turned_away, f"sockets were turned away: {self}"


class Sink:
    """One sink process. `per_pad` sockets share a pad, counted from 0: %p in the ready packet."""

    def __init__(
        self,
        port: int,
        *,
        per_pad: int = 1 << 30,
        path: str = PATH,
        nap: float = 0,
        deflate: bool = False,
    ) -> None:
        """Starts the sink.

        Arguments:
            deflate: whether compression is offered.
            nap: for how many seconds it does not look: see `native/sink.c` and `NAP`.

        Raises `NoCompiler`.
        """
        microseconds = round(nap * 1e6)
        self._process = subprocess.Popen(
            [str(program("sink")), str(port), path, str(per_pad), str(microseconds)]
            + ["deflate"] * deflate,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._unread = b""

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu_seconds(self) -> float:
        return cpu_seconds([self.pid])

    # --- Orders ----------------------------------------------------------------------------------

    def target(self, port: int) -> None:
        self._order(f"target {port}")

    def ready(self, template: str) -> None:
        """Sets the packet that each socket sends once it is connected; if empty, it sends none."""
        self._order(f"ready {template}".rstrip())

    def open(self, count: int, *, at_once: int = AT_ONCE, timeout: float = 120) -> Counts:
        """Opens so many more sockets; returns when all have arrived (with CLIENT_VARS, if they
        join)."""
        return self._order(f"open {count} {at_once}", timeout)

    def drop(self) -> Counts:
        return self._order("drop")

    def reopen(self, rev: int, *, at_once: int, timeout: float = 120) -> Counts:
        """Brings back the sockets that were dropped; returns when all of them have `rev`."""
        return self._order(f"reopen {rev} {at_once}", timeout)

    def wait_rev(self, rev: int, timeout: float = 30) -> Counts:
        """Returns when all sockets have it."""
        return self._order(f"wait-rev {rev}", timeout)

    def stall(self) -> None:
        """Reads nothing until `resume`."""
        self._order("stall")

    def resume(self) -> None:
        self._order("resume")

    def report(self) -> Counts:
        return self._order("report")

    def _order(self, order: str, timeout: float = 30) -> Counts:
        """Raises `SinkStuck`."""
        self._write(order)
        found = self._read(timeout)
        if found is None:
            self._write("report")
            raise SinkStuck(f"{order!r} took longer than {timeout:g} s: {self._read(10)}")
        return found

    def _write(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(order.encode() + b"\n")

    def _read(self, timeout: float) -> Counts | None:
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        deadline = time.monotonic() + timeout
        while b"\n" not in self._unread:
            readable, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                return None
            more = os.read(fd, 1 << 16)
            if not more:
                raise SinkStuck(f"the sink has ended with status {self._process.wait()}")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return Counts(**json.loads(line))

    # --- The end ---------------------------------------------------------------------------------

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> "Sink":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
