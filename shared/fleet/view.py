"""This module has what is shown of a fleet: processes, partitions, pads and tasks, with rates and
sums."""

from dataclasses import dataclass
from typing import Literal

from padfleet.shared.fleet.charts import Rates, Series
from padfleet.shared.fleet.record import ColdTrouble, Kind

State = Literal["ready", "not ready", "draining", "silent", "unknown"]


@dataclass(frozen=True, kw_only=True)
class ProcessView:
    kind: Kind
    id: str
    state: State
    why: tuple[str, ...]  #: the reasons why it is not ready
    silent_s: float
    node: bool = False  #: it is a worker and a writer; each of them has a view
    where: str = ""  #: host:port
    version: str = ""
    up_s: float = 0.0
    sockets: int = 0
    sessions: int = 0
    pads: int = 0
    rates: Rates | None = None  #: None if it has just started
    latency_ms: int | None = None  #: recent p95 of deliveries or commits
    flow_ms: int | None = None  #: of a worker: p95 of its own revisions' round trip
    delay_ms: int | None = None
    partitions: tuple[int, ...] = ()  #: of a writer: those that it holds
    damaged: tuple[tuple[str, str], ...] = ()  #: damaged pads that a writer found, and why
    cold: ColdTrouble | None = None  #: what is wrong with the cold store


@dataclass(frozen=True, kw_only=True)
class Partition:
    number: int
    owner: str  #: the writer that has it, or had it last
    owned: bool
    #: how long its lease has been expired; None if it is owned, or was given back
    ownerless_s: float | None
    waiting_s: float | None
    entries: int
    unread: str = ""  #: why nothing is known of it
    parked: int = 0  #: entries that could not be read, and were skipped


@dataclass(frozen=True, kw_only=True)
class PadView:
    name: str
    users: int
    rate: float  #: revisions per second
    behind: int
    workers: tuple[str, ...]  #: those that name it, the one with the most of its people first


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """The tasks of one name in all processes of a kind."""

    kind: Kind | Literal["node"]
    name: str
    running: int
    processes: int  #: how many have it
    restarts: int
    late_s: float  #: how much later than announced the one furthest behind is
    troubled: tuple[str, ...]  #: the processes in which it is not well, and why


@dataclass(frozen=True, kw_only=True)
class Totals:
    workers: int  #: how many are ready
    writers: int
    sockets: int
    sessions: int
    pads: int  #: open pads, counted once for each worker that has them open
    revisions: float  #: committed per second
    delivered: float  #: revisions per second, over all sockets
    frames: float
    bytes: float
    delivery_ms: int | None  #: p95 of the slowest worker
    flow_ms: int | None  #: p95 of the slowest worker's own revisions
    commit_ms: int | None  #: p95 of the slowest writer


@dataclass(frozen=True, kw_only=True)
class FleetView:
    at: float
    totals: Totals
    processes: tuple[ProcessView, ...]  #: workers first, then writers
    partitions: tuple[Partition, ...]
    pads: tuple[PadView, ...]  #: the busiest first
    tasks: tuple[TaskView, ...]  #: those that live as long as their processes
    series: Series
    unwritable: tuple[str, ...] = ()  #: Redis servers that cannot write to their disk

    def of(self, kind: Kind) -> list[ProcessView]:
        return [process for process in self.processes if process.kind == kind]
