"""This module is one client's Engine.IO socket, whichever transports it uses.

`EngineServer` creates the sockets and has the server's side of the protocol. `Outbound` is a
socket's way out, `ReadControl` says when its WebSockets are read, and `Intake` counts its messages
in progress.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, Protocol

from aiohttp import web
from engineio import exceptions
from engineio.async_socket import AsyncSocket
from engineio.packet import MESSAGE, OPEN, PING, PONG, Packet

from padfleet.services.fanout import metrics
from padfleet.services.fanout.limits.admission import note_too_large
from padfleet.services.fanout.transport.cost import cost_of, values_of
from padfleet.services.fanout.transport.disconnect_turns import DisconnectTurns
from padfleet.services.fanout.transport.heartbeat import Heartbeat
from padfleet.services.fanout.transport.intake import Intake
from padfleet.services.fanout.transport.malformed import MalformedPacket, note_malformed, reason
from padfleet.services.fanout.transport.outbound import Outbound, OutboundClosed
from padfleet.services.fanout.transport.packets import CLOSE, NOOP, Frame, Parcel
from padfleet.services.fanout.transport.pollbody import WHY
from padfleet.services.fanout.transport.post_body import read_packet, read_packets
from padfleet.services.fanout.transport.read_control import ReadControl
from padfleet.services.fanout.transport.websocket import BadHandshake, Code, WebSocketError
from padfleet.services.fanout.transport.websocket_connection import (
    Detached,
    Hold,
    WebSocketConnection,
    take_over,
)
from padfleet.shared import refusals
from padfleet.shared.bucket import RateLimit, TokenBucket
from padfleet.shared.fault_reports import report
from padfleet.shared.payers import Payer
from padfleet.shared.wire.jsontext import BadJson, loads

_MALFORMED = (MalformedPacket, exceptions.UnknownPacketError)
"""What is raised for packets that cannot be read."""

_ACK = "43"
"""A Socket.IO acknowledgement in the main namespace begins with this: `43<id>[…]`."""

_CONNECT = "40"
"""What a client of Socket.IO begins with that brings nothing, which is nearly every one."""

_MESSAGE = '42["message",'
"""An event `message` in the main namespace begins with this if it requests no acknowledgement."""

MOST_UNREAD = 64
"""How many packets of a socket may wait to be read. Beyond that, nothing more is taken from its
connection for the time being, and the client's own buffers fill up."""

PROBE_TIMEOUT = 10.0
"""How many seconds a WebSocket has to take over from polling."""


