"""Runs a writer process: leases and inboxes, with health and metrics over HTTP."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from aiohttp import web

from padfleet.services.writer import metrics
from padfleet.services.writer.cleanup.retention import Retention
from padfleet.services.writer.cleanup.vacancies import Vacancies
from padfleet.services.writer.cold.freezing import Freezing
from padfleet.services.writer.leases.lease_manager import LeaseManager
from padfleet.services.writer.ops.figures import figures
from padfleet.services.writer.ops.readiness import add_readiness
from padfleet.services.writer.pads.cache import PadCache
from padfleet.services.writer.settling.batch_processor import BatchProcessor
from padfleet.services.writer.storing.compaction import Compaction
from padfleet.services.writer.storing.replicas import Replicas
from padfleet.shared.cold.using import StoreUse
from padfleet.shared.fleet.beacon import Figures
from padfleet.shared.health import Health, add_ops_routes
from padfleet.shared.log.inboxes.limits import pad_limits
from padfleet.shared.process import Process, Role
from padfleet.shared.serving import add_safe_headers
from padfleet.shared.settings import WriterSettings
from padfleet.shared.settings.ages import age_of
from padfleet.shared.supervision.policy import Policy

log = logging.getLogger(__name__)

PRUNED_EVERY = 3600.0
"""How many seconds pass between two rounds of deleting pads that nobody has used for a long
time."""

UNHURRIED = Policy(deadline=600.0, attempts=None)
"""The policy of tasks that may stall when the store does, and that nobody's service depends on."""

STOP_DEADLINE = 5.0
"""How many seconds a writer that is told to stop has for finishing its batch and giving the leases
back."""


THAW_PATIENCE = 5.0
"""How many seconds a pad may take to come from the cold store. Other pads do not wait for it."""


def role_of(settings: WriterSettings) -> Role:
    """Returns what a writer is in its fleet."""
    return Role(
        "writer",
        settings.writer_id,
        "PADFLEET_WRITER_ID",
        settings.lease_ms,
        patience_s=THAW_PATIENCE,
    )


async def run(settings: WriterSettings) -> None:
    """Runs until SIGTERM or SIGINT. Raises what `Process` raises, and `TaskDied`."""
    async with Process(settings, role_of(settings)) as process:
        leases = open_leases(process, settings)
        await process.serve(_app(process.health), settings.host, settings.port)
        await process.listen((settings.host, settings.port), counted(leases))
        begin(process, settings, leases)
        log.info("writer started", extra={"writer": process.id, "port": settings.port})
        try:
            await process.until_asked_to_stop()
        finally:
            process.settle_down()
            await give_back(leases)
    log.info("writer stopped", extra={"writer": process.id})


def counted(leases: LeaseManager) -> Callable[[], Figures]:
    """Returns what counts a writer's figures."""
    return partial(figures, leases.damages)


def begin(process: Process, settings: WriterSettings, leases: LeaseManager) -> None:
    """Starts a writer's tasks. What they do ends with `give_back`."""
    metrics.CONFIGURED.set(settings.partitions)
    leases.start(process.supervisor)
    if settings.prune_unused.strip():
        process.keep("retention", _retention(process, settings, leases).run, UNHURRIED)
    if process.thawing is not None:
        use = StoreUse(
            process.redis,
            process.thawing.cold,
            is_mine=partial(_is_first, leases),
            trouble=process.thawing.trouble,
        )
        process.keep("store's use", use.run, UNHURRIED)


def _app(health: Health) -> web.Application:
    app = web.Application()
    add_safe_headers(app)
    add_ops_routes(app, health)
    return app


async def give_back(leases: LeaseManager) -> None:
    """Finishes the current batch and gives the leases back, within `STOP_DEADLINE`."""
    leases.stop()
    try:
        async with asyncio.timeout(STOP_DEADLINE):
            await leases.ended()
    except TimeoutError:
        log.warning("stopped without giving the leases back: Redis does not answer")


def open_leases(process: Process, settings: WriterSettings) -> LeaseManager:
    """Makes what holds a writer's leases, and adds its checks to the health of the process."""
    redis, keyspace = process.redis, process.keyspace
    bounds = pad_limits(settings)
    pads = PadCache(redis, keyspace, settings.cached_pads, bounds)
    compaction = Compaction(
        redis,
        keyspace,
        snapshot_every=settings.snapshot_every,
        keep_revisions=settings.keep_revisions,
    )
    replicas = Replicas(redis, keyspace, settings.commit_replicas)
    process.ends.push_async_callback(replicas.close)
    leases = LeaseManager(
        redis,
        keyspace,
        BatchProcessor(redis, keyspace, pads, compaction, replicas, settings.lease_ms),
        pads,
        compaction,
        writer_id=process.id,
        lease_ms=settings.lease_ms,
        batch_max=settings.batch_max,
        commit_interval_ms=settings.commit_interval_ms,
        vacancies=_vacancies(process, settings, pads),
        freezing=_freezing(process, settings),
    )
    add_readiness(process.health, redis, keyspace, leases, settings.lease_ms)
    return leases


def _vacancies(process: Process, settings: WriterSettings, pads: PadCache) -> Vacancies | None:
    """Returns None if unwritten pads are kept forever."""
    after_ms = settings.unwritten_after_ms
    if not after_ms:
        return None
    return Vacancies(process.redis, process.keyspace, pads, after_ms=after_ms)


def _retention(process: Process, settings: WriterSettings, leases: LeaseManager) -> Retention:
    return Retention(
        process.redis,
        process.keyspace,
        process.thawing.cold if process.thawing is not None else None,
        unused_s=age_of(settings.prune_unused),
        every_s=PRUNED_EVERY,
        is_mine=partial(_is_first, leases),
    )


def _is_first(leases: LeaseManager) -> bool:
    """Returns whether this writer holds the first partition, and so does what only one writer has
    to do."""
    return 0 in leases.held


def _freezing(process: Process, settings: WriterSettings) -> Freezing | None:
    if process.thawing is None:
        return None
    return Freezing(
        process.redis,
        process.keyspace,
        process.thawing,
        after_ms=int(settings.cold_after * 1000),
        every_ms=int(settings.cold_every * 1000),
    )
