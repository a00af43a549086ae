"""A writer process: leases and inboxes, with health and metrics over HTTP."""

import asyncio
import logging
import secrets
import socket
from functools import partial

from aiohttp import web

from padfleet import __version__
from padfleet.services.writer import metrics
from padfleet.services.writer.batch_processor import BatchProcessor
from padfleet.services.writer.cache import PadCache
from padfleet.services.writer.compaction import Compaction
from padfleet.services.writer.figures import figures
from padfleet.services.writer.lease_manager import LeaseManager
from padfleet.services.writer.readiness import add_readiness
from padfleet.services.writer.replicas import Replicas
from padfleet.services.writer.vacancies import Vacancies
from padfleet.shared.fleet.beacon import Name, reachable_host
from padfleet.shared.health import add_ops_routes
from padfleet.shared.log.limits import pad_limits
from padfleet.shared.service import Service
from padfleet.shared.serving import add_safe_headers
from padfleet.shared.settings import WriterSettings

log = logging.getLogger(__name__)

STOP_DEADLINE = 5.0
"""Seconds for the batch at hand and for giving the leases back, when asked to stop."""


async def run(settings: WriterSettings) -> None:
    """Until SIGTERM or SIGINT. Raises what `Service` raises, and `TaskDied`."""
    async with Service(settings) as service:
        writer_id = settings.writer_id or f"{socket.gethostname()}-{secrets.token_hex(4)}"
        await service.join("writer", writer_id, "PADFLEET_WRITER_ID")
        owner = _owner(service, settings, writer_id)
        add_readiness(service.health, service.redis, service.keyspace, owner, settings.lease_ms)
        app = web.Application()
        add_safe_headers(app)
        add_ops_routes(app, service.health)
        await service.set_up(app, settings.host, settings.port)
        place = reachable_host(settings.host), settings.port
        name = Name("writer", writer_id, *place, __version__, settings.lease_ms)
        await service.listen(name, partial(figures, owner.damages))
        metrics.CONFIGURED.set(settings.partitions)
        owner.start(service.supervisor)
        log.info("writer started", extra={"writer": writer_id, "port": settings.port})
        try:
            await service.until_asked_to_stop()
        finally:
            service.settle_down()
            owner.stop()
            try:
                async with asyncio.timeout(STOP_DEADLINE):
                    await owner.ended()
            except TimeoutError:
                log.warning("stopped without giving the leases back: Redis does not answer")
    log.info("writer stopped", extra={"writer": writer_id})


def _owner(service: Service, settings: WriterSettings, writer_id: str) -> LeaseManager:
    redis, keyspace = service.redis, service.keyspace
    bounds = pad_limits(settings)
    pads = PadCache(redis, keyspace, settings.cached_pads, bounds)
    compaction = Compaction(
        redis,
        keyspace,
        snapshot_every=settings.snapshot_every,
        keep_revisions=settings.keep_revisions,
    )
    replicas = Replicas(redis, keyspace, settings.commit_replicas)
    service.ends.push_async_callback(replicas.close)
    return LeaseManager(
        redis,
        keyspace,
        BatchProcessor(redis, keyspace, pads, compaction, replicas, settings.lease_ms),
        pads,
        writer_id=writer_id,
        lease_ms=settings.lease_ms,
        batch_max=settings.batch_max,
        commit_interval_ms=settings.commit_interval_ms,
        vacancies=Vacancies(redis, keyspace, pads, after_ms=settings.unwritten_after_ms),
    )
