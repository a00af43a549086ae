"""Keeps what a run found, completely in report.json, so that reports can be merged and redrawn."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from padfleet.services.tools.loadtest.measure import Latency
from padfleet.services.tools.loadtest.tally import LoadTally

FORMAT = "padfleet-loadtest/1"

BUSY = 0.85
"""The share of a core from which a process of the rig may itself be what the clients wait for."""

LATE_MS = 50.0
"""The same limit for its event loop: how late timers are in ms, 99th percentile. All latencies
include that."""


class BadReport(ValueError):
    """The file is not a report.json, or does not match the others."""


@dataclass(slots=True)
class RigProcess:
    name: str
    cpu_s: float
    seconds: float
    delay: Latency  #: how late its event loop ran timers

    @property
    def share(self) -> float:
        """Returns the share of one core that the process used."""
        return self.cpu_s / self.seconds if self.seconds else 0.0

    def saturation(self) -> list[str]:
        """Returns why the figures of this stretch may be those of the rig itself; empty if they are
        not."""
        found = []
        if self.share > BUSY:
            found.append(f"{self.name} used {self.share:.0%} of a core")
        late = self.delay.ms(99)
        if late is not None and late > LATE_MS:
            found.append(f"the event loop of {self.name} was {late:.0f} ms late (p99)")
        return found


@dataclass(slots=True)
class MeasuredServer:
    cpu_s: float  #: in the measured seconds
    resident: int  #: bytes, at the end


@dataclass(slots=True)
class StepResult:
    """The results of one step of the plan, for the seconds that were measured."""

    authors: int
    readers: int
    rate: float
    seconds: float
    connected: int  #: at the end
    unaccepted: int  #: edits that waited for their ACCEPT_COMMIT at the end, not in any latency
    oldest_ms: float  #: how long the first of these had waited
    tally: LoadTally
    rig: list[RigProcess]
    servers: dict[str, MeasuredServer]
    busy_cores: float | None  #: of the machine, by everything that ran on it

    @property
    def saturated(self) -> list[str]:
        return [why for process in self.rig for why in process.saturation()]

    def per_second(self, count: float) -> float:
        return count / self.seconds if self.seconds else 0.0

    @property
    def batch_mean(self) -> float | None:
        frames = self.tally.counts.change_frames
        return self.tally.counts.delivered / frames if frames else None

    @property
    def bytes_per_revision(self) -> float | None:
        """Returns the bytes received, on the wire, for each revision by another author."""
        delivered = self.tally.counts.delivered
        return self.tally.counts.bytes / delivered if delivered else None

    @property
    def server_cpu_s(self) -> float:
        return sum(server.cpu_s for server in self.servers.values())

    @property
    def delivered_per_cpu_s(self) -> float | None:
        return self.tally.counts.delivered / self.server_cpu_s if self.server_cpu_s else None

    def jsonable(self) -> dict[str, Any]:
        plain = {
            name: getattr(self, name)
            for name in self.__slots__
            if name not in ("tally", "rig", "servers")
        }
        return plain | {
            "tally": self.tally.jsonable(),
            "summary_ms": {n: found.summary() for n, found in self.tally.latencies.items()},
            "rig": [
                {
                    "name": process.name,
                    "cpu_s": process.cpu_s,
                    "seconds": process.seconds,
                    "delay": process.delay.encode(),
                }
                for process in self.rig
            ],
            "servers": {
                name: {"cpu_s": server.cpu_s, "resident": server.resident}
                for name, server in self.servers.items()
            },
            "saturated": self.saturated,
        }

    @classmethod
    def from_jsonable(cls, data: dict[str, Any]) -> "StepResult":
        names = [n for n in cls.__slots__ if n not in ("tally", "rig", "servers")]
        return cls(
            **{name: data[name] for name in names},
            tally=LoadTally.from_jsonable(data["tally"]),
            rig=[RigProcess(**found | {"delay": Latency(found["delay"])}) for found in data["rig"]],
            servers={name: MeasuredServer(**found) for name, found in data["servers"].items()},
        )


@dataclass(slots=True)
class LoadReport:
    title: str  #: what was measured, in one line
    started: str  #: ISO 8601, UTC
    machine: dict[str, Any]
    plan: dict[str, Any]  #: the options with which the run was made
    steps: list[StepResult] = field(default_factory=list)
    timeline: list[dict[str, Any]] = field(default_factory=list)
    """One entry for about each second of the run, in plain numbers; empty in merged reports."""
    violations: Counter[str] = field(default_factory=Counter)  #: over the whole run
    errors: Counter[str] = field(default_factory=Counter)  #: over the whole run
    differences: list[str] = field(default_factory=list)  #: what did not agree in the end
    verified: str = ""  #: what was compared in the end
    notes: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Returns whether the server kept its promises and all clients agreed in the end."""
        return not self.violations and not self.differences

    def save(self, path: Path) -> None:
        data = {name: getattr(self, name) for name in self.__slots__}
        data["steps"] = [step.jsonable() for step in self.steps]
        path.write_text(json.dumps({"format": FORMAT, **data}, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> "LoadReport":
        """Reads a report. Raises `BadReport`, or OSError."""
        try:
            data = json.loads(path.read_text())
            if data.pop("format") != FORMAT:
                raise BadReport(f"{path} is not of the form {FORMAT}")
            data["steps"] = [StepResult.from_jsonable(step) for step in data["steps"]]
            data["violations"] = Counter(data["violations"])
            data["errors"] = Counter(data["errors"])
            return cls(**data)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            if isinstance(error, BadReport):
                raise
            raise BadReport(f"{path} is not a report.json of padfleet loadtest") from error


def merged(reports: list[LoadReport]) -> LoadReport:
    """Merges the reports of rigs that ran at the same time, on several machines, against one
    server.

    Raises `BadReport` if they did not run the same steps.
    """
    first = reports[0]
    result = LoadReport(
        f"{len(reports)} rigs: {first.title}",
        min(report.started for report in reports),
        first.machine,
        {"merged": [report.plan for report in reports]},
        verified="; ".join(report.verified for report in reports if report.verified),
    )
    for number, report in enumerate(reports):
        result.violations.update(report.violations)
        result.errors.update(report.errors)
        result.differences += report.differences
        result.notes += report.notes
        for step in report.steps:
            for process in step.rig:
                process.name = f"rig {number + 1} {process.name}"
    common = min(len(report.steps) for report in reports)
    if any(len(report.steps) > common for report in reports):
        result.notes.append(f"only the first {common} steps are in all reports")
    for steps in zip(*(report.steps[:common] for report in reports), strict=True):
        result.steps.append(_merged_step(list(steps)))
    return result


def _merged_step(steps: list[StepResult]) -> StepResult:
    if len({step.rate for step in steps}) > 1:
        raise BadReport("these rigs did not run the same steps: their rates differ")
    tally, servers = LoadTally(), dict[str, MeasuredServer]()
    for step in steps:
        tally.add(step.tally)
        for name, server in step.servers.items():
            there = servers.setdefault(name, MeasuredServer(0.0, 0))
            there.cpu_s += server.cpu_s
            there.resident += server.resident
    return StepResult(
        authors=sum(step.authors for step in steps),
        readers=sum(step.readers for step in steps),
        rate=steps[0].rate,
        seconds=sum(step.seconds for step in steps) / len(steps),
        connected=sum(step.connected for step in steps),
        unaccepted=sum(step.unaccepted for step in steps),
        oldest_ms=max(step.oldest_ms for step in steps),
        tally=tally,
        rig=[process for step in steps for process in step.rig],
        servers=servers,
        busy_cores=None,
    )
