"""Connections that never come to anything."""

from collections.abc import Callable, Hashable, Iterable
from time import monotonic
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from services.fanout import metrics
from services.fanout.auth.expiry import Deadlines
from shared.supervisor import rest

SWEEP = 1.0
"""Seconds between two looks."""


class Ends(Hashable, Protocol):
    def end(self) -> None: ...


class Nursery:
    """Sockets that are on no pad, with the time when they have to be, or be gone."""

    def __init__(self, *, to_ask: float, idle: float) -> None:
        """Seconds: until a socket has asked for a pad, and that it may stay when it is on none."""
        self._to_ask = to_ask
        self._idle = idle
        self._deadlines: Deadlines[Ends] = Deadlines()

    def born(self, socket: Ends) -> None:
        self._deadlines.put(socket, monotonic() + self._to_ask)

    def on_a_pad(self, socket: Ends) -> None:
        self._deadlines.discard(socket)

    def off_its_pad(self, socket: Ends) -> None:
        self._deadlines.put(socket, monotonic() + self._idle)

    def gone(self, socket: Ends) -> None:
        self._deadlines.discard(socket)

    def sweep(self, now: float) -> None:
        for socket in self._deadlines.due(now):
            metrics.LIMITED.labels("idle").inc()
            socket.end()


Connection = web.RequestHandler


class Silent:
    """TCP connections on which no request has come whole: slow headers, or none. aiohttp waits for
    them for good."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._silent_since: dict[Connection, float] = {}
        self._spoken: set[Connection] = set()

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def has_spoken(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._spoken.add(request.protocol)
            return await handler(request)

        return has_spoken

    def sweep(self, now: float, connections: Iterable[Connection]) -> None:
        """`connections`: all that aiohttp has. A WebSocket is not its any more."""
        present = set(connections)
        self._spoken &= present
        since = self._silent_since
        self._silent_since = {
            connection: since.get(connection, now) for connection in present - self._spoken
        }
        for connection, began in self._silent_since.items():
            if now - began > self._timeout and connection.transport is not None:
                metrics.LIMITED.labels("request_time").inc()
                connection.transport.close()


async def sweep(
    nursery: Nursery, silent: Silent, connections: Callable[[], Iterable[Connection]]
) -> None:
    """For as long as the worker lives."""
    while True:
        now = monotonic()
        nursery.sweep(now)
        silent.sweep(now, connections())
        await rest(SWEEP)
