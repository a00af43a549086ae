"""Draws a view of a fleet in lines of text. Pure."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from padfleet.services.tools.top.table import TableColumn, plain, rows, wrapped
from padfleet.shared.fleet.findings import Finding, Level, seconds, verdict
from padfleet.shared.fleet.view import FleetView, PadView, Partition, ProcessView, TaskView

_MARKS: Final[dict[Level, str]] = {"bad": "!!", "warn": " !", "note": " ."}
_COLOURS: Final[dict[Level, str]] = {"bad": "1;31", "warn": "33", "note": "36"}

MOST_PADS = 10
BARS = " ▁▂▃▄▅▆▇█"


def screen(
    now: FleetView, found: Sequence[Finding], *, width: int, colour: bool = False
) -> Iterator[str]:
    """Yields the lines of the screen. What matters most comes first, so that a screen with few
    lines loses the least important part."""

    def paint(text: str, how: str) -> str:
        return f"\x1b[{how}m{text}\x1b[0m" if colour else text

    worst: Level = found[0].level if found else "note"
    how = "1;32" if worst == "note" else _COLOURS[worst]
    moment = time.strftime("%H:%M:%S", time.localtime(now.at))
    for line in wrapped(f"{verdict(found)}  ({moment})", width, 0):
        yield paint(line, how)
    for finding in found:
        # The mark is put before the rest, for spaces at the beginning do not survive the wrapping.
        first, *more = wrapped(plain(finding.text), width - 3, 0)
        for line in (f"{_MARKS[finding.level]} {first}", *(f"   {line}" for line in more)):
            yield paint(line, _COLOURS[finding.level])
    yield ""
    yield from wrapped(_totals(now), width, 0)
    yield from _charts(now, width)
    workers, writers = now.of("worker"), now.of("writer")
    if workers:
        yield from _titled("Workers", rows(_WORKERS, workers, width), paint)
    if writers:
        yield from _titled("Writers", rows(_WRITERS, writers, width), paint)
    yield from _titled("Partitions", _partitions(now, width), paint)
    if now.pads:
        pads = now.pads[:MOST_PADS]
        yield from _titled("Busiest pads", rows(_PADS, pads, width), paint)
    if now.tasks:
        yield from _titled("Tasks", rows(_TASKS, now.tasks, width), paint)


def _titled(title: str, lines: Iterator[str], paint: Callable[[str, str], str]) -> Iterator[str]:
    yield ""
    yield paint(title, "1")
    yield from lines


def _totals(now: FleetView) -> str:
    sums = now.totals
    parts = [
        f"{sums.workers} of {_many(len(now.of('worker')), 'worker')} ready",
        f"{sums.writers} of {_many(len(now.of('writer')), 'writer')} ready",
        _many(sums.sockets, "socket"),
        _many(sums.sessions, "session"),
        f"{_number(sums.revisions)} revisions/s",
        f"{_number(sums.delivered)} delivered/s",
        f"{_number(sums.frames)} messages/s",
        f"{size(sums.bytes)}/s",
        f"round trip p95 {milliseconds(sums.flow_ms)}",
        f"delivery p95 {milliseconds(sums.delivery_ms)}",
        f"commit p95 {milliseconds(sums.commit_ms)}",
    ]
    return ", ".join(parts)


def _charts(now: FleetView, width: int) -> Iterator[str]:
    """Yields charts of the last minutes, if there is room for them beside their names."""
    series = now.series
    lines = [
        ("sockets", series.sockets, _number),
        ("revisions/s", series.revisions, _number),
        ("round trip ms", series.flow_ms, _number),
    ]
    if width < 24 + len(series.sockets):
        return
    yield ""
    for name, values, words in lines:
        known = [value for value in values if value is not None]
        most = max(known, default=0.0)
        yield f"{name:<15} {bars(values)} {words(most)} at most"


def bars(values: Sequence[float | None]) -> str:
    most = max((value for value in values if value is not None), default=0.0)
    return "".join(
        "·" if value is None else BARS[1 + round(7 * value / most) if most else 1]
        for value in values
    )


def _partitions(now: FleetView, width: int) -> Iterator[str]:
    """Yields how many partitions have an owner, one line for each writer with its partitions, and
    the partitions without an owner. Faults are among the findings."""
    count = len(now.partitions)
    owned = sum(partition.owned for partition in now.partitions)
    waiting = [p for p in now.partitions if p.waiting_s is not None]
    text = f"{owned} of {count} have an owner"
    if waiting:
        oldest = max(waiting, key=lambda p: p.waiting_s or 0.0)
        text += f"; submissions in {len(waiting)}, the oldest {seconds(oldest.waiting_s or 0.0)}"
    yield from wrapped(text, width, 0)
    for process in now.of("writer"):
        if process.partitions:
            numbers = " ".join(map(str, process.partitions))
            yield from wrapped(f"{plain(process.id)}: {numbers}", width, 2)
    lost = [_lost(p) for p in now.partitions if not p.owned]
    if lost:
        yield from wrapped(f"without: {', '.join(lost)}", width, 2)


def _lost(partition: Partition) -> str:
    since = "" if partition.ownerless_s is None else f" ({seconds(partition.ownerless_s)})"
    return f"{partition.number}{since}"


# --- Columns -------------------------------------------------------------------------------------


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def size(count: float) -> str:
    """Returns a number of bytes as text for people."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def milliseconds(value: int | None) -> str:
    return "-" if value is None else f"{value} ms"


