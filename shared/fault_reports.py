"""This module logs and counts the faults of tasks that nobody waits for, and of the event loop."""

import asyncio
import logging
from typing import Any

from prometheus_client import Counter

log = logging.getLogger(__name__)

FAULTS = Counter(
    "padfleet_task_faults_total", "Tasks and callbacks of the event loop that failed", ["task"]
)


def report(
    name: str, error: BaseException, context: dict[str, Any], message: str = "task failed"
) -> None:
    """Logs and counts the fault of a task that nobody waits for."""
    FAULTS.labels(name).inc()
    log.error(message, exc_info=error, extra={**context, "task": name})


def report_the_loops_faults(loop: asyncio.AbstractEventLoop) -> None:
    """Logs and counts faults in callbacks and timers, and in tasks of libraries that nobody has
    checked. By itself, asyncio logs them as text of several lines, and counts nothing."""
    loop.set_exception_handler(_in_the_loop)


def _is_of_a_closed_connection(error: object) -> bool:
    return isinstance(error, RuntimeError) and str(error).endswith("the handler is closed")


def _in_the_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    task = context.get("task") or context.get("future")
    name = task.get_name() if isinstance(task, asyncio.Task) else "callback"
    # Numbered names are those of unnamed tasks, which share one label.
    kind = "unnamed" if name.startswith("Task-") else name
    error = context.get("exception")
    if _is_of_a_closed_connection(error):
        # uvloop reports this for each TLS connection that ends while it is written to. The owner of
        # the connection is informed of its end anyway.
        log.info("event loop: written to a closed connection", extra={"task": name})
        return
    FAULTS.labels(kind).inc()
    log.error(
        "event loop: %s",
        context.get("message", "a fault"),
        exc_info=error,
        extra={"task": name, "what": repr(context.get("handle", task))[:300]},
    )
