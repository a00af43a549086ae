"""Writes the report as one self-contained page: tables, and charts as inline SVG."""

import re
from collections.abc import Callable
from html import escape
from typing import Any

from padfleet.services.tools.loadtest.chart import Chart, ChartLine
from padfleet.services.tools.loadtest.report_text import MB, READING, findings, server_table, table
from padfleet.services.tools.loadtest.results import LoadReport, StepResult

PERCENTILES = (("p50", 50.0), ("p95", 95.0), ("p99", 99.0))

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1f23; --faint: #6b7280; --rule: #e5e7eb;
  --warn: #b42318;
  --c0: #2563eb; --c1: #d97706; --c2: #059669; --c3: #db2777;
  --c4: #7c3aed; --c5: #0891b2; --c6: #65a30d; --c7: #dc2626; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --ink: #e6e8eb; --faint: #9aa3ad; --rule: #2c3238; --warn: #ff8a7a;
    --c0: #6ea8fe; --c1: #f5b041; --c2: #4ade80; --c3: #f472b6;
    --c4: #b79cff; --c5: #4dd0e1; --c6: #b4e05a; --c7: #ff7b72; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
  max-width: 1360px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p, li { max-width: 60rem; } .faint { color: var(--faint); } b { color: var(--warn); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th { color: var(--faint); font-weight: 500; } tr.saturated td { color: var(--warn); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 1.5rem; }
svg { width: 100%; } .title { fill: var(--ink); font: 600 14px system-ui, sans-serif; }
.tick { fill: var(--faint); font: 11px system-ui, sans-serif; }
.grid { stroke: var(--rule); } .line { fill: none; stroke-width: 2; }
"""
_COLOURS = "".join(f".s{n}{{stroke:var(--c{n})}}.f{n}{{fill:var(--c{n})}}" for n in range(8))

_STRONG = re.compile(r"\*\*(.+?)\*\*")
_WORD = re.compile(r"\*(.+?)\*")


def as_html(report: LoadReport) -> str:
    """Returns the report as a page of its own, which loads nothing else."""
    heads, rows = server_table(report)
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(report.title)}</title><style>{_STYLE}{_COLOURS}</style>",
        f"<h1>{escape(report.title)}</h1>",
        f'<p class="faint">{escape(report.started)}, {escape(machine)}</p>',
        _list(findings(report)),
        _charts("By step", _by_step(report)),
        "<h2>Steps</h2>",
        _table(*table(report)),
        f'<p class="faint">{_marked(READING)}</p>',
        f"<h2>Servers</h2>{_table(heads, rows)}" if rows else "",
        _charts("By time", _by_time(report)),
        "</html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _list(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{_marked(line)}</li>' for line in lines)}</ul>" if lines else ""


def _marked(text: str) -> str:
    """Renders the two kinds of markup that findings use."""
    return _WORD.sub(r"<em>\1</em>", _STRONG.sub(r"<b>\1</b>", escape(text)))


def _table(heads: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f"<tr{' class=saturated' if row[-1] == 'yes' else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _charts(title: str, charts: list[Chart]) -> str:
    drawn = [svg for chart in charts if (svg := chart.svg())]
    return f'<h2>{title}</h2><div class="charts">{"".join(drawn)}</div>' if drawn else ""


# --- By step -------------------------------------------------------------------------------------


def _by_step(report: LoadReport) -> list[Chart]:
    name, x = _axis(report.steps)
    steps = report.steps

    def line(label: str, value: Callable[[StepResult], float | None]) -> ChartLine:
        return ChartLine(label, [(x(step), value(step)) for step in steps])

    def latencies(title: str, what: str) -> Chart:
        lines = [
            line(label, lambda s, p=p: s.tally.latencies[what].ms(p))  # type: ignore[misc]
            for label, p in (*PERCENTILES, ("max", 100.0))
        ]
        return Chart(title, name, "ms", lines, may_be_log=True)

    servers = sorted({server for step in steps for server in step.servers})
    processes = sorted({process.name for step in steps for process in step.rig})

    def server_share(step: StepResult, server: str) -> float | None:
        return step.per_second(step.servers[server].cpu_s) if server in step.servers else None

    def rig_share(step: StepResult, process: str) -> float | None:
        return next((found.share for found in step.rig if found.name == process), None)

    return [
        latencies("Typed to acknowledged", "ack"),
        latencies("Commit to another's socket", "delivery"),
        Chart(
            "Throughput",
            name,
            "per second",
            [
                line("commits", lambda s: s.per_second(s.tally.counts.accepted)),
                line("delivered", lambda s: s.per_second(s.tally.counts.delivered)),
                line("frames", lambda s: s.per_second(s.tally.counts.frames)),
            ],
            may_be_log=True,
        ),
        Chart("Revisions in a frame", name, "", [line("mean", lambda s: s.batch_mean)]),
        Chart(
            "CPU",
            name,
            "cores",
            [
                *(
                    line(n, lambda s, n=n: server_share(s, n))  # type: ignore[misc]
                    for n in servers
                ),
                *(
                    line(f"rig {n}", lambda s, n=n: rig_share(s, n))  # type: ignore[misc]
                    for n in processes
                ),
            ],
        ),
        Chart(
            "Delivered by a CPU-second of the servers",
            name,
            "revisions × sockets",
            [line("delivered", lambda s: s.delivered_per_cpu_s)],
        ),
    ]


def _axis(steps: list[StepResult]) -> tuple[str, Callable[[StepResult], float]]:
    """Returns what the steps differ in."""
    if len({step.readers for step in steps}) > 1:
        return "readers", lambda step: step.readers
    if len({step.rate for step in steps}) > 1:
        return "edits/s each", lambda step: step.rate
    return "authors", lambda step: step.authors


# --- By time -------------------------------------------------------------------------------------


def _by_time(report: LoadReport) -> list[Chart]:
    entries = report.timeline

    def line(label: str, *path: str, scale: float = 1.0) -> ChartLine:
        return ChartLine(label, [(entry["t"], _at(entry, path, scale)) for entry in entries])

    def of_each(field: str, prefix: str = "", scale: float = 1.0) -> list[ChartLine]:
        names = sorted({name for entry in entries for name in entry[field]})
        return [line(f"{prefix}{name}", field, name, scale=scale) for name in names]

    ms = [label for label, _ in PERCENTILES]
    return [
        Chart("Clients", "s", "", [line("connected", "connected"), line("authors", "authors")]),
        Chart(
            "Throughput",
            "s",
            "per second",
            [
                line("commits", "accepted_s"),
                line("delivered", "delivered_s"),
                line("frames", "frames_s"),
            ],
        ),
        Chart("Typed to acknowledged", "s", "ms", [line(p, "ack_ms", p) for p in ms], True),
        Chart(
            "Commit to another's socket", "s", "ms", [line(p, "delivery_ms", p) for p in ms], True
        ),
        Chart("CPU", "s", "cores", of_each("server_cpu") + of_each("rig_cpu", "rig ")),
        Chart("Resident memory of the servers", "s", "MB", of_each("resident", scale=1 / MB)),
    ]


def _at(entry: dict[str, Any], path: tuple[str, ...], scale: float) -> float | None:
    value: Any = entry
    for name in path:
        value = value.get(name)
        if value is None:
            return None
    return float(value) * scale
