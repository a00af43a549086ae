"""Counts what happened in a stretch of time, in one process or in all."""

from collections import Counter
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

    def settle(self) -> "LoadTally":
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
