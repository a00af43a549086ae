"""Keeps the result of a run of a cell, as JSON in `build/chaos`; `tests.chaos.table` shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.chaos.history import Spread

FOLDER: Final = Path(__file__).parents[2] / "build" / "chaos"

LOST: Final = ("LOST_ACKNOWLEDGED", "LOST_TEXT", "VANISHED", "UNANSWERED")
DOUBLED: Final = ("DOUBLED",)
GAPS: Final = ("GAP", "REORDERED", "REPEATED", "ACCEPT_OUT_OF_PLACE", "BEHIND", "AWAY", "GAVE_UP")
FORKS: Final = ("FORK", "DIVERGED", "DISAGREE", "BROKEN_STREAM", "REFUSED", "BAD_RECORDING")


@dataclass(frozen=True)
class Times:
    """A distribution over clients, in seconds."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, spread: Spread | None) -> Times | None:
        return None if spread is None else cls(spread.least, spread.median, spread.most)


@dataclass(frozen=True)
class Result:
    fault: str
    says: str
    topology: str
    size: str
    clients: int
    pads: int
    at: float  #: seconds since 1970
    revisions: int
    submitted: int  #: a repetition after a reconnect counts again
    accepted: int
    reconnects: int
    reloads: int  #: clients that were told to reload
    excused: int  #: revisions that a rollback took from clients that were told to reload
    findings: dict[str, int]  #: by the name of their kind
    back: (
        Times | None
    )  #: from the fault until a client had something accepted that it sent after it
    back_after_mending: Times | None  #: the same from when the broken part was there again
    promotion_s: float | None = None  #: from the fault until a replica had taken over
    notes: dict[str, float] = field(default_factory=dict)

    def count(self, kinds: tuple[str, ...]) -> int:
        return sum(self.findings.get(kind, 0) for kind in kinds)

    def keep(self, folder: Path = FOLDER) -> None:
        """Writes the result over the last one of the same cell and size."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.size}-{self.fault}-{self.topology}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def kept(folder: Path = FOLDER) -> Iterator[Result]:
    for path in sorted(folder.glob("*.json")):
        yield from_json(json.loads(path.read_text()))


def from_json(found: dict[str, Any]) -> Result:
    times = {
        name: None if found[name] is None else Times(**found[name])
        for name in ("back", "back_after_mending")
    }
    return Result(**(found | times))
