"""This module sets up the servers of a worker: sockets, API and page for clients on one port, and
everything that is only for operators on another."""

from dataclasses import dataclass
from functools import partial

from aiohttp import web

from padfleet.services.fanout import metrics
from padfleet.services.fanout.limits.connections import Connections
from padfleet.services.fanout.limits.origins import is_call
from padfleet.services.fanout.limits.socket_counts import SocketCounts
from padfleet.services.fanout.ops.drain import Drain
from padfleet.services.fanout.ops.etherpad_stats import add_stats_route
from padfleet.services.fanout.requests.http_access import HttpAccess
from padfleet.services.fanout.requests.socket_events import SocketEvents
from padfleet.services.fanout.transport.heartbeat import Heartbeat
from padfleet.services.fanout.transport.socketio_server import open_server
from padfleet.services.fanout.wiring.doors import Doors
from padfleet.services.fanout.wiring.requests import Requests
from padfleet.services.web.api import Outgoing
from padfleet.services.web.api import mount as mount_api
from padfleet.services.web.fleet import mount as mount_fleet
from padfleet.services.web.fleet.door import admits, token_of
from padfleet.services.web.page import mount as mount_page
from padfleet.shared.health import add_health_routes, add_ops_routes
from padfleet.shared.log.pad.reader import is_there
from padfleet.shared.process import Process
from padfleet.shared.settings import FanoutSettings

CLOSE_DEADLINE = 5.0
"""How many seconds the requests in progress have to finish when a worker closes its ports."""

LINGER = 2.0
"""How many seconds the rest of a request is still read after it has been refused."""

BACKLOG = 4096
"""How many connections the kernel holds until they are accepted."""


@dataclass(frozen=True, slots=True)
class Http:
    """Everything that one worker serves by HTTP."""

    sockets: SocketEvents
    connections: Connections
    heartbeat: Heartbeat


async def open_http(
    process: Process, settings: FanoutSettings, requests: Requests, drain: Drain
) -> Http:
    """Sets up both servers, which `Process.listen` opens. Raises `SettingsError`."""
    sio = open_server(settings)
    doors = Doors.of(settings, sio.eio, requests.idle_sockets)
    sio.eio.watcher = SocketCounts(doors.places, requests.idle_sockets)
    app = doors.application(settings, drain)
    sockets = SocketEvents(sio, requests.messages, settings.jwt_name)
    sio.attach(app)
    door = HttpAccess(
        process.redis,
        process.keyspace,
        requests.access,
        doors.trusted,
        requests.join_handler.new_pads,
        doors.rate,
    )
    _mount(app, process, settings, requests, door)
    ops = doors.operators_application() if settings.apart else app
    _mount_for_operators(ops, process, settings, requests, door)
    if ops is not app:
        add_health_routes(app, process.health)
        # It is closed last, so that operators can watch how the worker ends.
        await process.serve(ops, *settings.ops, shutdown_timeout=CLOSE_DEADLINE)
    await process.serve(
        app,
        settings.host,
        settings.port,
        backlog=BACKLOG,
        shutdown_timeout=CLOSE_DEADLINE,
        lingering_time=LINGER,
        handler=doors.connections.connection,
        # Callers of the API may put a whole text into the address.
        max_line_size=settings.max_message_bytes,
        takes_long=is_call,
    )
    process.ends.push_async_callback(sio.shutdown)
    return Http(sockets, doors.connections, sio.eio.heartbeat)


def _mount(
    app: web.Application,
    process: Process,
    settings: FanoutSettings,
    requests: Requests,
    door: HttpAccess,
) -> None:
    redis, keyspace = process.redis, process.keyspace
    outgoing = Outgoing.of(settings)
    metrics.watch_outgoing((requests.joins, *outgoing))
    mount_api(
        app,
        redis,
        keyspace,
        requests.inbox,
        settings,
        door,
        process.supervisor,
        outgoing,
        requests.callers,
    )
    mount_page(app, settings, partial(is_there, redis, keyspace))


def _mount_for_operators(
    ops: web.Application,
    process: Process,
    settings: FanoutSettings,
    requests: Requests,
    door: HttpAccess,
) -> None:
    add_ops_routes(ops, process.health)
    add_stats_route(ops, requests.rooms, partial(admits, token_of(settings)))
    mount_fleet(ops, process.redis, process.keyspace, settings, door.address)
