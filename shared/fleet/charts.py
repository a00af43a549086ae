"""This module makes rates and charts from what processes report about their last minutes. It is
pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from padfleet.shared.fleet.past import KEPT, NONE, STEP_S, Point
from padfleet.shared.fleet.record import Kind, ProcessRecord

RATE_OVER_MS = 8_000
"""The least time over which a rate is taken, if the process is old enough: some beats."""


class Rates(NamedTuple):
    """Rates per second; `busy` is the share of a core that the process uses, nearly all of which is
    its event loop."""

    revisions: float
    frames: float
    bytes: float
    busy: float


@dataclass(frozen=True, kw_only=True)
class Series:
    """The last five minutes, oldest first, one value per `STEP_S`; None where no process
    reported."""

    step_s: int
    sockets: Sequence[float | None]
    revisions: Sequence[float | None]
    frames: Sequence[float | None]
    bytes: Sequence[float | None]
    busy: Sequence[float | None]  #: that of the busiest process
    flow_ms: Sequence[float | None]  #: that of the slowest worker
    delivery_ms: Sequence[float | None]  #: that of the slowest worker


def recent(past: Sequence[Point]) -> Rates | None:
    """Returns the present rates, or None for a process that has just started."""
    return _rates_at(past, len(past) - 1, [point.at for point in past])


def _rates_at(past: Sequence[Point], index: int, moments: Sequence[int]) -> Rates | None:
    now = past[index]
    before = max(0, bisect_right(moments, now.at - RATE_OVER_MS) - 1)
    return between(past[before], now)


def between(before: Point, now: Point) -> Rates | None:
    """Returns the rates between two points, or None if no time lies between them, or if the later
    one belongs to another life of the process."""
    span = now.at - before.at
    if span <= 0 or any(new < old for new, old in zip(now[3:6], before[3:6], strict=True)):
        return None
    return Rates(
        (now.revisions - before.revisions) * 1000 / span,
        (now.frames - before.frames) * 1000 / span,
        (now.bytes - before.bytes) * 1000 / span,
        max(0.0, (now.cpu - before.cpu) / span),
    )


def charts(records: Sequence[ProcessRecord]) -> Series:
    """Makes charts. Each process reports times of its own clock, so they are aligned by the newest
    report of each."""
    places: list[dict[str, float]] = [{} for _ in range(KEPT)]
    for record in records:
        moments = [point.at for point in record.past]
        for ago, place in enumerate(reversed(places)):
            index = _nearest(moments, moments[-1] - ago * STEP_S * 1000)
            if index is not None:
                rates = _rates_at(record.past, index, moments)
                _put(place, record.kind, record.past[index], rates)
    columns = {
        name: [place.get(name) for place in places]
        for name in ("sockets", "revisions", "frames", "bytes", "busy", "flow_ms", "delivery_ms")
    }
    return Series(step_s=STEP_S, **columns)


def _nearest(moments: Sequence[int], wanted: int) -> int | None:
    """Returns the nearest point, or None if the process did not live at that moment, or did not
    report."""
    after = bisect_left(moments, wanted)
    near = [index for index in (after - 1, after) if 0 <= index < len(moments)]
    index = min(near, key=lambda index: abs(moments[index] - wanted))
    return index if abs(moments[index] - wanted) <= STEP_S * 1000 else None


def _put(place: dict[str, float], kind: Kind, point: Point, rates: Rates | None) -> None:
    if kind == "worker":
        _add(place, "sockets", point.sockets)
        _most(place, "flow_ms", measured(point.flow))
        _most(place, "delivery_ms", measured(point.latency))
    if rates is None:
        return
    _most(place, "busy", rates.busy)
    if kind == "writer":
        _add(place, "revisions", rates.revisions)
    else:
        _add(place, "frames", rates.frames)
        _add(place, "bytes", rates.bytes)


def _add(place: dict[str, float], name: str, value: float) -> None:
    place[name] = place.get(name, 0.0) + value


def _most(place: dict[str, float], name: str, value: float | None) -> None:
    if value is not None:
        place[name] = max(place.get(name, 0.0), value)


def measured(value: int) -> int | None:
    """Returns a time of a point, or None if there was nothing to measure."""
    return None if value == NONE else value