class SocketHost(Protocol):
    """What a socket needs of its server, in addition to what the library's sockets do."""

    pace: RateLimit  #: how fast each socket is read
    compression: bool  #: whether it is on, for clients that offer it
    websockets: int  #: the number of WebSockets, including those that only probe
    heartbeat: Heartbeat
    disconnects: DisconnectTurns
    connects: "Callable[[EngineSocket], bool]"
    """Lets in a client of Socket.IO that brings nothing, or returns False."""

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs `work` as a task of a socket, which checks how the task ends."""

    async def deliver(self, sid: str, data: Any) -> None:
        """Takes a message. Raises `MalformedPacket` if it cannot be read."""

    def remove(self, socket: "EngineSocket") -> None:
        """Forgets a socket that has been closed."""


class EngineSocket(AsyncSocket):  # type: ignore[misc]
    """One client's connection from its handshake to its end, over however many requests."""

    connected: bool
    upgrading: bool
    upgraded: bool
    closing: bool
    closed: bool

    def __init__(self, server: SocketHost, sid: str, payer: Payer) -> None:
        super().__init__(server, sid)
        self.payer = payer  #: whom its client's address counts as
        self.exit = Outbound(self._on_end)
        self.on_ack: Callable[[str], bool] | None = None
        """This function, if set, is called with each Socket.IO acknowledgement that comes over a
        WebSocket. It returns False if it cannot read it."""
        self.on_message: Callable[[Any], Coroutine[Any, Any, Any] | None] | None = None
        """This function, if set, is called with the content of a `message` event that requests no
        acknowledgement. Nine in ten packets are of this kind, and the libraries would create three
        tasks for each. It returns a coroutine, which becomes a task, if there is something to wait
        for, and otherwise None."""
        self.intake = Intake()
        self._websocket: WebSocketConnection | None = None  #: once everything goes over it
        self._probe: WebSocketConnection | None = None  #: a WebSocket that may take over
        self._reading = ReadControl()
        self._unread: deque[str] | None = None  #: exists while a task reads from it
        self._bucket = TokenBucket(server.pace.burst, monotonic())

    # --- Out -------------------------------------------------------------------------------------

    async def send(self, pkt: Packet) -> None:
        """Sends a packet of the libraries. Raises `SocketIsClosedError`."""
        self.write(Frame(pkt.encode().encode()))

    def write(self, frame: Frame) -> None:
        """Sends a packet. Raises `SocketIsClosedError`."""
        if self.closed:
            raise exceptions.SocketIsClosedError
        try:
            self.exit.write(frame)
        except OutboundClosed as error:
            raise exceptions.SocketIsClosedError from error

    async def poll(self) -> list[Frame | Parcel]:
        server = self.server
        try:
            return await self.exit.poll(server.ping_interval + server.ping_timeout)
        except TimeoutError as error:
            raise exceptions.QueueEmpty from error

    async def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """Ends the connection; unless `abort` is set, the client is informed of that."""
        if self.closed or self.closing:
            return
        self.closing = True
        if not abort and not self.exit.closed and self._websocket is not None:
            self.exit.write(CLOSE)
        # This comes before the handlers are called: they use Redis, which may be away for long.
        self.exit.end()
        reason = reason or self.server.reason.SERVER_DISCONNECT
        await self.server._trigger_event("disconnect", self.sid, reason, run_async=False)
        self.closed = True
        if self._probe is not None:
            self._probe.fail(Code.GOING_AWAY)
        self.server.remove(self)

    def _on_end(self) -> None:
        # A WebSocket reports by itself when its connection is gone.
        if self._websocket is None:
            self._close_in_turn(None)

    def _close_in_turn(self, reason: str | None) -> None:
        """Closes the socket as soon as it is its turn: many may go at the same moment."""
        self.server.disconnects.take(
            lambda: self._spawn(self.close(wait=False, abort=True, reason=reason))
        )

    # --- Pings -----------------------------------------------------------------------------------

    def schedule_ping(self) -> None:
        """Hands the socket over to `Heartbeat`, which pings it from now on. The library calls this
        when the handshake is done."""
        self.server.heartbeat.add(self.sid, monotonic())

    async def check_ping_timeout(self) -> bool:
        return not self.closed

    def ping(self, now: float) -> None:
        if not self.exit.closed:
            self.exit.ping(now)

    def silent_since(self) -> float | None:
        return self.exit.pings[0][0] if self.exit.pings else None

    def end_silent(self) -> None:
        self._close_in_turn(self.server.reason.PING_TIMEOUT)

    # --- In, over polling ------------------------------------------------------------------------

    async def receive(self, pkt: Packet) -> None:
        if self._websocket is None:
            await self._wait_for_turn(pkt)
        if pkt.packet_type == PONG:
            self.exit.ponged(monotonic())
        elif pkt.packet_type == MESSAGE:
            await self.server.deliver(self.sid, pkt.data)
        elif pkt.packet_type not in (PING, OPEN):
            await super().receive(pkt)

    async def handle_post_request(self, environ: dict[str, Any]) -> None:
        try:
            for packet in await read_packets(environ, self.server.max_http_buffer_size):
                await self.receive(packet)
        except ConnectionError:
            raise  # it broke off midway; the session may go on over another
        except Exception as error:
            if isinstance(error, _MALFORMED):
                environ[WHY] = f"{self._note_malformed(error)}\n".encode()
            elif not isinstance(error, exceptions.EngineIOError):
                self._note_fault(error)
            # If the same request also closed the socket, it is gone. The library has no answer
            # ready for this case, and would fail.
            if self.sid in self.server.sockets:
                raise exceptions.EngineIOError from error

    async def _wait_for_turn(self, pkt: Packet) -> None:
        """Takes a packet from polling when it has its turn. The request that brings packets ends
        after that, and only then does the client send the next request."""
        text = pkt.data if isinstance(pkt.data, str) else ""
        try:
            cost = cost_of(len(pkt.data or ""), values_of(text))
        except BadJson as error:
            raise MalformedPacket(str(error)) from None
        wait = self._bucket.take(self.server.pace, monotonic(), cost)
        if wait is None:
            refusals.LIMITED.labels("messages").inc()
            await self.close(wait=False, abort=True)
            raise exceptions.SocketIsClosedError
        await asyncio.sleep(wait)

    # --- From polling to a WebSocket -------------------------------------------------------------

    async def _upgrade_websocket(self, environ: dict[str, Any]) -> Any:
        """Serves the request that opens a WebSocket, for a new client or for one that comes from
        polling (Engine.IO protocol 4, "Upgrade")."""
        return self.open_websocket(environ["aiohttp.request"])

    def open_websocket(self, request: web.Request) -> web.Response:
        """Takes over the connection of a request that opens a WebSocket, and returns what its
        handler has to return. If the connection is gone, so is a socket that has no other."""
        try:
            taken = take_over(
                request,
                self,
                self.server.max_http_buffer_size,
                deflate=self.server.compression,
            )
        except BadHandshake as error:
            return web.Response(status=400, text=str(error))
        if taken is None:
            self.exit.end()
            return Detached()
        connection, answer = taken
        self.server.websockets += 1
        if not self.connected:
            self.connected = True
            self._move_to(connection, answer)
        else:
            connection.transport.write(answer)
            self._introduce(connection)
        return Detached()

    def _introduce(self, connection: WebSocketConnection) -> None:
        """Takes in a second transport. Only one is allowed at a time, and not for long, because a
        client could otherwise open any number of them for one session."""
        if self._probe is not None:
            self._probe.fail(Code.POLICY)
        self._probe = connection
        self._reading.add(connection)

        def give_up() -> None:
            if self._probe is connection:
                connection.fail(Code.POLICY)

        asyncio.get_running_loop().call_later(PROBE_TIMEOUT, give_up)

    def _receive_from_probe(self, connection: WebSocketConnection, text: str) -> None:
        """Takes a packet of a second transport, which introduces itself while the first goes on."""
        if text == "2probe" and not self.upgraded:
            self.upgrading = True  # polls are answered with NOOP, and other packets wait
            connection.transport.write(Frame(b"3probe").websocket)
            if not self.exit.closed:
                self.exit.write(NOOP)  # ends the poll that is open
        elif self.closed:
            connection.fail(Code.GOING_AWAY)
        elif text == "5" and self.upgrading:
            self._move_to(connection)
        else:
            self._refuse(connection, MalformedPacket("not a packet of an upgrade"))

    def _move_to(self, connection: WebSocketConnection, answer: bytes = b"") -> None:
        self._websocket, self._probe = connection, None
        self._reading.add(connection)
        self.upgraded, self.upgrading = True, False
        self.exit.to_websocket(connection, answer)

    # --- In, over a WebSocket: what a `WebSocketConnection` calls --------------------------------

    def charge(self, connection: WebSocketConnection, amount: float) -> bool:
        """Charges the socket for what a `WebSocketConnection` has brought, before anything else is
        done with it. This applies to messages, pings and parts of either, on whichever of the
        session's transports they arrive."""
        wait = self._bucket.take(self.server.pace, monotonic(), amount)
        if wait is None:
            refusals.LIMITED.labels("messages").inc()
            connection.fail(Code.POLICY)
            if connection is self._websocket and self._unread is not None:
                self._unread.clear()  # it was cut off because of these packets
            return False
        if wait > 0:
            self._reading.slow_down(wait)
        return True

    def received(self, connection: WebSocketConnection, text: str) -> None:
        """Takes a packet from a `WebSocketConnection`. Most packets are pongs and acknowledgements,
        which are served without waiting for anything."""
        if connection is not self._websocket:
            self._receive_from_probe(connection, text)
        elif text == "3":
            self.exit.ponged(monotonic())
        elif text[:2] == _ACK and self.on_ack is not None:
            if not self.on_ack(text):
                self._refuse(connection, MalformedPacket("not an acknowledgement"))
        elif self.on_message is not None and self._has_nothing_before and text.startswith(_MESSAGE):
            try:
                _, message, *_ = loads(text[2:])  # its values were counted before it was charged
            except ValueError as error:
                self._refuse(connection, error)
            else:
                work = self.on_message(message)
                if work is not None:
                    self.take(work)
        elif not (text == _CONNECT and self._has_nothing_before and self.server.connects(self)):
            self._put(connection, text)

    def refused(self, connection: WebSocketConnection, error: WebSocketError) -> None:
        """Takes note that a `WebSocketConnection` was ended for what its client sent."""
        if error.code is Code.TOO_BIG:
            note_too_large(str(error), sid=self.sid)
        else:
            self._note_malformed(error)

    def failed(self, connection: WebSocketConnection, error: Exception) -> None:
        """Ends the socket after a fault of ours, in a `WebSocketConnection` or in one of the
        socket's tasks. We can no longer vouch for what becomes of this client's messages, so its
        connection ends; it comes back and resumes."""
        self._note_fault(error)
        connection.fail(Code.INTERNAL_ERROR)

    def lost(self, connection: WebSocketConnection) -> None:
        """Takes note that a `WebSocketConnection` has ended."""
        self.server.websockets -= 1
        self._reading.remove(connection)
        if connection is self._probe:
            self._probe = None
        if connection is self._websocket:
            self._close_in_turn(self.server.reason.TRANSPORT_CLOSE)
        else:
            self.upgrading = False  # polling goes on

    # --- Packets that wait for others ------------------------------------------------------------

    @property
    def _has_nothing_before(self) -> bool:
        """Returns whether a message may be served at once, since nothing has to be read before it
        and there is room for it. Otherwise it waits to be read."""
        return self._unread is None and not self.intake.full

    def _put(self, connection: WebSocketConnection, text: str) -> None:
        """Adds a packet to those that wait to be read."""
        if self._unread is None:
            self._unread = deque([text])
            self._spawn(self._read_on(connection))
        else:
            self._unread.append(text)
            if len(self._unread) == MOST_UNREAD:
                self._reading.hold(Hold.UNREAD)

    async def _read_on(self, connection: WebSocketConnection) -> None:
        """Reads packets one after the other, because they may not overtake each other. After each
        packet other tasks have their turn, since most kinds of packets are read without a pause."""
        while self._unread:
            try:
                await self.receive(read_packet(self._unread.popleft()))
            except _MALFORMED as error:
                self._unread.clear()
                self._refuse(connection, error)
                return
            if len(self._unread) == MOST_UNREAD // 2:
                self._reading.release(Hold.UNREAD)
            if self._unread:
                await asyncio.sleep(0)
        self._unread = None

    # --- What cannot be read ---------------------------------------------------------------------

    def _refuse(self, connection: WebSocketConnection, error: Exception) -> None:
        """Ends a WebSocket that has brought what cannot be read."""
        connection.fail(Code.UNSUPPORTED, self._note_malformed(error))

    def _note_malformed(self, error: Exception) -> str:
        """Takes note that the client has sent what cannot be read, and returns the reason."""
        # Once the socket has gone, failing to read its packets is not their fault.
        if not (self.closed or self.exit.closed or self.sid not in self.server.sockets):
            note_malformed(error, sid=self.sid)
        return reason(error)

    # --- Tasks -----------------------------------------------------------------------------------

    def take(self, work: Coroutine[Any, Any, Any]) -> None:
        """Works on a message while the next ones are being read."""
        self.intake.begins(self._start(work))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        _ = self._start(work)

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Starts a task of this socket. If the task fails, the socket ends with it, so that no
        failure goes unnoticed."""
        task: asyncio.Task[Any] = self.server.spawn(work)
        task.add_done_callback(self._on_task_end)
        return task

    def _on_task_end(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, exceptions.SocketIsClosedError):
            return  # the socket has gone in the meantime
        if isinstance(error, Exception):
            if self._websocket is not None:
                self.failed(self._websocket, error)
            else:
                self._note_fault(error)
                self.exit.end()

    def _note_fault(self, error: Exception) -> None:
        report("socket", error, {"sid": self.sid}, "a socket has failed")
        metrics.DROPPED.labels("fault").inc()
