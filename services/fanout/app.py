"""A fan-out worker process: sockets on one side, Redis on the other."""

import asyncio
import logging
import socket
from contextlib import suppress
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import REGISTRY

from padfleet.services.fanout import metrics
from padfleet.services.fanout.auth.access import open_access
from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.auth.tokens import carried
from padfleet.services.fanout.collab import handlers
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.limits.addresses import Trusted, networks
from padfleet.services.fanout.limits.admission import ADDRESS, gate
from padfleet.services.fanout.limits.allowances import Allowances
from padfleet.services.fanout.limits.connection_quota import ConnectionQuota
from padfleet.services.fanout.limits.connections import Connections
from padfleet.services.fanout.limits.descriptors import Descriptors, raise_limit
from padfleet.services.fanout.limits.doorman import COOKIES, doorman
from padfleet.services.fanout.limits.hosts import Hosts
from padfleet.services.fanout.limits.idle import PROMPT, IdleSockets, sweep
from padfleet.services.fanout.limits.makers import Makers
from padfleet.services.fanout.limits.origins import Origins
from padfleet.services.fanout.ops.canary import Canaries
from padfleet.services.fanout.ops.drain import Drain, turning_away
from padfleet.services.fanout.ops.etherpad_stats import add_stats_route
from padfleet.services.fanout.ops.expired import Expired
from padfleet.services.fanout.ops.figures import figures_of
from padfleet.services.fanout.ops.lag_metrics import LagMetrics
from padfleet.services.fanout.ops.liveness import Liveness
from padfleet.services.fanout.presence import resume_token as stays
from padfleet.services.fanout.requests.commits import Commits
from padfleet.services.fanout.requests.hooks import installed_hooks
from padfleet.services.fanout.requests.http_access import HttpAccess, by_the_lane_of_calls
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.messages import Messages, Socket
from padfleet.services.fanout.timeslider.helper import Helper
from padfleet.services.fanout.timeslider.requests import Timeslider
from padfleet.services.fanout.transport.engine import MOST_VALUES, EngineServer, LeanSocket
from padfleet.services.fanout.transport.socketio_server import EVENT, SocketServer, library_logger
from padfleet.services.web.api import Outgoing
from padfleet.services.web.api import mount as mount_api
from padfleet.services.web.fleet import mount as mount_fleet
from padfleet.services.web.fleet.door import admits, token_of
from padfleet.services.web.page import mount as mount_page
from padfleet.shared.bucket import Pace
from padfleet.shared.budget import Budget
from padfleet.shared.deadlines import watch
from padfleet.shared.health import Health, add_health_routes, add_ops_routes
from padfleet.shared.log.connect import Redis
from padfleet.shared.log.history import read_meta
from padfleet.shared.log.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.lanes import Lane, take_lane
from padfleet.shared.log.limits import pad_limits
from padfleet.shared.process import Process, Role
from padfleet.shared.serving import add_safe_headers
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.wire import jsontext

log = logging.getLogger(__name__)

STOP_DEADLINE = 5.0
"""Seconds that a worker which was asked to stop gives its sockets to close."""

LINGER = 2.0
"""Seconds for which the rest of a request is read that has been refused already."""

BACKLOG = 4096
"""Connections that the kernel holds until they are accepted."""

MESSAGES_PATIENCE = 10.0
"""Seconds' worth of messages that a socket may be ahead of its rate, beyond the burst, before it is
closed: it sends without regard to whether it is read."""


