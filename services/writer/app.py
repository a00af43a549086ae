"""A writer process: leases and inboxes, with health and metrics over HTTP."""

import asyncio
import logging
import secrets
import signal
import socket

from aiohttp import web

from services import __version__
from services.writer import metrics
from services.writer.cache import PadCache
from services.writer.figures import figures
from services.writer.owner import Owner
from services.writer.partition import Committer
from services.writer.readiness import readiness
from services.writer.replicas import Replicas
from services.writer.rules import Bounds
from services.writer.upkeep import Upkeep
from shared.fleet.beacon import Beacon, Name, reachable_host
from shared.health import add_ops_routes
from shared.log.connect import open_redis
from shared.log.keeping import require_keeping
from shared.log.keys import Keyspace
from shared.log.pads import settle_partitions
from shared.responsiveness import Collector, watch_delay
from shared.settings import WriterSettings
from shared.tasks import Tasks

log = logging.getLogger(__name__)

STOP_DEADLINE = 5.0
"""Seconds for the batch at hand and for giving the leases back, when asked to stop."""


async def run(settings: WriterSettings) -> None:
    """Until SIGTERM or SIGINT. Raises what `UNREACHABLE` lists when there is no Redis at start."""
    redis = open_redis(settings.redis_url)
    await redis.start()
    await require_keeping(redis)
    await settle_partitions(redis, settings.partitions)
    keyspace = Keyspace(settings.partitions)
    writer_id = settings.writer_id or f"{socket.gethostname()}-{secrets.token_hex(4)}"
    bounds = Bounds(settings.max_pad_length, settings.max_pad_attributes)
    pads = PadCache(redis, keyspace, settings.cached_pads, bounds)
    upkeep = Upkeep(
        redis,
        keyspace,
        snapshot_every=settings.snapshot_every,
        keep_revisions=settings.keep_revisions,
    )
    replicas = Replicas(redis, keyspace, settings.commit_replicas)
    committer = Committer(redis, keyspace, pads, upkeep, replicas, settings.lease_ms)
    owner = Owner(
        redis,
        keyspace,
        committer,
        pads,
        writer_id=writer_id,
        lease_ms=settings.lease_ms,
        batch_max=settings.batch_max,
        commit_interval_ms=settings.commit_interval_ms,
    )
    app = web.Application()
    health = readiness(redis, owner, settings.lease_ms)
    add_ops_routes(app, health)
    place = reachable_host(settings.host), settings.port
    name = Name("writer", writer_id, *place, __version__, settings.lease_ms)
    beacon = Beacon(redis, name, figures, health)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port).start()
    metrics.CONFIGURED.set(settings.partitions)
    log.info("writer started", extra={"writer": writer_id, "port": settings.port})

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, owner.stop)
    beside = Tasks()
    beside.start(watch_delay())
    beside.start(Collector().run())
    beside.start(beacon.run())
    writing = asyncio.create_task(owner.run())
    try:
        while not writing.done() and not owner.stopping:
            await asyncio.wait([writing], timeout=0.2)
        await asyncio.wait([writing], timeout=STOP_DEADLINE)
        if writing.done():
            writing.result()
        else:
            log.warning("stopped without giving the leases back: Redis does not answer")
            writing.cancel()
    finally:
        beside.close()
        await beacon.retire()
        await runner.cleanup()
        await replicas.close()
        await redis.close()
    log.info("writer stopped", extra={"writer": writer_id})
