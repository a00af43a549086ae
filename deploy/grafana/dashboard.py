"""This module is the Grafana dashboard as code: `python deploy/grafana/dashboard.py` writes its
JSON.

From top to bottom, the dashboard answers: are people served, what is the load, where is it stuck,
what broke.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import prometheus, stat, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions, VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
)

FILE: Final = Path(__file__).parent / "dashboards" / "padfleet.json"

OURS: Final = '{job=~"padfleet.*"}'

FLEET: Final = 'fleet=~"$fleet"'
"""Which fleet's figures are shown, by a label that scrapes are given where several fleets have one
Prometheus. It matches everything as long as nobody has chosen one, series without the label too."""

_METRIC: Final = re.compile(r"\b((?:padfleet|etherpad|process)_\w+)(\{)?")

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")

HEIGHT: Final = 7
WIDTH: Final = 24  # of Grafana's grid


def of_fleet(expression: str) -> str:
    """Returns the same series, restricted to the fleet that is chosen."""
    return _METRIC.sub(
        lambda found: f"{found[1]}{{{FLEET}" + (", " if found[2] else "}"), expression
    )


def query(expression: str, legend: str = "") -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(of_fleet(expression)).legend_format(legend)


def graph(title: str, why: str, unit: str, *queries: prometheus.Dataquery) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(title)
        .description(why)
        .unit(unit)
        .datasource(SOURCE)
        .min(0)
        .fill_opacity(8)
        .line_width(1.5)
        .legend(
            VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    for one in queries:
        panel = panel.with_target(one)
    return panel


def number(
    title: str, why: str, unit: str, expression: str, *, worry: float, alarm: float
) -> stat.Panel:
    """Returns a panel with a number that is green up to `worry` and red from `alarm`; the other way
    round if `alarm` is the smaller one."""
    steps = [(None, "green"), (worry, "orange"), (alarm, "red")]
    if alarm < worry:
        steps = [(None, "red"), (alarm, "orange"), (worry, "green")]
    return (
        stat.Panel()
        .title(title)
        .description(why)
        .unit(unit)
        .datasource(SOURCE)
        .thresholds(
            ThresholdsConfig()
            .mode(ThresholdsMode.ABSOLUTE)
            .steps([Threshold(value=value, color=color) for value, color in steps])
        )
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .with_target(query(expression))
    )


def quantiles(metric: str, by: str = "") -> list[prometheus.Dataquery]:
    grouped = f"le, {by}" if by else "le"
    rate = f"sum by ({grouped}) (rate({metric}_bucket[$__rate_interval]))"
    legend = f" {{{{{by}}}}}" if by else ""
    return [
        query(f"histogram_quantile({share}, {rate})", f"{name}{legend}")
        for share, name in ((0.5, "half"), (0.95, "19 in 20"), (0.99, "99 in 100"))
    ]


def rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def panels() -> list[tuple[str, list[tuple[int, stat.Panel | timeseries.Panel]]]]:
    """Returns the rows, each with its panels and their widths."""
    return [
        (
            "Are people served?",
            [
                (
                    4,
                    number(
                        "Delivered within",
                        "95 % of revisions, from the commit to the client's acknowledgement.",
                        "s",
                        "histogram_quantile(0.95, sum by (le) "
                        "(rate(padfleet_fanout_delivery_seconds_bucket[$__rate_interval])))",
                        worry=0.3,
                        alarm=1,
                    ),
                ),
                (
                    4,
                    number(
                        "Partitions with a writer",
                        "Edits on the pads of the other partitions wait.",
                        "percentunit",
                        "sum(padfleet_writer_partitions) "
                        "/ max(padfleet_writer_partitions_configured)",
                        worry=1,
                        alarm=0.99,
                    ),
                ),
                (
                    4,
                    number(
                        "Canaries lost",
                        "Canary revisions that did not come back, in five minutes.",
                        "short",
                        "sum(increase(padfleet_fanout_canaries_lost_total[5m]))",
                        worry=1,
                        alarm=5,
                    ),
                ),
                (
                    12,
                    graph(
                        "From commit to client",
                        "How long a reader waits for somebody else's letter, after the commit.",
                        "s",
                        *quantiles("padfleet_fanout_delivery_seconds"),
                    ),
                ),
                (
                    12,
                    graph(
                        "From submission to ACCEPT_COMMIT",
                        "How long an author waits until an edit is safe.",
                        "s",
                        *quantiles("etherpad_changeset_apply_duration_seconds"),
                    ),
                ),
                (
                    12,
                    graph(
                        "Refused, slowed down, disconnected",
                        "By limits, by access, and by the protocol.",
                        "cps",
                        query(rate("padfleet_fanout_limited_total", "limit"), "limit {{limit}}"),
                        query(rate("padfleet_fanout_denied_total", "reason"), "denied {{reason}}"),
                        query(
                            rate("padfleet_fanout_disconnects_total", "reason"),
                            "disconnect {{reason}}",
                        ),
                    ),
                ),
            ],
        ),
        (
            "What is the load?",
            [
                (
                    8,
                    graph(
                        "Sockets",
                        "Of each worker.",
                        "short",
                        query("sum by (instance) (padfleet_fanout_sockets)", "{{instance}}"),
                    ),
                ),
                (
                    8,
                    graph(
                        "Pads",
                        "Pads that somebody has open, by worker. One pad may be on several.",
                        "short",
                        query("sum by (instance) (padfleet_fanout_pads)", "{{instance}}"),
                    ),
                ),
                (
                    8,
                    graph(
                        "Revisions committed",
                        "Per second, by writer. Direct: edits that a node took from its own "
                        "worker, without an inbox.",
                        "ops",
                        query(rate("padfleet_writer_revisions_total", "instance"), "{{instance}}"),
                        query(
                            rate("padfleet_writer_direct_total", "instance"), "direct {{instance}}"
                        ),
                    ),
                ),
                (
                    8,
                    graph(
                        "Revisions delivered",
                        "Per second, over all sockets.",
                        "ops",
                        query(rate("padfleet_fanout_delivered_total", "instance"), "{{instance}}"),
                    ),
                ),
                (
                    8,
                    graph(
                        "Frames with revisions",
                        "Per second. Fewer than the revisions delivered, because the others went "
                        "in batches.",
                        "ops",
                        query(rate("padfleet_fanout_frames_total", "type"), "{{type}}"),
                    ),
                ),
                (
                    8,
                    graph(
                        "Bytes of revisions",
                        "A second, to clients.",
                        "Bps",
                        query(rate("padfleet_fanout_bytes_total", "instance"), "{{instance}}"),
                    ),
                ),
                (
                    8,
                    graph(
                        "Left by compression",
                        "Share of the bytes of messages that were sent compressed: those on pads "
                        "with many people.",
                        "percentunit",
                        query(
                            'sum(rate(padfleet_fanout_deflate_bytes_total{side="after"}'
                            "[$__rate_interval])) / "
                            'sum(rate(padfleet_fanout_deflate_bytes_total{side="before"}'
                            "[$__rate_interval]))",
                            "left",
                        ),
                    ),
                ),
            ],
        ),
        (
            "Where is it stuck?",
            [
                (
                    8,
                    graph(
                        "Processor",
                        "Each process has one event loop: at 100 % it is full.",
                        "percentunit",
                        query(
                            f"sum by (job, instance) (rate(process_cpu_seconds_total{OURS}"
                            "[$__rate_interval]))",
                            "{{job}} {{instance}}",
                        ),
                    ),
                ),
                (
                    8,
                    graph(
                        "Event loop late by",
                        "99 % of timers. Everybody on that process waits this long.",
                        "s",
                        query(
                            "histogram_quantile(0.99, sum by (le, instance) "
                            "(rate(padfleet_loop_delay_seconds_bucket[$__rate_interval])))",
                            "{{instance}}",
                        ),
                    ),
                ),
                (
                    8,
                    graph(
                        "Pauses of the garbage collector",
                        "99 in 100.",
                        "s",
                        query(
                            "histogram_quantile(0.99, sum by (le, generation) "
                            "(rate(padfleet_gc_pause_seconds_bucket[$__rate_interval])))",
                            "generation {{generation}}",
                        ),
                    ),
                ),
                (
                    8,
                    graph(
                        "From commit to worker",
                        "Through Redis. By wall clocks, as far as they agree.",
                        "s",
                        *quantiles("padfleet_fanout_transit_seconds"),
                    ),
                ),
                (
                    8,
                    graph(
                        "Held back to be batched",
                        "Busy pads are flushed with a pause that depends on what a flush costs.",
                        "s",
                        *quantiles("padfleet_fanout_held_seconds"),
                    ),
                ),
                (
                    8,
                    graph(
                        "A commit takes",
                        "From reading a batch from the inbox to its commit.",
                        "s",
                        *quantiles("padfleet_writer_commit_seconds"),
                    ),
                ),
                (
                    12,
                    graph(
                        "Round trip of a canary",
                        "A canary revision: inbox, writer, stream, channel.",
                        "s",
                        *quantiles("padfleet_fanout_canary_seconds"),
                    ),
                ),
                (
                    12,
                    graph(
                        "Behind the head",
                        "Revisions that sessions have yet to be sent; for the worst worker.",
                        "short",
                        query(
                            "max by (quantile) (padfleet_fanout_lag_revisions)",
                            "quantile {{quantile}}",
                        ),
                    ),
                ),
            ],
        ),
        (
            "Where are the pads?",
            [
                (
                    8,
                    graph(
                        "Frozen and thawed",
                        "Pads that moved from Redis to the cold store, and back.",
                        "cps",
                        query(
                            'sum(rate(padfleet_cold_freezes_total{outcome="frozen"}'
                            "[$__rate_interval]))",
                            "frozen",
                        ),
                        query("sum(rate(padfleet_cold_thawed_total[$__rate_interval]))", "thawed"),
                    ),
                ),
                (
                    8,
                    graph(
                        "The cold store is behind by",
                        "This much of what people write would be lost with Redis.",
                        "s",
                        query("max(padfleet_cold_behind_seconds)", "behind"),
                    ),
                ),
                (
                    8,
                    graph(
                        "The cold store does not answer",
                        "Failed calls by operation, and pads that were lost in Redis.",
                        "cps",
                        query(rate("padfleet_cold_store_errors_total", "what"), "{{what}}"),
                        query("sum(rate(padfleet_cold_lost_pads_total[$__rate_interval]))", "lost"),
                    ),
                ),
            ],
        ),
        (
            "What broke?",
            [
                (
                    8,
                    graph(
                        "Gaps and repairs",
                        "Channel messages that were lost, and reads of streams to make up for "
                        "them.",
                        "cps",
                        query(rate("padfleet_fanout_gaps_total", "instance"), "gaps {{instance}}"),
                        query(
                            rate("padfleet_fanout_repairs_total", "instance"),
                            "repairs {{instance}}",
                        ),
                    ),
                ),
                (
                    8,
                    graph(
                        "Sockets closed to resume",
                        "Stalled or overflowing, or Redis was away.",
                        "cps",
                        query(rate("padfleet_fanout_dropped_total", "why"), "{{why}}"),
                        query(rate("padfleet_fanout_catch_ups_total", "job"), "catch-ups"),
                    ),
                ),
                (
                    8,
                    graph(
                        "Leases",
                        "Taken when writers come and go; lost when one is paused or overloaded.",
                        "cps",
                        query(
                            rate("padfleet_writer_leases_taken_total", "instance"),
                            "taken {{instance}}",
                        ),
                        query(
                            rate("padfleet_writer_leases_lost_total", "instance"),
                            "lost {{instance}}",
                        ),
                    ),
                ),
                (
                    8,
                    graph(
                        "Restarted tasks",
                        "Tasks of a process that failed or made no progress, in five minutes; and "
                        "failures of short tasks and of event loop callbacks.",
                        "short",
                        query(
                            "sum by (task) (increase(padfleet_task_restarts_total[5m]))",
                            "{{task}}",
                        ),
                        query(
                            "sum by (task) (increase(padfleet_task_faults_total[5m]))",
                            "fault of {{task}}",
                        ),
                    ),
                ),
                (
                    8,
                    graph(
                        "Histories rolled back",
                        "Redis failed over to a replica that lacked revisions.",
                        "short",
                        query("sum(increase(padfleet_fanout_rollbacks_total[5m]))", "pads"),
                    ),
                ),
                (
                    8,
                    graph(
                        "Waits for replicas that failed",
                        "With PADFLEET_COMMIT_REPLICAS: nobody is told of a commit meanwhile.",
                        "cps",
                        query(
                            rate("padfleet_writer_replicas_late_total", "instance"), "{{instance}}"
                        ),
                    ),
                ),
                (
                    8,
                    graph(
                        "Memory",
                        "Resident memory, by process.",
                        "bytes",
                        query(
                            f"sum by (job, instance) (process_resident_memory_bytes{OURS})",
                            "{{job}} {{instance}}",
                        ),
                    ),
                ),
            ],
        ),
    ]


def build() -> str:
    board = (
        dashboards.Dashboard("padfleet")
        .uid("padfleet")
        .tags(["padfleet"])
        .refresh("10s")
        .time("now-30m", "now")
        .timezone("browser")
        .with_variable(
            dashboards.QueryVariable("fleet")
            .label("Fleet")
            .datasource(SOURCE)
            .query(f"label_values(up{OURS}, fleet)")
            .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
            .multi(True)
            .include_all(True)
            .all_value(".*")
            .current(VariableOption(text="All", value="$__all"))
        )
    )
    for title, row in panels():
        board = board.with_row(dashboards.Row(title))
        for width, panel in row:
            board = board.with_panel(panel.span(width).height(HEIGHT))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


if __name__ == "__main__":
    FILE.write_text(build())