class _Json:
    """What python-socketio wants of a JSON module. Ours keeps lone surrogates whole, both ways."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        return jsontext.dumps(value)

    @staticmethod
    def loads(text: str | bytes) -> Any:
        return jsontext.loads(text, most=MOST_VALUES)


async def run(settings: FanoutSettings) -> None:
    """Until SIGTERM or SIGINT. Raises what `Process` raises, `TaskDied`, and `SettingsError` for a
    key of tokens that cannot be used."""
    role = Role("worker", settings.worker_id, "PADFLEET_WORKER_ID", settings.presence_timeout_ms)
    async with Process(settings, role) as process:
        worker_id = process.id
        sockets: dict[str, Socket] = {}
        drain = await _open(process, settings, worker_id, sockets)
        ports = {"port": settings.port, "ops_port": settings.ops[1]}
        log.info("worker started", extra={"worker": worker_id, **ports})
        try:
            await process.until_asked_to_stop()
        finally:
            log.info("worker drains", extra={"worker": worker_id, "sockets": len(sockets)})
            ways_out = [found.exit for found in sockets.values()]
            await drain.run(ways_out, settings.drain_ms / 1000, process.hurry)
            process.settle_down()
            await _let_go(sockets)
    log.info("worker stopped", extra={"worker": worker_id})


async def _open(
    process: Process, settings: FanoutSettings, worker_id: str, sockets: dict[str, Socket]
) -> Drain:
    """Makes the parts of a worker, and lets people in."""
    redis, keyspace, health, ends = process.redis, process.keyspace, process.health, process.ends
    keeper = process.supervisor
    joins, outgoing = Budget(settings.outgoing_bytes), Outgoing.of(settings)
    metrics.watch_outgoing((joins, *outgoing))
    rooms = _rooms(process, settings, worker_id, joins)
    ends.push_async_callback(rooms.close)
    timeout = settings.commit_timeout_ms / 1000
    inbox = InboxWriter(
        redis, keyspace, timeout=timeout, limits=pad_limits(settings), keeper=keeper
    )
    ends.push_async_callback(inbox.close)
    timeslider = Timeslider(redis, Helper())
    ends.push_async_callback(timeslider.close)
    access = open_access(
        settings, redis, keyspace, settings.cookie_prefix, settings.visitors_kept_ms
    )
    ends.push_async_callback(access.close)
    hooks = installed_hooks(redis)
    join_handler = JoinHandler(redis, keyspace, rooms, inbox, settings, worker_id, access, hooks)
    join_handler.makers = Makers.of(settings)
    idle_sockets = IdleSockets(
        to_ask=settings.handshake_timeout_ms / 1000, idle=settings.idle_timeout_ms / 1000
    )
    messages = Messages(
        join_handler,
        Commits(inbox),
        Allowances.of(settings),
        idle_sockets,
        handlers(settings.plugin_messages),
        timeslider,
    )
    liveness = Liveness(redis, rooms, worker_id, settings.presence_timeout_ms)
    canaries = Canaries(redis, keyspace, rooms, inbox, keeper)
    drain = Drain()
    _add_checks(health, redis, rooms, liveness, settings)
    health.ready("draining", drain.why_not_ready)
    health.ready("canary", canaries.why_not_ready)

    places = ConnectionQuota(
        total=settings.max_sockets, per_address=settings.max_sockets_per_address
    )
    trusted = Trusted(networks(settings.trusted_proxies), settings.client_address_header)
    connections = Connections(
        Descriptors(raise_limit()),
        timeout=settings.request_timeout_ms / 1000,
        total=settings.max_sockets,
        per_address=settings.max_sockets_per_address,
        is_proxy=trusted.knows,
        is_known=lambda sid: sid in engine.sockets,
        websockets=lambda: engine.websockets,
        give_up_a_socket=idle_sockets.give_up_one,
    )
    origins = Origins(settings.cors)
    asked_where_from = doorman(trusted, Hosts(settings.hosts, socket.gethostname()), origins)
    app = web.Application(
        client_max_size=settings.max_message_bytes,
        middlewares=[
            connections.middleware,
            by_the_lane_of_calls,
            turning_away(drain),
            asked_where_from,
            gate(trusted, places, partial(idle_sockets.give_up_one, waited=PROMPT)),
        ],
    )
    add_safe_headers(app, partial(_lets_others_load, origins))
    sio = _attach_socketio(app, messages, sockets, settings)
    engine: EngineServer = sio.eio
    _watch_engine(engine, places, idle_sockets, settings)
    visits = HttpAccess(redis, keyspace, access, trusted)
    mount_api(app, redis, keyspace, inbox, settings, visits, keeper, outgoing)
    mount_page(app, settings, partial(_pad_exists, redis, keyspace))
    REGISTRY.register(LagMetrics(rooms.places))
    ops = _operators_app(app, settings, asked_where_from)
    add_ops_routes(ops, health)
    add_stats_route(ops, rooms, partial(admits, token_of(settings)))
    mount_fleet(ops, redis, keyspace, settings)
    if ops is not app:
        add_health_routes(app, health)
        # It is closed last: how the worker ends can be looked at.
        await process.serve(ops, *settings.ops, shutdown_timeout=STOP_DEADLINE)
    await process.serve(
        app,
        settings.host,
        settings.port,
        backlog=BACKLOG,
        shutdown_timeout=STOP_DEADLINE,
        lingering_time=LINGER,
        handler=connections.connection,
        # Callers of the API may have a whole text in the address.
        max_line_size=settings.max_message_bytes,
    )
    ends.push_async_callback(sio.shutdown)

    await access.start()
    await liveness.beat()
    ends.push_async_callback(liveness.retire)
    expired = Expired(messages, join_handler, reconnect=settings.auth_expired == "reconnect")
    process.keep("heartbeat", sio.eio.heartbeat.run)
    process.keep("census", liveness.run)
    process.keep("audit", rooms.watch_over)
    process.keep("canaries", canaries.run)
    process.keep("stalled", rooms.drop_stalled)
    process.keep("expiry", partial(watch, messages.deadlines, expired.check))
    process.keep("unborn", partial(sweep, idle_sockets))
    process.keep("connections", connections.watch)
    await process.listen(settings.ops, figures_of(rooms))
    return drain


def _rooms(process: Process, settings: FanoutSettings, worker_id: str, outgoing: Budget) -> Rooms:
    return Rooms(
        process.redis,
        process.keyspace,
        PacingRules(
            share=settings.flush_share,
            floor=settings.flush_pause_min_ms / 1000,
            ceiling=settings.flush_pause_max_ms / 1000,
            rate=settings.flush_rate,
        ),
        worker_id=worker_id,
        ring=settings.ring_revisions,
        stall_timeout=settings.stall_timeout_ms / 1000,
        keeper=process.supervisor,
        outgoing=outgoing,
        most_pointing=settings.cursors_up_to,
    )


def _operators_app(
    app: web.Application, settings: FanoutSettings, *middlewares: Middleware
) -> web.Application:
    """What has the routes that are the operators' alone: one of its own, on a port of its own, so
    that no proxy in front can be talked into passing a request on to them."""
    if not settings.apart:
        return app
    ops = web.Application(middlewares=middlewares)
    add_safe_headers(ops)
    return ops


def _lets_others_load(origins: Origins, request: web.BaseRequest) -> bool:
    return origins.lists(request.headers.get("Origin", ""))


async def _let_go(sockets: dict[str, Socket]) -> None:
    """Breaks all connections, so that the clients come back elsewhere, and waits until the others
    on their pads have been told."""
    open_ones = list(sockets.values())
    for found in open_ones:
        found.exit.end()
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_DEADLINE):
            await asyncio.gather(*(found.gone.wait() for found in open_ones))


def _attach_socketio(
    app: web.Application,
    messages: Messages,
    sockets: dict[str, Socket],
    settings: FanoutSettings,
) -> SocketServer:
    sio = SocketServer(
        async_mode="aiohttp",
        json=_Json,
        logger=library_logger("socketio.server"),
        engineio_logger=library_logger("engineio.server"),
        ping_interval=settings.ping_interval_ms / 1000,
        ping_timeout=settings.ping_timeout_ms / 1000,
        max_http_buffer_size=settings.max_message_bytes,
        # For the headers that it answers with; `admission` says who may come.
        cors_allowed_origins="*",
    )

    async def connect(sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        request: web.Request = environ["aiohttp.request"]
        handshake = Handshake(
            request.get(COOKIES, ""),
            dict(request.query),
            request.get(ADDRESS, ""),
            carried(auth, settings.jwt_name),
        )
        # The libraries keep this as long as the socket lives: 5 KB, of which nobody reads more.
        environ.clear()
        connection = sio.eio.sockets[sio.manager.eio_sid_from_sid(sid, "/")]
        sockets[sid] = socket = Socket(handshake, connection.exit, stays.brought(auth))
        connection.acknowledged = socket.acknowledged
        connection.told = partial(messages.received, socket)

    async def message(sid: str, content: Any = None, *_more: Any) -> Any:
        found = sockets.get(sid)
        return await messages.received(found, content) if found is not None else None

    async def disconnect(sid: str, _reason: Any = None) -> None:
        found = sockets.pop(sid, None)
        if found is not None:
            # It may have left with its connection still open, and must not come back over it.
            connection = sio.eio.sockets.get(sio.manager.eio_sid_from_sid(sid, "/"))
            if connection is not None:
                connection.told = connection.acknowledged = None
            await messages.disconnected(found)

    sio.on("connect", connect)
    sio.on(EVENT, message)
    sio.on("disconnect", disconnect)
    sio.attach(app)
    return sio


def _watch_engine(
    engine: EngineServer,
    places: ConnectionQuota,
    idle_sockets: IdleSockets,
    settings: FanoutSettings,
) -> None:
    """Counts its sockets, and says how fast they are read."""
    rate = settings.messages_per_second
    engine.pace = Pace(rate, 10 * rate, MESSAGES_PATIENCE)

    def has_come(socket: LeanSocket) -> None:
        metrics.SOCKETS.inc()
        places.take(socket.address)
        idle_sockets.born(socket.exit)

    def has_gone(socket: LeanSocket) -> None:
        metrics.SOCKETS.dec()
        places.give_back(socket.address)
        idle_sockets.gone(socket.exit)

    engine.has_come, engine.has_gone = has_come, has_gone


async def _pad_exists(redis: Redis, keyspace: Keyspace, pad: str) -> bool:
    return (await read_meta(redis, keyspace.pad(pad))).exists


def _add_checks(
    health: Health, redis: Redis, rooms: Rooms, liveness: Liveness, settings: FanoutSettings
) -> None:
    async def reachable() -> str | None:
        take_lane(Lane.FIRST)
        await redis.ping()
        return None

    async def counted() -> str | None:
        silent = asyncio.get_running_loop().time() - liveness.last_beat
        if liveness.last_beat == 0 or silent * 1000 > settings.presence_timeout_ms:
            return "the other workers take this one for dead: its last heartbeat is too old"
        return None

    async def subscribed() -> str | None:
        return None if rooms.subscriber.connected else "the channel of at least one pad is lost"

    health.ready("redis", reachable)
    health.ready("heartbeat", counted)
    health.ready("subscriptions", subscribed)
