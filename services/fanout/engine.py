"""Engine.IO as a worker needs it: python-engineio, with leaner sockets.

The library keeps the protocol: handshake, polling, upgrade, checks of requests. Ours are the two
ends of a socket. Out: `Exit`, instead of a queue and a task that empties it. In: one loop over the
WebSocket, without a task and a timer for each message, and pongs are taken before anything else is
made of them. A quiet socket costs half the memory, a busy one a third of the time.
"""

import asyncio
import logging
from time import monotonic
from typing import Any

import engineio
import socketio
from aiohttp import web
from engineio import exceptions
from engineio.async_socket import AsyncSocket
from engineio.packet import OPEN, PING, PONG, UPGRADE, Packet

from services.fanout.exit import Exit, ExitClosed
from services.fanout.frames import CLOSE, NOOP, Frame
from services.fanout.heartbeat import Heartbeat

_PACKET_TYPES = tuple("0123456")
_ACK = "43"
"""Begins a Socket.IO acknowledgement in the main namespace: `43<id>[…]`."""


class LeanSocket(AsyncSocket):  # type: ignore[misc]
    """One client's connection, over however many requests, from its handshake to its end."""

    connected: bool
    closing: bool
    closed: bool

    def __init__(self, server: "EngineServer", sid: str) -> None:
        super().__init__(server, sid)
        self.exit = Exit()
        self.acknowledged: Any = None
        """Called with the id of a Socket.IO acknowledgement, if set."""

    # --- Out -------------------------------------------------------------------------------------

    async def send(self, pkt: Packet) -> None:
        """What the libraries send. Raises `SocketIsClosedError`."""
        if self.closed:
            raise exceptions.SocketIsClosedError
        try:
            self.exit.write(Frame(pkt.encode().encode()))
        except ExitClosed as error:
            raise exceptions.SocketIsClosedError from error

    async def poll(self) -> list[Frame]:
        server = self.server
        try:
            return await self.exit.poll(server.ping_interval + server.ping_timeout)
        except TimeoutError as error:
            raise exceptions.QueueEmpty from error

    async def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """Ends the connection; without `abort`, the client is told that it is meant to."""
        if self.closed or self.closing:
            return
        self.closing = True
        reason = reason or self.server.reason.SERVER_DISCONNECT
        await self.server._trigger_event("disconnect", self.sid, reason, run_async=False)
        if not abort and not self.exit.closed:
            self.exit.write(CLOSE)
        self.closed = True
        self.exit.end()

    # --- Pings -----------------------------------------------------------------------------------

    def schedule_ping(self) -> None:
        """When the handshake is done; from then on `Heartbeat` does it."""
        self.server.heartbeat.add(self.sid, monotonic())

    async def check_ping_timeout(self) -> bool:
        return not self.closed

    def ping(self, now: float) -> None:
        if not self.exit.closed:
            self.exit.ping(now)

    def silent_since(self) -> float | None:
        return self.exit.pings[0][0] if self.exit.pings else None

    async def lost(self) -> None:
        await self.close(wait=False, abort=True, reason=self.server.reason.PING_TIMEOUT)

    # --- In --------------------------------------------------------------------------------------

    async def receive(self, pkt: Packet) -> None:
        if pkt.packet_type == PONG:
            self.exit.ponged(monotonic())
        elif pkt.packet_type not in (PING, OPEN):
            await super().receive(pkt)

    async def _websocket_handler(self, ws: "WebSocket") -> None:
        if self.connected:
            if not await self._upgrades(ws):
                return
        else:
            self.connected = True
        self.upgraded = True
        self.upgrading = False
        self.exit.to_websocket(ws.transport, ws.writer)
        try:
            while True:
                text = await ws.wait()
                if text == "3":
                    self.exit.ponged(monotonic())
                elif text[:2] == _ACK and self.acknowledged is not None:
                    self.acknowledged(text)
                else:
                    await self.receive(Packet(encoded_packet=text))
        except (OSError, exceptions.EngineIOError, ValueError):
            pass  # gone, or not to be understood
        finally:
            reason = self.server.reason.TRANSPORT_CLOSE
            await self.close(wait=False, abort=True, reason=reason)

    async def _upgrades(self, ws: "WebSocket") -> bool:
        """The probe of a client that comes from polling (Engine.IO protocol 4, "Upgrade")."""
        self.upgrading = True  # polls are answered with NOOP, and what is to be sent waits
        try:
            probe = Packet(encoded_packet=await ws.wait())
            if (probe.packet_type, probe.data) != (PING, "probe"):
                return False
            await ws.send(Packet(PONG, data="probe").encode())
            if not self.exit.closed:
                self.exit.write(NOOP)  # ends the poll that is open
            done = Packet(encoded_packet=await ws.wait())
            return bool(done.packet_type == UPGRADE) and not self.closed
        except (OSError, ValueError):
            return False
        finally:
            self.upgrading = False


