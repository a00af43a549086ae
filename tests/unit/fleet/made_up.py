"""Fleets that never were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from padfleet.shared.fleet.past import NONE, Point
from padfleet.shared.fleet.record import BusyPads, ColdTrouble, Kind, ProcessRecord, TaskLine
from padfleet.shared.fleet.snapshot import FleetSnapshot, InboxStatus, Seen, UnreadInbox


def point(at: float, **given: int) -> Point:
    """Returns a point at `at` seconds."""
    none = dict.fromkeys(("cpu", "sockets", "revisions", "frames", "bytes"), 0)
    times = dict.fromkeys(("latency", "flow", "delay"), NONE)
    return Point(at=round(at * 1000), **{**none, **times, **given})


def process(
    kind: Kind,
    name: str,
    past: Sequence[Point] = (),
    *,
    silence: float = 0.2,
    why: Mapping[str, str] | None = None,
    busiest: Sequence[BusyPads] = (),
    tasks: Sequence[TaskLine] = (),
    port: int = 9001,
    cold: ColdTrouble | None = None,
) -> Seen:
    record = ProcessRecord(
        kind=kind,
        id=name,
        host="host",
        port=port,
        version="0.1.0",
        timeout_ms=4000,
        why=why or {},
        sessions=1,
        pads=2,
        busiest=tuple(busiest),
        tasks=tuple(tasks),
        cold=cold,
        past=tuple(past) or (point(100),),
    )
    return Seen(kind, name, round(silence * 1000), record)


def standing(
    partition: int,
    owner: str = "writer-1",
    left: float | None = 3.0,
    *,
    waiting: float | None = None,
    entries: int = 0,
) -> InboxStatus:
    return InboxStatus(
        partition,
        owner,
        None if left is None else round(left * 1000),
        None if waiting is None else round(waiting * 1000),
        entries,
    )


def snapshot(
    processes: Sequence[Seen] | None = None,
    partitions: Sequence[InboxStatus] | None = None,
    unread: Sequence[UnreadInbox] = (),
) -> FleetSnapshot:
    """Returns a fleet in which everything is well, apart from what is given."""
    if processes is None:
        processes = [process("worker", "fanout-1"), process("writer", "writer-1")]
    if partitions is None:
        partitions = [standing(number) for number in range(4)]
    return FleetSnapshot(
        at=1_790_000_000.0,
        processes=tuple(processes),
        partitions=tuple(partitions),
        unread=tuple(unread),
    )
