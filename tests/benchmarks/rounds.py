"""Measures rounds: something is sent, all sockets of the sink get it, and so on; and what that
costs the server.

Rounds are in step, so that each is one message for each socket, whatever the server might make of
several that wait; and so that no side is measured with queues that another has not.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.figures import cpu_seconds
from tests.benchmarks.sink import Counts, Sink

SOCKETS_PER_LOOK = 2_500
"""Messages between two looks at the clock."""

SAMPLE_CPU = 3.0
SHORT_SAMPLE_CPU = 0.02
"""Seconds of the server that a sample takes; where it is to be short, two ticks of the clock."""

WALL_LIMIT = 90.0
"""A sample ends after this many seconds with what it has."""


@dataclass(frozen=True, slots=True)
class Side:
    """One server, with the sinks on it."""

    name: str
    pids: Sequence[int]  #: of the processes whose CPU time is the cost
    sinks: Sequence[Sink]
    send: Callable[[int], int]
    """Sends so many revisions at once; returns the rev that all sockets will have."""

    def round(self, revisions: int) -> None:
        rev = self.send(revisions)
        for sink in self.sinks:
            sink.wait_rev(rev)


@dataclass(frozen=True, slots=True)
class Sample:
    """The result of so many rounds."""

    rounds: int
    sockets: int
    messages: int  #: that carried revisions, over all sockets
    revisions: int  #: delivered: revisions × sockets
    bytes: int  #: of those messages
    cpu: float  #: seconds of the server
    sink_cpu: float  #: of all sinks
    wall: float

    @property
    def batch(self) -> float:
        """Revisions in a message, on average."""
        return self.revisions / self.messages

    @property
    def message_bytes(self) -> float:
        return self.bytes / self.messages


def measure(side: Side, revisions: int, *, cpu: float) -> Sample:
    """Rounds of so many revisions, until the server has used `cpu` seconds.

    AssertionError unless every socket got each revision once and in order.
    """
    before = [sink.report() for sink in side.sinks]
    sockets = sum(counts.live for counts in before)
    at_once = max(1, SOCKETS_PER_LOOK // sockets)
    sinks_before = sum(sink.cpu_seconds() for sink in side.sinks)
    used, began, rounds = cpu_seconds(side.pids), time.monotonic(), 0
    while True:
        for _ in range(at_once):
            side.round(revisions)
        rounds += at_once
        spent, wall = cpu_seconds(side.pids) - used, time.monotonic() - began
        if spent >= cpu or wall > WALL_LIMIT:
            break
    after = [sink.report() for sink in side.sinks]
    for counts in after:
        counts.check()
    sample = Sample(
        rounds,
        sockets,
        _gain(before, after, lambda counts: counts.changes),
        _gain(before, after, lambda counts: counts.revisions),
        _gain(before, after, lambda counts: counts.change_bytes),
        spent,
        sum(sink.cpu_seconds() for sink in side.sinks) - sinks_before,
        wall,
    )
    assert sample.revisions == rounds * revisions * sockets, f"{side.name}: {sample}"
    return sample


def _gain(before: list[Counts], after: list[Counts], of: Callable[[Counts], int]) -> int:
    return sum(map(of, after)) - sum(map(of, before))


@dataclass(slots=True)
class Script:
    """Revisions for a server that knows of none: the one that the worker sent, numbered on."""

    wire: dict[str, Any]  #: `data` of a NEW_CHANGES
    tell: Callable[[dict[str, Any]], None]
    rev: list[int] = field(default_factory=lambda: [0])
    """The newest, in a list so that two scripts may count on from each other: they feed the same
    sockets in turn."""

    def send(self, revisions: int) -> int:
        """Sends one message, as the worker would send it to a client that takes batches."""
        first = self.rev[0] + 1
        self.rev[0] += revisions
        changes = [self.wire | {"newRev": rev} for rev in range(first, first + revisions)]
        data = changes[0] if revisions == 1 else {"type": "NEW_CHANGES_BATCH", "changes": changes}
        self.tell({"type": "COLLABROOM", "data": data})
        return self.rev[0]
