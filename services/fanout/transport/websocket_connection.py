"""A WebSocket's connection, taken over from aiohttp once the request has been read."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from padfleet.services.fanout import metrics
from padfleet.services.fanout.transport import websocket
from padfleet.services.fanout.transport.deflate_offer import negotiate
from padfleet.services.fanout.transport.websocket import Closed, Code, Ping, Reader, WebSocketError

HIGH_WATER = 4096
"""Bytes waiting for a socket above which it is offered no more, be it revisions or pongs. What
waits has no room in the kernel's buffer any more, so the client is slow or gone, and whatever were
added here would be memory and no help to it. Low, since thousands of sockets may be in this state
at once."""

FRAMES_AT_ONCE = 32
"""Frames of one connection that are looked at in one turn of the event loop: a read may bring
40,000, and there are others. An edit takes five turns on its way, and each of them as long as all
that several connections have in it: with 256, four that flooded a worker held every edit of the
others up for 40 to 90 ms."""

TRICKLE = 0.1
"""What bytes cost that complete no frame, as a part of a message: a client may send them one at a
time."""

ONE_MORE = 10_000
"""Bytes of a frame that count as one message more."""

PIECES_AT_ONCE = 8
"""Pieces of a long message that are written in one turn of the event loop: half a megabyte."""

CLOSE_DEADLINE = 10.0
"""Seconds that a closed WebSocket has to take what it was given before."""


class Hold:
    """Why a connection is not read from: bits. Plain numbers, since each frame asks for them, and
    operations on an IntFlag take a microsecond each."""

    UNREAD: Final = 1  #: packets wait to be read
    FAST: Final = 2  #: it sends more than it may
    UNPARSED: Final = 4  #: it has brought more frames at once than are looked at in one turn


class Receiver(Protocol):
    """Who a line belongs to."""

    def charge(self, line: "WebSocketConnection", amount: float) -> bool:
        """A frame has come, of any kind, or a part of one: `amount` is what it costs, where 1 is a
        short message. Called before anything is done with it; False: the line has been ended."""

    def received(self, line: "WebSocketConnection", text: str) -> None:
        """A message has come."""

    def refused(self, line: "WebSocketConnection", error: WebSocketError) -> None:
        """The client has broken the protocol, or sends more at once than it may; the line has been
        ended for that."""

    def failed(self, line: "WebSocketConnection", error: Exception) -> None:
        """`received` has raised this, which is a fault of ours. The line is to be ended."""

    def lost(self, line: "WebSocketConnection") -> None:
        """The connection has ended, whoever ended it."""


class WebSocketConnection(asyncio.Protocol):
    """One connection. It calls its receiver."""

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
        """`deflates`: permessage-deflate is agreed on."""
        self.transport = transport
        self.deflates = deflates
        self._receiver = receiver
        self._reader = Reader(limit, inflates=deflates)
        self._paused = False
        self._drained: Callable[[], None] | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._holds = 0
        self._pong: bytes | None = None  #: of the last ping, while its answer would have to wait
        self._pouring: tuple[Iterator[bytes | memoryview], Callable[[], None]] | None = None

    # --- Out -------------------------------------------------------------------------------------

    def when_drained(self, call: Callable[[], None]) -> None:
        """Calls back once what waits has gone to the kernel, or the connection is lost: soon, if
        nothing waits. A second call takes the place of the first."""
        if self._paused:
            self._drained = call
        else:
            asyncio.get_running_loop().call_soon(call)

    def pour(self, pieces: Iterator[bytes | memoryview], done: Callable[[], None]) -> None:
        """Writes one frame that is too long to be written at once, piece by piece as the client
        takes it. Until `done` is called nothing else may be written; if the connection is lost
        meanwhile, it never is."""
        self._pouring = pieces, done
        self._pour()

    def fail(self, code: Code) -> None:
        """Ends the connection."""
        if self.transport.is_closing():
            return
        if self._pouring is not None:
            # In the middle of a frame there is no place for another one.
            self._pouring = None
            self.transport.abort()
        else:
            self.transport.write(websocket.close(code))
            self.close()

    def close(self) -> None:
        """Ends it after what it has been given; what it does not take is not waited for long."""
        self._reader.forget()
        self.transport.close()
        # A peer that is gone without a word would keep the rest, and the connection, waiting.
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
        """At most as fast as answers are read: of several pings, the last one is enough (5.5.3)."""
        if self._pong is not None and self._pouring is None and not self._paused:
            data, self._pong = self._pong, None
            if not self.transport.is_closing():
                self.transport.write(websocket.pong(data))

    # --- In --------------------------------------------------------------------------------------

    def hold(self, why: int) -> None:
        """Reads nothing more from the connection for the time being."""
        before, self._holds = self._holds, self._holds | why
        if why and not before and not self.transport.is_closing():
            self.transport.pause_reading()

    def release(self, why: int) -> None:
        """Reads on, unless there are other reasons not to."""
        before, self._holds = self._holds, self._holds & ~why
        if before and not self._holds and not self.transport.is_closing():
            self.transport.resume_reading()

    def _look(self) -> None:  # noqa: C901
        """Takes the frames that have come, as many of them as one turn of the loop is for."""
        reader, receiver, transport = self._reader, self._receiver, self.transport
        for count in range(FRAMES_AT_ONCE):
            if transport.is_closing():
                return
            inflating = reader.inflation is not None
            try:
                size = reader.inflate() if inflating else reader.take()
            except WebSocketError as error:
                self.fail(error.code)
                receiver.refused(self, error)
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
            # What is inflated is charged for as if it had come like that, and the more so: a
            # kilobyte may become a megabyte.
            if not receiver.charge(self, size / ONE_MORE + (not inflating)):
                return
            match event:
                case str(text):
                    try:
                        receiver.received(self, text)
                    except Exception as error:
                        receiver.failed(self, error)
                case Ping(payload):
                    self._pong = payload
                    self._answer_ping()
                case Closed():
                    self.fail(Code.NORMAL)
        self.hold(Hold.UNPARSED)
        asyncio.get_running_loop().call_soon(self._look)

    # --- What the event loop calls ---------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._reader.add(data)
        if not self._holds & Hold.UNPARSED:  # else it is about to look by itself
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
            # Until its time it would keep all of a connection that is gone: who is cut off may
            # come and be cut off hundreds of times meanwhile.
            self._ending.cancel()
            self._ending = None
        self._call_drained()
        self._receiver.lost(self)

    def _call_drained(self) -> None:
        if self._drained is not None:
            call, self._drained = self._drained, None
            call()


class Detached(web.Response):
    """What a handler returns when the connection is not aiohttp's any more: nothing is sent."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


def take_over(
    request: web.Request, receiver: Receiver, limit: int, *, deflate: bool = False
) -> WebSocketConnection | None:
    """Answers the request with 101 and moves its connection to a `WebSocketConnection`; None if it
    is gone. With `deflate`, permessage-deflate is agreed on if the client offers it.

    Raises `websocket.BadHandshake`. The handler has to return `Detached`.
    """
    offers = request.headers.getall("Sec-WebSocket-Extensions", ()) if deflate else ()
    agreed = negotiate(offers)
    response = websocket.accept(request.headers, agreed)
    transport = request.transport
    if transport is None or transport.is_closing():
        return None
    line = WebSocketConnection(transport, receiver, limit, deflates=agreed is not None)
    before = request.protocol
    transport.set_protocol(line)
    # To aiohttp it looks as if the client had gone: it lets go of all that it keeps of the
    # connection. A transport that it knew of it would close.
    before.transport = None
    before.connection_lost(None)
    transport.resume_reading()  # what it may have held back is not its own any more
    transport.set_write_buffer_limits(high=HIGH_WATER, low=0)
    transport.write(response)
    return line
