"""Runs a fan-out worker process, with sockets on one side and Redis on the other."""

import logging

from padfleet.services.fanout.wiring.http import open_http
from padfleet.services.fanout.wiring.ops import begin, open_operations
from padfleet.services.fanout.wiring.requests import open_requests
from padfleet.shared.process import Process, Role
from padfleet.shared.settings import FanoutSettings

log = logging.getLogger(__name__)


NOT_THERE = 0.5
"""How many seconds a worker remembers that no pad of a name exists. Several steps of a join ask,
and the cold store is asked once. This is less time than any pad takes to be made and frozen."""


async def run(settings: FanoutSettings) -> None:
    """Runs until SIGTERM or SIGINT. Raises what `Process` raises, `TaskDied`, and `SettingsError`
    for a token key that cannot be used."""
    role = Role(
        "worker",
        settings.worker_id,
        "PADFLEET_WORKER_ID",
        settings.presence_timeout_ms,
        trusting_s=NOT_THERE,
    )
    async with Process(settings, role) as process:
        requests = open_requests(process, settings)
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
