"""Draws small charts, side by side, as one SVG for docs/capacity.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, ACROSS = 300, 150, 3
LEFT, TOP, BOTTOM = 52, 34, 22
LOW_MS, HIGH_MS = 1.0, 10_000.0

_STYLE = (
    "text{font:11px sans-serif;fill:#57606a}.name{font-weight:bold;fill:#24292f}"
    "path{fill:none;stroke-width:1.6}.grid{stroke:#d0d7de;stroke-width:1}"
    ".p50{stroke:#54aeff}.p99{stroke:#0969da}.most{stroke:#8c959f}.ack{stroke:#bf8700}"
)
_LINES = (("p50_ms", "p50"), ("p99_ms", "p99"), ("most_ms", "most"), ("ack_p99_ms", "ack"))


def svg(scenarios: Sequence[dict[str, Any]]) -> str:
    """Draws the latency of each scenario by second; the scale is logarithmic, so that small values
    are visible."""
    down = -(-len(scenarios) // ACROSS)
    width, height = WIDTH * ACROSS, HEIGHT * down + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="Latency by second of each scenario">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, scenario in enumerate(scenarios):
        x, y = number % ACROSS * WIDTH, number // ACROSS * HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_panel(scenario)}</g>')
    parts.append(_legend(height))
    return "".join([*parts, "</svg>\n"])


def _panel(scenario: dict[str, Any]) -> str:
    seconds = scenario["by_second"]
    right, bottom = WIDTH - 10, HEIGHT - BOTTOM
    first = scenario["simulated_s"] - 1 - len(seconds)
    parts = [f'<text class="name" x="{LEFT}" y="20">{escape(scenario["scenario"])}</text>']
    for power in range(5):
        y = _y(10.0**power)
        label = f"{10**power} ms" if power < 3 else f"{10 ** (power - 3)} s"
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
        parts.append(f'<text x="{LEFT - 4}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    at = scenario["happens_at_s"]
    wide = (right - LEFT) / max(1, len(seconds) - 1)
    if at is not None:
        x = LEFT + (at - first) * wide
        parts.append(f'<path class="grid" stroke-dasharray="3" d="M{x:.1f} {TOP}V{bottom}"/>')
    for key, name in _LINES:
        points = [
            f"{LEFT + n * wide:.1f} {_y(second[key]):.1f}"
            for n, second in enumerate(seconds)
            if second[key] > 0
        ]
        if points:
            parts.append(f'<path class="{name}" d="M{"L".join(points)}"/>')
    for n in (0, len(seconds) - 1):
        x = LEFT + n * wide
        anchor = "end" if n else "start"
        parts.append(
            f'<text x="{x:.0f}" y="{HEIGHT - 7}" text-anchor="{anchor}">{first + n} s</text>'
        )
    return "".join(parts)


def _y(ms: float) -> float:
    inside = min(max(ms, LOW_MS), HIGH_MS)
    place = math.log(inside / LOW_MS) / math.log(HIGH_MS / LOW_MS)
    return HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM)


def _legend(height: int) -> str:
    texts = (
        "commit to socket: median",
        "99 of 100",
        "the longest",
        "edit to ACCEPT_COMMIT: 99 of 100",
    )
    parts = []
    for n, ((_, name), text) in enumerate(zip(_LINES, texts, strict=True)):
        x = LEFT + n * 190
        parts.append(f'<path class="{name}" d="M{x} {height - 10}h20"/>')
        parts.append(f'<text x="{x + 26}" y="{height - 6}">{text}</text>')
    return "".join(parts)
