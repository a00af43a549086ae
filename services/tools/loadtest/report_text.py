"""Writes reports as text: a table for people, and the same numbers as CSV."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from padfleet.services.tools.loadtest.results import LoadReport, StepResult

MB = 1 << 20


@dataclass(frozen=True, slots=True)
class ReportColumn:
    name: str  #: with the unit, as CSV has it
    head: str  #: short, for the table; empty: only in CSV
    value: Callable[[StepResult], float | None]


def _latency(what: str, percentile: float) -> Callable[[StepResult], float | None]:
    return lambda step: step.tally.latencies[what].ms(percentile)


def _rate(name: str) -> Callable[[StepResult], float | None]:
    return lambda step: step.per_second(getattr(step.tally.counts, name))


COLUMNS = (
    ReportColumn("authors", "authors", lambda step: step.authors),
    ReportColumn("readers", "readers", lambda step: step.readers),
    ReportColumn("edits_per_author_s", "edits/s each", lambda step: step.rate),
    ReportColumn("connected", "connected", lambda step: step.connected),
    ReportColumn("seconds", "", lambda step: step.seconds),
    ReportColumn("typed_s", "", _rate("typed")),
    ReportColumn("submitted_s", "", _rate("submitted")),
    ReportColumn("commits_s", "commits/s", _rate("accepted")),
    ReportColumn("delivered_s", "delivered/s", _rate("delivered")),
    ReportColumn("frames_s", "frames/s", _rate("frames")),
    ReportColumn("bytes_s", "bytes/s", _rate("bytes")),
    ReportColumn("bytes_per_revision", "B/revision", lambda step: step.bytes_per_revision),
    ReportColumn("revisions_per_frame", "revs/frame", lambda step: step.batch_mean),
    ReportColumn("ack_p50_ms", "ack p50", _latency("ack", 50)),
    ReportColumn("ack_p95_ms", "p95", _latency("ack", 95)),
    ReportColumn("ack_p99_ms", "p99", _latency("ack", 99)),
    ReportColumn("ack_max_ms", "max", _latency("ack", 100)),
    ReportColumn("ack_sent_p50_ms", "", _latency("ack_sent", 50)),
    ReportColumn("ack_sent_p95_ms", "", _latency("ack_sent", 95)),
    ReportColumn("ack_sent_p99_ms", "", _latency("ack_sent", 99)),
    ReportColumn("delivery_p50_ms", "delivery p50", _latency("delivery", 50)),
    ReportColumn("delivery_p95_ms", "p95", _latency("delivery", 95)),
    ReportColumn("delivery_p99_ms", "p99", _latency("delivery", 99)),
    ReportColumn("delivery_max_ms", "max", _latency("delivery", 100)),
    ReportColumn("join_p95_ms", "", _latency("join", 95)),
    ReportColumn("unaccepted", "waiting", lambda step: step.unaccepted),
    ReportColumn("oldest_unaccepted_ms", "", lambda step: step.oldest_ms),
    ReportColumn("server_cpu_s", "server CPU s", lambda step: step.server_cpu_s or None),
    ReportColumn("delivered_per_server_cpu_s", "delivered/CPU s", lambda s: s.delivered_per_cpu_s),
    ReportColumn(
        "rig_cpu_share_max", "rig CPU", lambda s: max((p.share for p in s.rig), default=None)
    ),
    ReportColumn("busy_cores", "busy cores", lambda step: step.busy_cores),
)


def as_csv(report: LoadReport) -> str:
    """Returns one line for each step; latencies are in ms."""
    servers = sorted({name for step in report.steps for name in step.servers})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            *(column.name for column in COLUMNS),
            *(f"{name}_{what}" for name in servers for what in ("cpu_s", "resident_bytes")),
            "errors",
            "violations",
            "saturated",
        ]
    )
    for step in report.steps:
        used: list[float | None] = []
        for name in servers:
            server = step.servers.get(name)
            used += [server.cpu_s, server.resident] if server else [None, None]
        values = [*(column.value(step) for column in COLUMNS), *used]
        writer.writerow(
            [
                *map(_cell, values),
                step.tally.errors.total(),
                step.tally.violations.total(),
                "; ".join(step.saturated),
            ]
        )
    return out.getvalue()


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(round(value)) if value == round(value) else f"{value:.6g}"


def table(report: LoadReport) -> tuple[list[str], list[list[str]]]:
    """Returns heads and rows for both the Markdown and the HTML report."""
    shown = [column for column in COLUMNS if column.head]
    rows = [
        [*(readable(column.value(step)) for column in shown), "yes" if step.saturated else ""]
        for step in report.steps
    ]
    return [*(column.head for column in shown), "rig saturated"], rows


def server_table(report: LoadReport) -> tuple[list[str], list[list[str]]]:
    """Returns CPU and memory of each server process, step by step."""
    names = sorted({name for step in report.steps for name in step.servers})
    heads = ["authors", "readers", "edits/s each", *(f"{n} CPU, MB" for n in names)]
    rows = []
    for step in report.steps:
        cells = []
        for name in names:
            server = step.servers.get(name)
            share = step.per_second(server.cpu_s) if server else 0.0
            cells.append(f"{share:.0%}, {server.resident / MB:.0f}" if server else "")
        rows.append([str(step.authors), str(step.readers), readable(step.rate), *cells])
    return heads, rows if names else []


def findings(report: LoadReport) -> list[str]:
    """Returns what has to be said in addition to the numbers, the worst first."""
    found = [f"**Not the same in the end**: {what}" for what in report.differences]
    found += [
        f"**Broken promise**: {kind}, {count} times" for kind, count in report.violations.items()
    ]
    found += [f"{count} × {what}" for what, count in report.errors.most_common()]
    if report.sound and report.verified:
        found.append(f"Agreement in the end: {report.verified}.")
    for step in report.steps:
        if step.saturated:
            found.append(
                f"**Rig saturated** at {step.authors} authors, {step.readers} readers, "
                f"{readable(step.rate)} edits/s: {'; '.join(step.saturated)}. The figures of this "
                "step may be the rig's own."
            )
    return found + report.notes


READING = (
    "Latencies are in ms. *ack* is from the moment when an edit was due to its ACCEPT_COMMIT, so "
    "it holds what an edit waited for the one before it; edits still *waiting* at the end of a "
    "step are in no latency. *delivery* is from the server's time of a revision (in whole ms, so "
    "up to 1 ms too long) to its arrival at a socket of somebody else; it is right only if the "
    "rig's clock is the server's, as on one machine. *delivered* counts revisions at each such "
    "socket. CPU shares are of one core."
)


def as_markdown(report: LoadReport) -> str:
    """Returns the report in Markdown."""
    parts = [f"# {report.title}", "", f"{report.started}, {_machine(report)}", ""]
    parts += [*_markdown_table(*table(report)), "", READING, ""]
    heads, rows = server_table(report)
    if rows:
        parts += ["## Servers", "", *_markdown_table(heads, rows), ""]
    if found := findings(report):
        parts += ["## Findings", "", *(f"- {line}" for line in found), ""]
    return "\n".join(parts)


def _markdown_table(heads: list[str], rows: list[list[str]]) -> list[str]:
    lines = [heads, ["--:"] * len(heads), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _machine(report: LoadReport) -> str:
    return ", ".join(f"{name} {value}" for name, value in report.machine.items())


def readable(value: float | None) -> str:
    """Returns three significant digits, or all digits before the point."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
