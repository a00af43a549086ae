"""Holds what all processes of the rig saw in about a second."""

from dataclasses import dataclass, field
from typing import Any

from padfleet.services.tools.loadtest.measure import Latency, Usage
from padfleet.services.tools.loadtest.plan import LoadStep
from padfleet.services.tools.loadtest.results import RigProcess
from padfleet.services.tools.loadtest.tally import LoadTally


@dataclass(slots=True)
class Sample:
    """The events since the last sample, in all processes of the rig."""

    seconds: float = 0.0
    tally: LoadTally = field(default_factory=LoadTally)
    rig: list[RigProcess] = field(default_factory=list)
    connected: int = 0
    joining: int = 0
    unaccepted: int = 0
    oldest_ms: float = 0.0
    servers: dict[str, Usage] = field(default_factory=dict)  #: so far, at the end
    busy_s: float | None = None  #: so far, at the end

    def followed_by(self, later: "Sample") -> None:
        """Combines both stretches into one; the first may be empty."""
        self.seconds += later.seconds
        self.tally.add(later.tally)
        if not self.rig:
            self.rig = [RigProcess(p.name, 0.0, 0.0, Latency()) for p in later.rig]
        for process, other in zip(self.rig, later.rig, strict=True):
            process.cpu_s += other.cpu_s
            process.seconds += other.seconds
            process.delay.add(other.delay)
        for name in ("connected", "joining", "unaccepted", "oldest_ms", "servers", "busy_s"):
            setattr(self, name, getattr(later, name))

    def entry(
        self, at: float, phase: str, step: LoadStep, servers: dict[str, float]
    ) -> dict[str, Any]:
        """Returns an entry for the timeline of a report. `servers` has the share of a core of
        each."""
        counts, seconds = self.tally.counts, self.seconds or 1.0
        return {
            "t": round(at, 2),
            "phase": phase,
            "authors": step.authors,
            "readers": step.readers,
            "rate": step.rate,
            "connected": self.connected,
            "accepted_s": counts.accepted / seconds,
            "delivered_s": counts.delivered / seconds,
            "frames_s": counts.frames / seconds,
            "bytes_s": counts.bytes / seconds,
            "unaccepted": self.unaccepted,
            "ack_ms": self.tally.latencies["ack"].summary(),
            "delivery_ms": self.tally.latencies["delivery"].summary(),
            "rig_cpu": {process.name: process.share for process in self.rig},
            "server_cpu": servers,
            "resident": {name: usage.resident for name, usage in self.servers.items()},
        }