class EngineServer(engineio.AsyncServer):  # type: ignore[misc]
    """Makes `LeanSocket`s, and keeps their heart beating."""

    start_service_task: bool
    service_task_handle: asyncio.Task[None] | None
    _async: dict[str, Any]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async = _driver(self._async)
        self.heartbeat = Heartbeat(
            self.sockets.get, interval=self.ping_interval, timeout=self.ping_timeout
        )

    def create_queue(self, *args: Any, **kwargs: Any) -> None:
        """What a socket sends goes through its `Exit`."""

    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None
    ) -> Any:
        if self.start_service_task:
            self.start_service_task = False
            self.service_task_handle = asyncio.create_task(self.heartbeat.run(), name="heartbeat")
        sid = self.generate_id()
        self.sockets[sid] = socket = LeanSocket(self, sid)
        handshake = {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        await socket.send(Packet(OPEN, handshake))
        await self._trigger_event("connect", sid, environ, run_async=False)
        socket.schedule_ping()
        if transport == "websocket":
            response = await socket.handle_get_request(environ)
            if socket.closed:
                self.sockets.pop(sid, None)
            return response
        socket.connected = True
        try:
            return self._ok(await socket.poll(), jsonp_index=jsonp_index)
        except exceptions.QueueEmpty:
            return self._bad_request()

    async def disconnect(self, sid: str | None = None) -> None:
        for found in [sid] if sid is not None else list(self.sockets):
            socket = self.sockets.pop(found, None)
            if socket is not None:
                await socket.close(wait=False)

    async def shutdown(self) -> None:
        if self.service_task_handle is not None:
            self.service_task_handle.cancel()
            self.service_task_handle = None


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Socket.IO over `EngineServer`."""

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer


# --- Under aiohttp -------------------------------------------------------------------------------


class WebSocket:
    """The part that python-engineio's driver leaves to the web framework."""

    def __init__(self, handler: Any, server: EngineServer) -> None:
        self._handler = handler
        # Not compressed, as Etherpad's is not: a context of zlib for each socket would take 300 KB,
        # and the frames are made once for all sockets.
        self._response = web.WebSocketResponse(
            max_msg_size=server.max_http_buffer_size, compress=False
        )
        self.transport: Any = None
        self.writer: Any = None

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        request: web.Request = environ["aiohttp.request"]
        self.writer = await self._response.prepare(request)
        self.transport = request.transport
        if self.transport is not None:
            await self._handler(self)
        return self._response

    async def send(self, text: str) -> None:
        await self._response.send_str(text)

    async def wait(self) -> str:
        """The next packet. OSError: the connection has ended, or brings what is no packet."""
        message = await self._response.receive()
        text = message.data
        if not isinstance(text, str) or text[:1] not in _PACKET_TYPES:
            raise OSError("the connection has ended" if text is None else "not a packet")
        return text


class _WholeBody:
    """The body of a POST, in the form in which the driver reads it.

    The driver reads `request.content`, whose `read(n)` gives what has arrived so far: a long
    message on polling came in half and was refused.
    """

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def read(self, length: int) -> bytes:
        # Longer than the application's client_max_size, and aiohttp answers 413 by itself.
        return (await self._request.read())[:length]


def _driver(plain: dict[str, Any]) -> dict[str, Any]:
    """python-engineio's driver for aiohttp, with our WebSocket, and bodies read whole."""
    translate = plain["translate_request"]

    def translate_request(request: web.Request) -> dict[str, Any]:
        environ: dict[str, Any] = translate(request)
        environ["wsgi.input"] = _WholeBody(request)
        return environ

    return {**plain, "translate_request": translate_request, "websocket": WebSocket}


class _BriefOnClientFaults(logging.Filter):
    """Makes one line of what the engine logs about a malformed packet, instead of a traceback: a
    client can send as many as it likes."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            # What the engine catches and logs comes from taking a packet apart; our own handlers
            # run in tasks of their own.
            record.msg, record.args = "malformed packet from a client", ()
            record.error = f"{type(error).__name__}: {error}"[:200]
            record.exc_info = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def library_logger(name: str) -> logging.Logger:
    """A logger for socketio or engineio. Left to themselves they add handlers of their own, which
    write a second, bare line beside ours."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    if not logger.filters:
        logger.addFilter(_BriefOnClientFaults())
    return logger
