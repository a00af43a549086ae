"""This module exports the status of a supervisor's tasks as metrics."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from padfleet.shared.supervision.supervisor import Supervisor, TaskStatus


class _Figures(Collector):
    """Makes the metrics on request, since ages change by themselves."""

    def __init__(self, lines: Callable[[], Iterable[TaskStatus]]) -> None:
        self._lines = lines

    def collect(self) -> Iterator[GaugeMetricFamily]:
        running = GaugeMetricFamily(
            "padfleet_task_running", "Running tasks of this name", labels=["task"]
        )
        late = GaugeMetricFamily(
            "padfleet_task_late_seconds",
            "How long a task is overdue, by what it said when it last made progress",
            labels=["task"],
        )
        for line in self._lines():
            running.add_metric([line.name], line.running)
            late.add_metric([line.name], line.late)
        yield running
        yield late


def add_metrics(supervisor: Supervisor, registry: CollectorRegistry = REGISTRY) -> Collector:
    """Adds the status of the tasks to the metrics of the process. Returns the collector, which
    `unregister` wants."""
    figures = _Figures(supervisor.lines)
    registry.register(figures)
    return figures
