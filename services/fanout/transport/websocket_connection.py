"""This module runs a WebSocket's connection, which it takes over from aiohttp once the request has
been read."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from padfleet.services.fanout import metrics
from padfleet.services.fanout.transport import websocket
from padfleet.services.fanout.transport.cost import UNITS_A_VALUE, cost_of, values_of
from padfleet.services.fanout.transport.deflate_offer import negotiate
from padfleet.services.fanout.transport.websocket import (
    Closed,
    Code,
    Ping,
    WebSocketError,
    WebSocketReader,
)
from padfleet.shared.wire.jsontext import BadJson

HIGH_WATER = 4096
"""The number of waiting bytes above which a socket is offered nothing more, neither revisions nor
pongs. Bytes wait here when the kernel's buffer is full, so the client is slow or gone, and adding
more would take memory without helping it. The limit is low because thousands of sockets may be in
this state at once."""

FRAMES_AT_ONCE = 32
"""How many frames of one connection are looked at in one turn of the event loop: a single read may
bring 40,000, and there are other connections. An edit takes five turns on its way, and each turn
lasts as long as the work for all connections in it: with 256 frames, four connections that flooded
a worker delayed every edit of the others by 40 to 90 ms."""

UNITS_AT_ONCE = 32 * 1024
"""How many characters of messages are taken from one connection in one turn of the event loop, or a
single longer message: as many as short messages of an ordinary length are. What becomes of a
message takes time in proportion to its length and to the values in it, and 16 messages of 40 KB
took 0.2 s of each turn."""

TRICKLE = 0.1
"""The cost of bytes that complete no frame, as a fraction of a message: a client could send single
bytes."""

PIECES_AT_ONCE = 8
"""How many pieces of a long message are written in one turn of the event loop. They are half a
megabyte together."""

CLOSE_DEADLINE = 10.0
"""How many seconds a closed WebSocket has to take what was written to it before."""


class Hold:
    """The reasons why a connection is not read, as bits. They are plain numbers because they are
    checked for each frame, and an operation on an IntFlag takes a microsecond."""

    UNREAD: Final = 1  #: packets wait to be read
    FAST: Final = 2  #: it sends more than it may
    UNPARSED: Final = 4  #: it has brought more frames at once than are looked at in one turn


class Receiver(Protocol):
    """The interface of the owner of a `WebSocketConnection`."""

    def charge(self, connection: "WebSocketConnection", amount: float) -> bool:
        """Charges for a frame of any kind, or for a part of one, before anything is done with it.

        Arguments:
            connection: the connection on which it has arrived.
            amount: what it costs, where 1 is a short message.

        Returns False if the connection has been ended.
        """

    def received(self, connection: "WebSocketConnection", text: str) -> None:
        """Takes a message that has arrived."""

    def refused(self, connection: "WebSocketConnection", error: WebSocketError) -> None:
        """Reports that the connection is about to be ended because the client broke the protocol,
        or sent more at once than it may."""

    def failed(self, connection: "WebSocketConnection", error: Exception) -> None:
        """Reports that `received` has raised `error`, a fault of ours. It has to end the
        connection."""

    def lost(self, connection: "WebSocketConnection") -> None:
        """Reports that the connection has ended, whichever side ended it."""


class WebSocketConnection(asyncio.Protocol):
    """One connection, which passes what it reads to its receiver."""

    __slots__ = (
        "_drained",
        "_ending",
        "_holds",
        "_paused",
        "_pong",
        "_pouring",
        "_reader",
        "_receiver",
        "deflates",
        "transport",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        receiver: Receiver,
        limit: int,
        *,
        deflates: bool = False,
    ) -> None:
        """Creates a connection.

        Arguments:
            transport: the transport, which is open.
            receiver: the object to call with whatever arrives.
            limit: the bytes of the longest message that is accepted.
            deflates: whether permessage-deflate has been agreed on.
        """
        self.transport = transport
        self.deflates = deflates
        self._receiver = receiver
        self._reader = WebSocketReader(limit, inflates=deflates)
        self._paused = False
        self._drained: Callable[[], None] | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._holds = 0
        self._pong: bytes | None = None  #: the answer to the last ping, while it has to wait
        self._pouring: tuple[Iterator[bytes | memoryview], Callable[[], None]] | None = None

    # --- Out -------------------------------------------------------------------------------------

    def when_drained(self, call: Callable[[], None]) -> None:
        """Calls back once what waits has gone to the kernel, or the connection is lost. If nothing
        waits, that is soon. A second call replaces the first."""
        if self._paused:
            self._drained = call
        else:
            asyncio.get_running_loop().call_soon(call)

    def pour(self, pieces: Iterator[bytes | memoryview], done: Callable[[], None]) -> None:
        """Writes one frame that is too long to be written at once, piece by piece as the client
        takes it. Nothing else may be written until `done` is called. If the connection is lost
        before that, `done` is never called."""
        self._pouring = pieces, done
        self._pour()

    def fail(self, code: Code, why: str = "") -> None:
        """Ends the connection with this code, and says why."""
        if self.transport.is_closing():
            return
        if self._pouring is not None:
            # Another frame cannot be written in the middle of this one.
            self._pouring = None
            self.transport.abort()
        else:
            self.transport.write(websocket.close(code, why))
            self.close()

    def close(self) -> None:
        """Ends the connection after what has been written to it, waiting only a limited time for
        the client to take that."""
        self._reader.forget()
        self.transport.close()
        # If the peer has vanished silently, the rest would wait, and so would the connection.
        loop = asyncio.get_running_loop()
        self._ending = loop.call_later(CLOSE_DEADLINE, self.transport.abort)

    def _pour(self) -> None:
        if self._pouring is None or self._paused:
            return
        pieces, done = self._pouring
        for _ in range(PIECES_AT_ONCE):
            if self.transport.is_closing():
                return
            piece = next(pieces, None)
            if piece is None:
                self._pouring = None
                self._answer_ping()
                done()
                return
            self.transport.write(piece)
            if self._is_full():
                return
        asyncio.get_running_loop().call_soon(self._pour)

    def _is_full(self) -> bool:
        return self._paused

    def _answer_ping(self) -> None:
        """Answers pings, but no faster than the client reads the answers: of several pings, only
        the last one needs an answer (5.5.3)."""
        if self._pong is not None and self._pouring is None and not self._paused:
            data, self._pong = self._pong, None
            if not self.transport.is_closing():
                self.transport.write(websocket.pong(data))

    # --- In --------------------------------------------------------------------------------------

    def hold(self, why: int) -> None:
        """Stops reading from the connection for the time being."""
        before, self._holds = self._holds, self._holds | why
        if why and not before and not self.transport.is_closing():
            self.transport.pause_reading()

    def release(self, why: int) -> None:
        """Continues reading, unless there are other reasons not to."""
        before, self._holds = self._holds, self._holds & ~why
        if before and not self._holds and not self.transport.is_closing():
            self.transport.resume_reading()

    def _look(self) -> None:  # noqa: C901
        """Takes frames that have arrived, as many as one turn of the event loop allows."""
        reader, receiver, transport = self._reader, self._receiver, self.transport
        units = 0
        for count in range(FRAMES_AT_ONCE):
            if transport.is_closing():
                return
            if units > UNITS_AT_ONCE:
                break
            inflating = reader.inflation is not None
            try:
                size = reader.inflate() if inflating else reader.take()
            except WebSocketError as error:
                self._refuse(error)
                return
            if inflating:
                metrics.INFLATED.value += size
            elif not size:
                if not count and not self._holds & Hold.UNPARSED:
                    receiver.charge(self, TRICKLE)
                if self._holds:
                    self.release(Hold.UNPARSED)
                return
            event, reader.event = reader.event, None
            try:
                values = values_of(event) if isinstance(event, str) else 0
            except BadJson as error:
                self._refuse(WebSocketError(Code.UNSUPPORTED, str(error)))
                return
            # Inflated bytes are charged for as if they had come uncompressed. This matters all the
            # more because a kilobyte may become a megabyte.
            if not receiver.charge(self, cost_of(size, values) - inflating):
                return
            match event:
                case str(text):
                    units += len(text) + UNITS_A_VALUE * values
                    try:
                        receiver.received(self, text)
                    except Exception as error:
                        receiver.failed(self, error)
                case Ping(payload):
                    self._pong = payload
                    self._answer_ping()
                case Closed():
                    self.fail(Code.NORMAL)
            if not (self._holds or reader.kept or inflating or reader.inflation):
                return  # it was the only one, as nearly always
        self.hold(Hold.UNPARSED)
        asyncio.get_running_loop().call_soon(self._look)

    def _refuse(self, error: WebSocketError) -> None:
        self._receiver.refused(self, error)
        self.fail(error.code, str(error))

    # --- What the event loop calls ---------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._reader.add(data)
        if not self._holds & Hold.UNPARSED:  # otherwise it will look by itself soon
            self._look()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._pour()
        self._answer_ping()
        if not self._paused:
            self._call_drained()

    def connection_lost(self, error: Exception | None) -> None:
        self._paused = False
        self._pouring = self._pong = None
        self._reader.forget()
        if self._ending is not None:
            # Until it is due, the timer would keep alive everything of a connection that is gone,
            # and a client could come back and be cut off hundreds of times in the meantime.
            self._ending.cancel()
            self._ending = None
        self._call_drained()
        self._receiver.lost(self)

    def _call_drained(self) -> None:
        if self._drained is not None:
            call, self._drained = self._drained, None
            call()


class Detached(web.Response):
    """The response of a handler whose connection no longer belongs to aiohttp: nothing is sent."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


