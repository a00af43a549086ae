"""Runs a fan-out worker process, with sockets on one side and Redis on the other."""

import logging

from padfleet.services.fanout.wiring.http import open_http
from padfleet.services.fanout.wiring.ops import begin, open_operations
from padfleet.services.fanout.wiring.requests import open_requests
from padfleet.shared.log.inboxes.local import LocalWriter
from padfleet.shared.process import Process, Role
from padfleet.shared.settings import FanoutSettings

log = logging.getLogger(__name__)


NOT_THERE = 0.5
"""How many seconds a worker remembers that no pad of a name exists. Several steps of a join ask,
and the cold store is asked once. This is less time than any pad takes to be made and frozen."""


def role_of(settings: FanoutSettings) -> Role:
    """Returns what a worker is in its fleet."""
    return Role(
        "worker",
        settings.worker_id,
        "PADFLEET_WORKER_ID",
        settings.presence_timeout_ms,
        trusting_s=NOT_THERE,
    )


async def run(settings: FanoutSettings) -> None:
    """Runs until SIGTERM or SIGINT. Raises what `Process` raises, `TaskDied`, and `SettingsError`
    for a token key that cannot be used."""
    async with Process(settings, role_of(settings)) as process:
        await serve(process, settings)


async def serve(
    process: Process, settings: FanoutSettings, local: LocalWriter | None = None
) -> None:
    """Serves clients until the process is asked to stop, and until they have been sent away.

    Arguments:
        local: the writer in the same process, if there is one.

    Raises what `run` raises.
    """
    requests = open_requests(process, settings, local)
    operations = open_operations(process, settings, requests)
    http = await open_http(process, settings, requests, operations.drain)
    await begin(process, settings, requests, operations, http)
    ports = {"port": settings.port, "ops_port": settings.ops[1]}
    log.info("worker started", extra={"worker": process.id, **ports})
    sockets, drain = http.sockets, operations.drain
    try:
        await process.until_asked_to_stop()
    finally:
        log.info("worker drains", extra={"worker": process.id, "sockets": len(sockets)})
        await drain.run(sockets.ways_out, settings.drain_ms / 1000, process.hurry)
        process.settle_down()
        await sockets.let_go()
    log.info("worker stopped", extra={"worker": process.id})