def _rate(which: str) -> Callable[[ProcessView], str]:
    return lambda p: "-" if p.rates is None else _number(getattr(p.rates, which))


_COMMON: Final = [
    TableColumn[ProcessView]("ID", lambda p: f"{p.id} (node)" if p.node else p.id, 100, left=True),
    TableColumn[ProcessView]("STATE", lambda p: p.state, 90, left=True),
]
_LATER: Final = [
    TableColumn[ProcessView](
        "BUSY", lambda p: "-" if p.rates is None else f"{p.rates.busy:.0%}", 70
    ),
    TableColumn[ProcessView]("LOOP", lambda p: milliseconds(p.delay_ms), 20),
    TableColumn[ProcessView]("UP", lambda p: seconds(p.up_s) if p.up_s else "-", 30),
    TableColumn[ProcessView]("WHERE", lambda p: p.where or "-", 40, left=True),
    TableColumn[ProcessView]("VERSION", lambda p: p.version or "-", 10, left=True),
]
_WORKERS: Final = [
    *_COMMON,
    TableColumn[ProcessView]("SOCKETS", lambda p: f"{p.sockets:,}", 80),
    TableColumn[ProcessView]("PADS", lambda p: f"{p.pads:,}", 50),
    TableColumn[ProcessView]("DELIVERED/S", _rate("revisions"), 45),
    TableColumn[ProcessView]("MSG/S", _rate("frames"), 44),
    TableColumn[ProcessView](
        "BYTES/S", lambda p: "-" if p.rates is None else size(p.rates.bytes), 42
    ),
    TableColumn[ProcessView]("TRIP P95", lambda p: milliseconds(p.flow_ms), 65),
    TableColumn[ProcessView]("DELIVERY P95", lambda p: milliseconds(p.latency_ms), 43),
    *_LATER,
]
_WRITERS: Final = [
    *_COMMON,
    TableColumn[ProcessView]("PARTITIONS", lambda p: str(len(p.partitions)), 80),
    TableColumn[ProcessView]("PADS", lambda p: f"{p.pads:,}", 41),
    TableColumn[ProcessView]("REVISIONS/S", _rate("revisions"), 50),
    TableColumn[ProcessView]("COMMIT P95", lambda p: milliseconds(p.latency_ms), 60),
    *_LATER,
]
_TASKS: Final = [
    TableColumn[TaskView]("TASK", lambda t: f"{t.kind}: {t.name}", 100, left=True),
    TableColumn[TaskView]("RUNNING", lambda t: f"{t.running:,}", 80),
    TableColumn[TaskView]("PROCESSES", lambda t: f"{t.processes:,}", 60),
    TableColumn[TaskView]("RESTARTS", lambda t: f"{t.restarts:,}", 90),
    TableColumn[TaskView]("LATE", lambda t: seconds(t.late_s) if t.late_s >= 0.1 else "-", 70),
]
_PADS: Final = [
    TableColumn[PadView]("PAD", lambda p: p.name, 100, left=True),
    TableColumn[PadView]("USERS", lambda p: f"{p.users:,}", 90),
    TableColumn[PadView]("REVISIONS/S", lambda p: _number(p.rate), 80),
    TableColumn[PadView]("BEHIND", lambda p: f"{p.behind:,}", 60),
    TableColumn[PadView]("ON WORKERS", lambda p: ", ".join(p.workers), 40, left=True),
]
