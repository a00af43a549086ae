"""This module looks after all TCP connections of a worker, from when they are accepted until they
become a WebSocket or are gone.

One rule applies to all paths: `slow` says how long a client may take for whatever it has to do
next, and `descriptors` how many connections there may be. If one has to go, it is the one whose
client has kept us waiting the longest; a connection on which the worker itself is working is never
ended.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Container
from itertools import count
from time import monotonic
from typing import Any, Protocol

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.typedefs import Handler as Handle
from aiohttp.typedefs import Middleware

from padfleet.services.fanout.limits.arrivals import RequestTurns
from padfleet.services.fanout.limits.descriptors import Descriptors, DescriptorVerdict, open_files
from padfleet.services.fanout.limits.open_connection import OpenConnection
from padfleet.services.fanout.limits.slow import Waits
from padfleet.shared import refusals
from padfleet.shared.payers import Payer, payer_of
from padfleet.shared.supervision.progress import tick

SWEEP = 1.0
"""How many seconds pass between two checks of all connections."""

COUNT_EVERY = 10
"""How many sweeps pass between two counts of all open files. A count takes 10 ms with 20,000."""

AT_ONCE = 500
"""How many connections are checked in one turn of the event loop, which takes half a
millisecond."""

SPARE = 8
"""How many connections an address may have in addition to twice its sockets, for browsers that load
a page."""

RETRY_AFTER = 5
"""A client that found no place is asked to come again after this many seconds."""


class ServedSockets(Protocol):
    """The part of Engine.IO's server that connections have to know."""

    @property
    def sockets(self) -> Container[str]: ...  # by session id
    @property
    def websockets(self) -> int: ...  # connections that have become WebSockets


class Connections:
    """All connections of a worker that are not WebSockets."""

    def __init__(
        self,
        descriptors: Descriptors,
        *,
        timeout: float,
        total: int,
        per_address: int,
        is_proxy: Callable[[str], bool],
        served: ServedSockets,
        end_a_socket: Callable[[], bool],
    ) -> None:
        """Takes the limits on connections.

        Arguments:
            descriptors: how many files may be open.
            timeout: how many seconds a client has for anything.
            total: how many sockets there may be in all; 0 means no limit.
            per_address: how many sockets one address may have; 0 means no limit.
            is_proxy: says whether an address belongs to a proxy of ours, and so stands for many
                clients.
            served: knows the sockets that there are.
            end_a_socket: ends a socket that is on no pad, if there is one.
        """
        self._descriptors = descriptors
        self._timeout = timeout
        self._total = total
        self._per_address = 2 * per_address + SPARE if per_address else 0
        self._is_proxy = is_proxy
        self._served = served
        self._end_a_socket = end_a_socket
        self._others = open_files()  #: open files that are not clients' connections
        self._all: dict[OpenConnection, None] = {}
        self._order: dict[OpenConnection, None] = {}
        """The connections that may be waiting for their clients, the longest wait first."""
        self._by_address: Counter[Payer] = Counter()
        self._answers: dict[OpenConnection, AbstractStreamWriter] = {}
        self.arrivals = RequestTurns()

    def __len__(self) -> int:
        return len(self._all)

    def connection(self, server: web.Server, **options: Any) -> OpenConnection:
        """Creates a connection of this server; `options` are those of `web.RequestHandler`."""
        return OpenConnection(self, server, **options)

    def written(self, connection: OpenConnection) -> int:
        """Returns how many bytes of the last answer have been written on it so far."""
        answer = self._answers.get(connection)
        return answer.output_size if answer is not None else 0

    # --- Coming and going ------------------------------------------------------------------------

    def on_open(self, connection: OpenConnection) -> None:
        transport = connection.transport
        assert transport is not None
        peer = transport.get_extra_info("peername")
        connection.address = peer[0] if isinstance(peer, tuple) else ""
        connection.payer = payer_of(connection.address)
        self._all[connection] = self._order[connection] = None
        self._by_address[connection.payer] += 1
        verdict = self._descriptors.verdict(self._others + len(self._all) + self._served.websockets)
        if verdict is not DescriptorVerdict.TAKE:
            refusals.LIMITED.labels("descriptors").inc()
            # Two are ended: otherwise as many would stay open as there were at the peak.
            if self._make_room(connection):
                self._make_room(connection)
            elif verdict is DescriptorVerdict.REFUSE:
                transport.abort()
            else:
                connection.only_known = True
        elif self._total and len(self._all) > self._total:
            refusals.LIMITED.labels("connections").inc()
            connection.only_known = not self._make_room(connection)
        elif (
            self._per_address
            and self._by_address[connection.payer] > self._per_address
            and not self._is_proxy(connection.address)
        ):
            refusals.LIMITED.labels("connections_per_address").inc()
            connection.only_known = not self._make_room(connection, connection.payer)

    def on_close(self, connection: OpenConnection) -> None:
        if connection not in self._all:
            return
        del self._all[connection]
        self._order.pop(connection, None)
        self._answers.pop(connection, None)
        self._by_address[connection.payer] -= 1
        if not self._by_address[connection.payer]:
            del self._by_address[connection.payer]

    def _make_room(self, newcomer: OpenConnection, payer: Payer | None = None) -> bool:
        """Ends the connection, among all or those of this payer, whose client has kept us waiting
        the longest. If there is no such connection, it ends a socket that is on no pad."""
        for connection in self._order:
            if (
                connection is not newcomer
                and payer in (None, connection.payer)
                and connection.waits() is not Waits.NOTHING
            ):
                del self._order[connection]
                connection.end()
                return True
        return payer is None and self._end_a_socket()

    # --- Requests --------------------------------------------------------------------------------

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def with_patience(request: web.Request, handler: Handle) -> web.StreamResponse:
            connection = request.protocol
            if not isinstance(connection, OpenConnection):
                return await handler(request)
            connection.request = request
            self._answers[connection] = request.writer
            if request.content.is_eof():
                self._order.pop(connection, None)
            try:
                if connection.only_known and not self._may_pass(request):
                    return _no_room()
                return await handler(request)
            except ConnectionError:
                # It has gone, or was ended. aiohttp would consider that an error in the handler.
                if connection.transport is None or connection.transport.is_closing():
                    return web.Response(status=408)
                raise
            finally:
                self._has_answered(connection)

        return with_patience

    def _may_pass(self, request: web.Request) -> bool:
        return (
            request.path.startswith("/health/")
            or request.query.get("sid", "") in self._served.sockets
        )

    def _has_answered(self, connection: OpenConnection) -> None:
        connection.request = None
        connection.received = 0
        connection.patience.begins(monotonic())
        if connection in self._all:
            self._order.pop(connection, None)
            self._order[connection] = None
        else:
            self._answers.pop(connection, None)  # it is a WebSocket, or gone

    # --- Time ------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Checks all connections, for as long as the worker lives."""
        for sweep in count(1):
            await tick(SWEEP)
            if sweep % COUNT_EVERY == 0:
                self._others = max(0, open_files() - len(self._all) - self._served.websockets)
            for number, connection in enumerate(list(self._all)):
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
                self._look(connection, monotonic())

    def _look(self, connection: OpenConnection, now: float) -> None:
        if connection.transport is None or connection.transport.is_closing():
            return
        waits = connection.waits()
        if connection.patience.is_over(waits, now, self._timeout, connection.moved(waits)):
            refusals.LIMITED.labels("request_time").inc()
            connection.end()


def _no_room() -> web.Response:
    headers = {"Retry-After": str(RETRY_AFTER), "Connection": "close"}
    return web.Response(
        status=503, text="This worker has no room for more connections.\n", headers=headers
    )
