"""This module is one TCP connection of a client, until it becomes a WebSocket or is gone: what it
waits for, and how much of its input is read."""

import asyncio
from time import monotonic
from typing import Any, Protocol

from aiohttp import web

from padfleet.services.fanout.limits.arrivals import RequestTurns
from padfleet.services.fanout.limits.slow import Patience, Waits
from padfleet.shared.payers import NOBODY
from padfleet.shared.serving import ServerConnection

CLOSE_DEADLINE = 5.0
"""How many seconds a connection that is being ended has to take the answer that says so."""

BODY_AHEAD = 8 * 1024
"""How many bytes of a body may wait for their handler before no more are parsed. aiohttp also
derives from it how many chunks may wait: 512. A client may send a body in chunks of a single byte,
each of which takes 2 µs to parse and up to 7 µs to take out of a form."""

_TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class ConnectionTable(Protocol):
    """The part of `Connections` that a connection needs."""

    arrivals: RequestTurns

    def on_open(self, connection: "OpenConnection") -> None: ...
    def on_close(self, connection: "OpenConnection") -> None: ...

    def written(self, connection: "OpenConnection") -> int:
        """Returns how many bytes of the last answer have been written on it so far."""
        ...


class OpenConnection(ServerConnection):
    """aiohttp's connection, with a record of how long its client has kept us waiting."""

    __slots__ = (
        "address",
        "goes_on",
        "held",
        "late",
        "only_known",
        "patience",
        "payer",
        "received",
        "request",
        "table",
    )

    def __init__(self, table: ConnectionTable, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"read_bufsize": BODY_AHEAD, **options})
        self.table = table
        self.patience = Patience(monotonic())
        self.received = 0  #: bytes received since the last answer
        self.request: web.BaseRequest | None = None  #: the last one whose headers have arrived
        self.held = False  #: not read, since nobody takes what has arrived
        self.late = 0  #: reads that are still waiting for their turn
        self.goes_on = False  #: one of these reads continues with what arrived earlier
        self.only_known = False  #: it only serves clients that are already on a pad
        self.address = ""  #: of the other end, which may be a proxy
        self.payer = NOBODY  #: whom that address counts as

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.table.on_open(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.table.on_close(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        # Without data, aiohttp goes on with what it was given before.
        if not data or self.table.arrivals.come(self, data):
            super().data_received(data)
        else:
            self.late += 1
            self._pause_transport_reading()

    def read(self, data: bytes) -> None:
        """Reads data that arrived earlier. `RequestTurns` calls this when it is its turn."""
        self.late -= 1
        if not data:
            self.goes_on = False
        if self.transport is None:
            return  # it has gone
        if data:
            super().data_received(data)
        else:
            self.held = False
            super().resume_reading()
        if not self.late and not self._reading_paused and not self._buffer_paused:
            self._resume_transport_reading()

    def pause_reading(self) -> None:
        self.held = True
        super().pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Continues with the body, in a turn of its own. aiohttp would do so at once, in the turn
        of the handler that takes the body, and that handler would find more each time it asks: it
        would go through everything that has arrived without a pause."""
        if self.held and not self.goes_on:
            self.goes_on = True
            self.late += 1
            self.table.arrivals.later(self, b"")

    # --- What it waits for -----------------------------------------------------------------------

    def waits(self) -> Waits:
        if self.late:
            return Waits.NOTHING
        request = self.request
        if request is not None and not request.content.is_eof():
            return Waits.NOTHING if self.held else Waits.BODY
        if self.transport is not None and self.transport.get_write_buffer_size():
            return Waits.TAKEN
        return Waits.REQUEST if request is None else Waits.NOTHING

    def moved(self, waits: Waits) -> int:
        """Returns how many bytes of the body have arrived, or how many bytes of the answer the
        client has taken."""
        if waits is not Waits.TAKEN or self.transport is None:
            return self.received
        return max(0, self.table.written(self) - self.transport.get_write_buffer_size())

    def end(self) -> None:
        """Closes the connection, with an answer if one can be sent."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        waits = self.waits()
        if waits is Waits.TAKEN:
            transport.abort()
            return
        if self.received and self.table.written(self) == 0:
            transport.write(_TIMED_OUT)
        transport.close()
        asyncio.get_running_loop().call_later(CLOSE_DEADLINE, transport.abort)
