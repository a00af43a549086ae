"""Draws line charts as SVG, for a page that has to be self-contained in one file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 34, 40

LOG_FROM = 100.0
"""The ratio of the largest to the smallest value from which a chart gets a logarithmic axis, if it
may have one."""

COLOURS = 8
"""The number of classes s0 to s7, whose colours the page's style defines."""


@dataclass(frozen=True, slots=True)
class ChartLine:
    name: str
    points: Sequence[tuple[float, float | None]]  #: x and y; None leaves a gap


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    x_label: str
    y_label: str
    lines: Sequence[ChartLine]
    may_be_log: bool = False

    def svg(self) -> str:
        """Returns the chart; empty if there are fewer than two points to join."""
        known = [(x, y) for line in self.lines for x, y in line.points if y is not None]
        if len({x for x, _ in known}) < 2:
            return ""
        lines = [line for line in self.lines if any(y is not None for _, y in line.points)]
        xs = _Linear(min(x for x, _ in known), max(x for x, _ in known))
        ys = self._y_axis([y for _, y in known])
        parts = [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.title)}">',
            f'<text class="title" x="{_LEFT}" y="14">{escape(self.title)}</text>',
        ]
        for value in ys.ticks():
            y = _y(ys.place(value))
            parts.append(
                f'<path class="grid" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
                f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
                f"{_number(value)}</text>"
            )
        for value in xs.ticks():
            x = _x(xs.place(value))
            parts.append(
                f'<text class="tick" x="{x:.1f}" y="{HEIGHT - _BOTTOM + 16}" '
                f'text-anchor="middle">{_number(value)}</text>'
            )
        parts.append(
            f'<text class="tick" x="{WIDTH - _RIGHT}" y="{HEIGHT - 6}" text-anchor="end">'
            f"{escape(self.x_label)}</text>"
            f'<text class="tick" x="{WIDTH - _RIGHT}" y="14" text-anchor="end">'
            f"{escape(self.y_label)}</text>"
        )
        for number, line in enumerate(lines):
            parts.append(_drawn(line, number % COLOURS, xs, ys))
        parts.append(_legend(lines))
        return "".join([*parts, "</svg>"])

    def _y_axis(self, values: list[float]) -> "_Linear | _Logarithmic":
        low, high = min(values), max(values)
        if self.may_be_log and low > 0 and high / low >= LOG_FROM:
            return _Logarithmic(low, high)
        return _Linear(0.0, high or 1.0)


class _Linear:
    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high

    def place(self, value: float) -> float:
        """Returns where the value lies between the ends of the axis, from 0 to 1."""
        return (value - self._low) / (self._high - self._low)

    def ticks(self) -> list[float]:
        """Returns about five round numbers."""
        span = self._high - self._low
        size = 10 ** math.floor(math.log10(span / 4))
        step = size * next(f for f in (1, 2, 5, 10) if span / (size * f) <= 5.5)
        first = math.ceil(self._low / step - 1e-9)
        last = math.floor(self._high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


class _Logarithmic:
    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = math.floor(math.log10(low)), math.ceil(math.log10(high))

    def place(self, value: float) -> float:
        return (math.log10(value) - self._low) / (self._high - self._low)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self._low, self._high + 1)]


def _x(share: float) -> float:
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _drawn(line: ChartLine, colour: int, xs: _Linear, ys: _Linear | _Logarithmic) -> str:
    path, marks, pen = [], [], "M"
    few = len(line.points) <= 60
    for x, y in line.points:
        if y is None:
            pen = "M"
            continue
        at = f"{_x(xs.place(x)):.1f} {_y(ys.place(y)):.1f}"
        path.append(pen + at)
        pen = "L"
        if few:
            left, top = at.split()
            marks.append(
                f'<circle class="f{colour}" cx="{left}" cy="{top}" r="3">'
                f"<title>{escape(line.name)}: {_number(y)} at {_number(x)}</title></circle>"
            )
    return f'<path class="line s{colour}" d="{"".join(path)}"/>{"".join(marks)}'


def _legend(lines: Sequence[ChartLine]) -> str:
    parts, x = [], float(_LEFT)
    for number, line in enumerate(lines):
        parts.append(
            f'<rect class="f{number % COLOURS}" x="{x:.0f}" y="21" width="10" height="4"/>'
            f'<text class="tick" x="{x + 14:.0f}" y="27">{escape(line.name)}</text>'
        )
        x += 26 + 6.4 * len(line.name)
    return "".join(parts)


def _number(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            unit = 1e3 if letter == "k" else size
            return f"{value / unit:.3g}{letter}"
    return f"{value:.4g}"
