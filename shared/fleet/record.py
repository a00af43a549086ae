"""This module defines the record in Redis by which a process reports about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from padfleet.shared.fleet.past import Point
from padfleet.shared.log.records import pack, unpack

Kind = Literal["worker", "writer"]

FORM = 1
"""The version of the form, which grows when a field changes its meaning. New fields do not need
that: a reader that does not know them ignores them, so that processes of two versions appear in one
view during an upgrade."""

LONGEST = 200
"""The maximum number of characters of a text. Names of pads have 50, unless they were brought from
elsewhere."""


MOST_DAMAGED = 10
"""The maximum number of pads that are named as damaged."""


class BusyPads(NamedTuple):
    """A pad as one worker sees it."""

    pad: str
    users: int  #: on all workers
    sessions: int  #: on this worker
    rate: int  #: revisions in 10 s
    behind: int  #: how many revisions the session furthest behind has not been sent


class TaskLine(NamedTuple):
    """The state of the lasting tasks of one name."""

    name: str
    running: int
    restarts: int
    late_ms: int  #: how much later than announced the one furthest behind is
    trouble: str  #: what is wrong with one of them; "" if all are well


class ColdTrouble(NamedTuple):
    """What is wrong with the cold store, as one process sees it."""

    text: str
    advice: str  #: what an operator can do
    meanwhile: str  #: what it means for people until that is done


@dataclass(frozen=True, kw_only=True)
class ProcessRecord:
    kind: Kind
    id: str
    host: str
    port: int
    version: str
    timeout_ms: int  #: the silence after which the others presume it dead
    why: Mapping[str, str] = field(default_factory=dict)
    """The checks of readiness that fail, and why; if there are none, the process is ready."""
    sessions: int = 0
    pads: int = 0
    busiest: tuple[BusyPads, ...] = ()
    damaged: Mapping[str, str] = field(default_factory=dict)
    """Pads that a writer has recently found to be damaged, and what is wrong with each."""
    tasks: tuple[TaskLine, ...] = ()
    cold: ColdTrouble | None = None
    past: tuple[Point, ...]  #: at least one, the newest last

    @property
    def draining(self) -> bool:
        return "draining" in self.why


def encode(record: ProcessRecord) -> bytes:
    """Returns the record as it is stored in Redis, with the version of this form."""
    return pack(
        {
            "form": FORM,
            "kind": record.kind,
            "id": record.id,
            "host": record.host,
            "port": record.port,
            "version": record.version,
            "timeout": record.timeout_ms,
            "why": {name: why[:LONGEST] for name, why in record.why.items()},
            "sessions": record.sessions,
            "pads": record.pads,
            "busiest": [busy._replace(pad=busy.pad[:LONGEST]) for busy in record.busiest],
            "damaged": {
                pad[:LONGEST]: why[:LONGEST]
                for pad, why in list(record.damaged.items())[-MOST_DAMAGED:]
            },
            "tasks": [line._replace(trouble=line.trouble[:LONGEST]) for line in record.tasks],
            "cold": record.cold and [text[:LONGEST] for text in record.cold],
            "past": record.past,
        }
    )


def decode(data: bytes) -> ProcessRecord | None:
    """Decodes a record. Returns None if it is not of this form, because it is of another version or
    not ours."""
    try:
        fields: dict[str, Any] = unpack(data)
        if fields["form"] != FORM or fields["kind"] not in ("worker", "writer"):
            return None
        return ProcessRecord(
            kind=fields["kind"],
            id=str(fields["id"]),
            host=str(fields["host"]),
            port=int(fields["port"]),
            version=str(fields["version"]),
            timeout_ms=int(fields["timeout"]),
            why={str(name): str(why) for name, why in fields["why"].items()},
            sessions=int(fields["sessions"]),
            pads=int(fields["pads"]),
            busiest=tuple(_busy(*values) for values in fields["busiest"]),
            damaged={str(pad): str(why) for pad, why in fields.get("damaged", {}).items()},
            tasks=tuple(_task(*values) for values in fields.get("tasks", ())),
            cold=_cold(*cold) if (cold := fields.get("cold")) else None,
            past=_points(fields["past"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _busy(pad: Any, users: Any, sessions: Any, rate: Any, behind: Any) -> BusyPads:
    return BusyPads(str(pad), int(users), int(sessions), int(rate), int(behind))


def _task(name: Any, running: Any, restarts: Any, late_ms: Any, trouble: Any) -> TaskLine:
    return TaskLine(str(name), int(running), int(restarts), int(late_ms), str(trouble))


def _cold(text: Any, advice: Any, meanwhile: Any) -> ColdTrouble:
    return ColdTrouble(str(text), str(advice), str(meanwhile))


def _points(fields: Any) -> tuple[Point, ...]:
    points = tuple(Point(*map(int, values)) for values in fields)
    if not points:
        raise ValueError("a record without a moment")
    return points
