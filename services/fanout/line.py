"""A WebSocket's connection, taken over from aiohttp once the request has been read."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from services.fanout import websocket
from services.fanout.websocket import Closed, Code, Ping, Reader, WebSocketError


class Receiver(Protocol):
    """Who a line belongs to."""

    def received(self, line: "Line", text: str) -> None:
        """A message has come."""

    def lost(self, line: "Line") -> None:
        """The connection has ended, whoever ended it."""


class Line(asyncio.Protocol):
    """One connection. It calls `received` and `lost` of its receiver."""

    __slots__ = ("_drained", "_paused", "_reader", "_receiver", "transport")

    def __init__(self, transport: asyncio.Transport, receiver: Receiver, limit: int) -> None:
        self.transport = transport
        self._receiver = receiver
        self._reader = Reader(limit)
        self._paused = False
        self._drained: Callable[[], None] | None = None

    def when_drained(self, call: Callable[[], None]) -> None:
        """Calls back once what waits has gone to the kernel, or the connection is lost: soon, if
        nothing waits. A second call takes the place of the first."""
        if self._paused:
            self._drained = call
        else:
            asyncio.get_running_loop().call_soon(call)

    def fail(self, code: Code) -> None:
        """Ends the connection."""
        if not self.transport.is_closing():
            self.transport.write(websocket.close(code))
            self.transport.close()

    # --- What the event loop calls ---------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        try:
            events = self._reader.feed(data)
        except WebSocketError as error:
            self.fail(error.code)
            return
        for event in events:
            match event:
                case str(text):
                    if not self.transport.is_closing():
                        self._receiver.received(self, text)
                case Ping(payload):
                    if not self.transport.is_closing():
                        self.transport.write(websocket.pong(payload))
                case Closed():
                    self.fail(Code.NORMAL)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._call_drained()

    def connection_lost(self, error: Exception | None) -> None:
        self._paused = False
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


def take_over(request: web.Request, receiver: Receiver, limit: int) -> Line | None:
    """Answers the request with 101 and moves its connection to a `Line`; None if it is gone.

    Raises `websocket.BadHandshake`. The handler has to return `Detached`.
    """
    response = websocket.accept(request.headers)
    transport = request.transport
    if transport is None or transport.is_closing():
        return None
    line = Line(transport, receiver, limit)
    before = request.protocol
    transport.set_protocol(line)
    # To aiohttp it looks as if the client had gone: it lets go of all that it keeps of the
    # connection. A transport that it knew of it would close.
    before.transport = None
    before.connection_lost(None)
    transport.write(response)
    return line
