"""This module makes the view of a fleet out of a snapshot. It is pure."""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from typing import Literal

from padfleet.shared.fleet.charts import charts, measured, recent
from padfleet.shared.fleet.record import Kind, ProcessRecord, TaskLine
from padfleet.shared.fleet.snapshot import FleetSnapshot, Seen
from padfleet.shared.fleet.view import (
    FleetView,
    PadView,
    Partition,
    ProcessView,
    State,
    TaskView,
    Totals,
)

SILENT_MS = 10_000
"""The silence in ms after which a process that does not report its own limit is presumed dead."""

MOST_PADS = 20


def view_of(snapshot: FleetSnapshot) -> FleetView:
    """Returns what is shown of the fleet. Processes that have been silent for too long are shown as
    such, and count in no sum."""
    nodes = _nodes(snapshot)
    processes = tuple(
        _process(seen, snapshot, node=_name(seen.record) in nodes) for seen in snapshot.processes
    )
    records = [
        seen.record
        for seen, process in zip(snapshot.processes, processes, strict=True)
        if seen.record is not None and process.state != "silent"
    ]
    return FleetView(
        at=snapshot.at,
        totals=_totals([process for process in processes if process.state != "silent"]),
        processes=processes,
        partitions=_partitions(snapshot),
        pads=_pads(records),
        tasks=_tasks(records, nodes),
        series=charts(records),
        unwritable=snapshot.unwritable,
    )


def _name(record: ProcessRecord | None) -> tuple[str, str, int] | None:
    """Returns what distinguishes a process of the operating system from all others."""
    return None if record is None else (record.id, record.host, record.port)


def _nodes(snapshot: FleetSnapshot) -> set[tuple[str, str, int] | None]:
    """Returns the names of the processes that are a worker and a writer at once."""
    names = {
        kind: {_name(seen.record) for seen in snapshot.processes if seen.kind == kind}
        for kind in ("worker", "writer")
    }
    return names["worker"] & names["writer"] - {None}


def _process(seen: Seen, snapshot: FleetSnapshot, *, node: bool) -> ProcessView:
    record = seen.record
    silent_s = seen.silence_ms / 1000
    limit = record.timeout_ms if record else SILENT_MS
    if record is None:
        state: State = "silent" if seen.silence_ms > limit else "unknown"
        return ProcessView(kind=seen.kind, id=seen.id, state=state, why=(), silent_s=silent_s)
    now = record.past[-1]
    if seen.silence_ms > limit:
        state = "silent"
    elif record.draining:
        state = "draining"
    else:
        state = "not ready" if record.why else "ready"
    owned = (p.partition for p in snapshot.partitions if p.owner == seen.id and _runs(p.left_ms))
    return ProcessView(
        kind=seen.kind,
        id=seen.id,
        state=state,
        why=tuple(f"{name}: {why}" for name, why in sorted(record.why.items())),
        silent_s=silent_s,
        node=node,
        where=f"{record.host}:{record.port}",
        version=record.version,
        up_s=now.at / 1000,
        sockets=now.sockets,
        sessions=record.sessions,
        pads=record.pads,
        rates=recent(record.past),
        latency_ms=measured(now.latency),
        flow_ms=measured(now.flow),
        delay_ms=measured(now.delay),
        partitions=tuple(owned) if seen.kind == "writer" else (),
        damaged=tuple(record.damaged.items()),
        cold=record.cold,
    )


def _totals(living: Sequence[ProcessView]) -> Totals:
    workers = [process for process in living if process.kind == "worker"]
    writers = [process for process in living if process.kind == "writer"]
    shown = [process.rates for process in workers if process.rates]
    return Totals(
        workers=sum(process.state == "ready" for process in workers),
        writers=sum(process.state == "ready" for process in writers),
        sockets=sum(process.sockets for process in workers),
        sessions=sum(process.sessions for process in workers),
        pads=sum(process.pads for process in workers),
        revisions=sum(process.rates.revisions for process in writers if process.rates),
        delivered=sum(rates.revisions for rates in shown),
        frames=sum(rates.frames for rates in shown),
        bytes=sum(rates.bytes for rates in shown),
        delivery_ms=_most(process.latency_ms for process in workers),
        flow_ms=_most(process.flow_ms for process in workers),
        commit_ms=_most(process.latency_ms for process in writers),
    )


def _most(times: Iterable[int | None]) -> int | None:
    return max((found for found in times if found is not None), default=None)


def _partitions(snapshot: FleetSnapshot) -> tuple[Partition, ...]:
    found = [
        Partition(
            number=standing.partition,
            owner=standing.owner,
            owned=_runs(standing.left_ms),
            ownerless_s=(
                None
                if standing.left_ms is None or _runs(standing.left_ms)
                else -standing.left_ms / 1000
            ),
            waiting_s=None if standing.waiting_ms is None else standing.waiting_ms / 1000,
            entries=standing.entries,
            parked=standing.parked,
        )
        for standing in snapshot.partitions
    ]
    found += [
        Partition(
            number=unread.partition,
            owner="",
            owned=False,
            ownerless_s=None,
            waiting_s=None,
            entries=0,
            unread=unread.why,
        )
        for unread in snapshot.unread
    ]
    return tuple(sorted(found, key=lambda partition: partition.number))


def _pads(records: Iterable[ProcessRecord]) -> tuple[PadView, ...]:
    seen = defaultdict(list)
    for record in records:
        for busy in record.busiest:
            seen[busy.pad].append((busy.sessions, record.id, busy))
    pads = [
        PadView(
            name=name,
            # Every worker sees all of its people and revisions, each a moment sooner or later.
            users=max(busy.users for _, _, busy in places),
            rate=max(busy.rate for _, _, busy in places) / 10,
            behind=max(busy.behind for _, _, busy in places),
            workers=tuple(worker for _, worker, _ in sorted(places, reverse=True)),
        )
        for name, places in seen.items()
    ]
    pads.sort(key=lambda pad: (-pad.rate * pad.users, -pad.users, pad.name))
    return tuple(pads[:MOST_PADS])


def _tasks(
    records: Iterable[ProcessRecord], nodes: Container[tuple[str, str, int] | None]
) -> tuple[TaskView, ...]:
    """Returns the tasks by kind. Both records of a node have all of its tasks, which are counted
    once."""
    seen: defaultdict[tuple[Kind | Literal["node"], str], dict[str, TaskLine]] = defaultdict(dict)
    for record in records:
        kind = "node" if _name(record) in nodes else record.kind
        for line in record.tasks:
            seen[kind, line.name][record.id] = line
    return tuple(
        TaskView(
            kind=kind,
            name=name,
            running=sum(line.running for line in places.values()),
            processes=len(places),
            restarts=sum(line.restarts for line in places.values()),
            late_s=max(line.late_ms for line in places.values()) / 1000,
            troubled=tuple(
                f"{process}: {line.trouble}" for process, line in places.items() if line.trouble
            ),
        )
        for (kind, name), places in sorted(seen.items())
    )


def _runs(left_ms: int | None) -> bool:
    return left_ms is not None and left_ms > 0
