"""Counts what happened in a stretch of time, in one process or in all."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from padfleet.services.tools.loadtest.measure import Latency


@dataclass(slots=True)
class LoadCounts:
    """Counts how often each thing has happened."""

    typed: int = 0  #: edits that were due
    submitted: int = 0  #: USER_CHANGES sent; edits that had to wait leave together
    accepted: int = 0  #: ACCEPT_COMMIT received
    delivered: int = 0  #: revisions of others received, counted at each socket
    change_frames: int = 0  #: messages that these came in
    frames: int = 0  #: messages of every kind received
    bytes: int = 0  #: received, frame headers included
    joined: int = 0

    def add(self, other: "LoadCounts") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def jsonable(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


LATENCIES = ("ack", "ack_sent", "delivery", "join")
"""`ack` is measured from when an edit was due to its ACCEPT_COMMIT; `ack_sent` from when it was
sent; `delivery` from the server's time of a revision to its arrival; `join` from connecting to
CLIENT_VARS."""


MOST_ARRIVED = 1024
"""How many deliveries are remembered until it is worked out how long they took."""


class _Arrived:
    """Revisions that arrived at a number of sockets in the same millisecond."""

    __slots__ = ("sockets", "times")

    def __init__(self, times: Sequence[tuple[int, int]]) -> None:
        self.times = times  #: also so that no other object gets its id
        self.sockets = 1


@dataclass(slots=True)
class LoadTally:
    """Counts and latencies. Adding is cheap; `settle` has to be called before latencies are
    read."""

    counts: LoadCounts = field(default_factory=LoadCounts)
    violations: Counter[str] = field(default_factory=Counter)
    """Promises of the protocol that the server broke, by kind."""
    errors: Counter[str] = field(default_factory=Counter)  #: lost and failed connections, by reason
    latencies: dict[str, Latency] = field(
        default_factory=lambda: {name: Latency() for name in LATENCIES}
    )
    delays_ms: dict[int, int] = field(default_factory=dict)
    """Deliveries by how long they took. They are kept apart from the histogram until the stretch is
    over: there are a hundred thousand in a second, but only a few hundred different times."""
    _arrived: dict[tuple[int, int], "_Arrived"] = field(default_factory=dict)

    def arrived(self, times: Sequence[tuple[int, int]], now_ms: int) -> None:
        """Counts the delivery of revisions that bear these times of the server; each comes with how
        many bear it. Thousands of sockets are sent the same object within a few milliseconds, so
        how long that took is worked out once for those of each millisecond."""
        key = (id(times), now_ms)
        found = self._arrived.get(key)
        if found is not None:
            found.sockets += 1
            return
        if len(self._arrived) >= MOST_ARRIVED:
            self._count_arrived()
        self._arrived[key] = _Arrived(times)

    def _count_arrived(self) -> None:
        delays = self.delays_ms
        for (_, now_ms), arrived in self._arrived.items():
            for time, count in arrived.times:
                delay = now_ms - time
                delays[delay] = delays.get(delay, 0) + count * arrived.sockets
        self._arrived.clear()

    def settle(self) -> "LoadTally":
        self._count_arrived()
        early = sum(count for delay, count in self.delays_ms.items() if delay < 0)
        if early:
            self.errors["received before they were sent, by the clocks"] += early
        self.latencies["delivery"].record_all(self.delays_ms, 1000)
        self.delays_ms.clear()
        return self

    def add(self, other: "LoadTally") -> None:
        self.counts.add(other.counts)
        self.violations.update(other.violations)
        self.errors.update(other.errors)
        for name, latency in other.latencies.items():
            self.latencies[name].add(latency)

    def jsonable(self) -> dict[str, Any]:
        return {
            "counts": self.counts.jsonable(),
            "violations": dict(self.violations),
            "errors": dict(self.errors),
            "latencies": {name: found.encode() for name, found in self.latencies.items()},
        }

    @classmethod
    def from_jsonable(cls, data: dict[str, Any]) -> "LoadTally":
        return cls(
            LoadCounts(**data["counts"]),
            Counter(data["violations"]),
            Counter(data["errors"]),
            {name: Latency(encoded) for name, encoded in data["latencies"].items()},
        )