class TakenOver(NamedTuple):
    """A connection that has become a WebSocket."""

    connection: WebSocketConnection
    answer: bytes  #: to the request; whoever has this writes it, before anything else


def take_over(
    request: web.Request, receiver: Receiver, limit: int, *, deflate: bool = False
) -> TakenOver | None:
    """Moves the connection of a request that opens a WebSocket to a `WebSocketConnection`. The
    answer is not written here: the first packet may go with it, and a write takes longer than most
    of this.

    Arguments:
        request: the request that opens the WebSocket. Its handler has to return `Detached`.
        receiver: the object to call with whatever arrives.
        limit: the bytes of the longest message that is accepted.
        deflate: whether to agree on permessage-deflate if the client offers it.

    Returns None if the connection is gone. Raises `websocket.BadHandshake`.
    """
    offers = request.headers.getall("Sec-WebSocket-Extensions", ()) if deflate else ()
    agreed = negotiate(offers)
    answer = websocket.accept(request.headers, agreed)
    transport = request.transport
    if transport is None or transport.is_closing():
        return None
    connection = WebSocketConnection(transport, receiver, limit, deflates=agreed is not None)
    before = request.protocol
    transport.set_protocol(connection)
    # To aiohttp it looks as if the client had gone, so it releases everything that it keeps for
    # the connection. It would close the transport if it still knew it.
    before.transport = None
    before.connection_lost(None)
    transport.resume_reading()  # aiohttp may have paused it
    transport.set_write_buffer_limits(high=HIGH_WATER, low=0)
    return TakenOver(connection, answer)
