"""This module provides Engine.IO as a worker needs it: python-engineio, with leaner sockets.

The library keeps the protocol: the handshake, polling and the checks of requests. The two ends of a
socket are ours. For sending there is `Outbound`, instead of a queue and a task that empties it. For
receiving there is `WebSocketConnection`, which makes a call for each message, instead of a task
that waits for the next one. This reduced the memory of an idle WebSocket from 31 KB to 8 KB.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from time import monotonic
from typing import Any, Protocol

import engineio
from aiohttp import web
from engineio import exceptions
from engineio.async_socket import AsyncSocket
from engineio.packet import OPEN, PING, PONG, Packet

from padfleet.services.fanout import metrics
from padfleet.services.fanout.limits.admission import ADDRESS, note_too_large
from padfleet.services.fanout.transport.farewells import Farewells
from padfleet.services.fanout.transport.heartbeat import Heartbeat
from padfleet.services.fanout.transport.intake import Intake
from padfleet.services.fanout.transport.outbound import Outbound, OutboundClosed
from padfleet.services.fanout.transport.packets import CLOSE, NOOP, Frame, Parcel
from padfleet.services.fanout.transport.pollbody import PollBody, poll_response
from padfleet.services.fanout.transport.websocket import BadHandshake, Code, WebSocketError
from padfleet.services.fanout.transport.websocket_connection import (
    ONE_MORE,
    Detached,
    Hold,
    WebSocketConnection,
    take_over,
)
from padfleet.shared import refusals
from padfleet.shared.bucket import Bucket, Pace
from padfleet.shared.tasks import awaited, report
from padfleet.shared.wire.jsontext import loads

log = logging.getLogger(__name__)

_PACKET_TYPES = tuple("0123456")
_ACK = "43"
"""A Socket.IO acknowledgement in the main namespace begins with this: `43<id>[…]`."""

_MESSAGE = '42["message",'
"""An event `message` in the main namespace begins with this if it requests no acknowledgement."""

_SEPARATOR = "\x1e"
"""This separates two packets of a polling request (Engine.IO 4)."""

MAX_PACKETS = 1000
"""How many packets a polling request may have. Engine.IO's own limit of 16 would turn away a page
whose user typed for a while during a slow poll."""

MOST_VALUES = 8_000
"""How many JSON values one message may have. This many take 20 ms of the event loop on the way from
the text to a writer's inbox. Messages from pages have a few hundred at most, whatever is pasted,
since a text is a single value."""

INBOX = 64
"""How many packets of a socket may wait to be read. Beyond that, nothing more is taken from its
connection for the time being, and the client's own buffers fill up."""

SID_HEADER = "X-Engine-Sid"

PROBE_TIMEOUT = 10.0
"""How many seconds a WebSocket has to take over from polling."""


class LeanSocket(AsyncSocket):  # type: ignore[misc]
    """One client's connection from its handshake to its end, over however many requests."""

    connected: bool
    upgrading: bool
    upgraded: bool
    closing: bool
    closed: bool

    def __init__(self, server: "EngineServer", sid: str, address: str) -> None:
        super().__init__(server, sid)
        self.address = address
        self.exit = Outbound(self._has_ended)
        self.acknowledged: Callable[[str], None] | None = None
        """This function, if set, is called with each Socket.IO acknowledgement."""
        self.told: Callable[[Any], Coroutine[Any, Any, Any] | None] | None = None
        """This function, if set, is called with the content of a `message` event that requests no
        acknowledgement. Nine in ten packets are of this kind, and the libraries would create three
        tasks for each. It returns a coroutine, which becomes a task, if there is something to wait
        for, and otherwise None."""
        self.intake = Intake()
        self._line: WebSocketConnection | None = (
            None  #: the WebSocket, once everything goes over it
        )
        self._probe: WebSocketConnection | None = None  #: a WebSocket that may take over
        self._inbox: deque[str] | None = None  #: exists while a task reads from it
        self._bucket = Bucket(server.pace.burst, monotonic())
        self._holds = 0  #: the bits of `Hold` that say why its WebSockets are not read
        self._slow_until = 0.0

    # --- Out -------------------------------------------------------------------------------------

    async def send(self, pkt: Packet) -> None:
        """Sends a packet of the libraries. Raises `SocketIsClosedError`."""
        if self.closed:
            raise exceptions.SocketIsClosedError
        try:
            self.exit.write(Frame(pkt.encode().encode()))
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
        if not abort and not self.exit.closed and self._line is not None:
            self.exit.write(CLOSE)
        # This comes before the handlers are called: they use Redis, which may be away for long.
        self.exit.end()
        reason = reason or self.server.reason.SERVER_DISCONNECT
        await self.server._trigger_event("disconnect", self.sid, reason, run_async=False)
        self.closed = True
        if self._probe is not None:
            self._probe.fail(Code.GOING_AWAY)
        self.server.has_left(self)

    def _has_ended(self) -> None:
        # A WebSocket reports by itself when its connection is gone.
        if self._line is None:
            self._goes(None)

    def _goes(self, reason: str | None) -> None:
        """Closes the socket as soon as it is its turn: many may go at the same moment."""
        self.server.farewells.say(
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

    def is_silent(self) -> None:
        self._goes(self.server.reason.PING_TIMEOUT)

    # --- In --------------------------------------------------------------------------------------

    async def receive(self, pkt: Packet) -> None:
        if self._line is None:
            await self._take_in_turn(pkt)
        if pkt.packet_type == PONG:
            self.exit.ponged(monotonic())
        elif pkt.packet_type not in (PING, OPEN):
            await super().receive(pkt)

    async def handle_post_request(self, environ: dict[str, Any]) -> None:
        try:
            await self._read_body(environ)
        except ConnectionError:
            raise  # it broke off midway; the session may go on over another
        except Exception as error:
            # To something that is not a packet, or to too many packets at once, the library would
            # answer OK and throw them away: the client would go on as if they had been received.
            if not isinstance(error, exceptions.EngineIOError):
                self._note_malformed(error)
            # If the same request also closed the socket, it is gone. The library has no answer
            # ready for this case, and would fail.
            if self.sid in self.server.sockets:
                raise exceptions.EngineIOError from error

    async def _read_body(self, environ: dict[str, Any]) -> None:
        """Reads the packets of a POST. The library would decode all of them before handling the
        first, and would also look for those of JSONP, which come as a form."""
        length = int(environ.get("CONTENT_LENGTH", "0"))
        if length > self.server.max_http_buffer_size:
            raise exceptions.ContentTooLongError
        body: str = (await environ["wsgi.input"].read(length)).decode()
        if body.count(_SEPARATOR) >= MAX_PACKETS:
            raise ValueError(f"more than {MAX_PACKETS} packets in one request")
        for encoded in body.split(_SEPARATOR) if body else ():
            await self.receive(Packet(encoded_packet=encoded))

    async def _upgrade_websocket(self, environ: dict[str, Any]) -> Any:
        """Serves the request that opens a WebSocket, for a new client or for one that comes from
        polling (Engine.IO protocol 4, "Upgrade")."""
        request: web.Request = environ["aiohttp.request"]
        try:
            line = take_over(
                request,
                self,
                self.server.max_http_buffer_size,
                deflate=self.server.compression,
            )
        except BadHandshake as error:
            return web.Response(status=400, text=str(error))
        if line is not None:
            self.server.websockets += 1
        if line is None:
            await self.close(wait=False, abort=True)
        elif not self.connected:
            self.connected = True
            self._move_to(line)
        else:
            self._introduce(line)
        return Detached()

    def charge(self, line: WebSocketConnection, amount: float) -> bool:
        """Charges the socket for what a `WebSocketConnection` has brought, before anything else is
        done with it. This applies to messages, pings and parts of either, on whichever of the
        session's transports they arrive."""
        wait = self._bucket.take(self.server.pace, monotonic(), amount)
        if wait is None:
            refusals.LIMITED.labels("messages").inc()
            line.fail(Code.POLICY)
            if line is self._line and self._inbox is not None:
                self._inbox.clear()  # it was cut off because of these packets
            return False
        if wait > 0:
            self._slow_down(wait)
        return True

    def received(self, line: WebSocketConnection, text: str) -> None:  # noqa: C901
        """Takes a packet from a `WebSocketConnection`. Most packets are pongs and acknowledgements,
        which are served without waiting for anything."""
        if line is not self._line:
            self._probed(line, text)
        elif text == "3":
            self.exit.ponged(monotonic())
        elif text[:2] == _ACK and self.acknowledged is not None:
            self.acknowledged(text)
        elif text[:1] not in _PACKET_TYPES:
            line.fail(Code.UNSUPPORTED)
        elif self.told is not None and self._may_be_told and text.startswith(_MESSAGE):
            try:
                _, message, *_ = loads(text[2:], most=MOST_VALUES)
            except (ValueError, RecursionError):
                line.fail(Code.UNSUPPORTED)
            else:
                work = self.told(message)
                if work is not None:
                    self.take(work)
        elif self._inbox is None:
            self._inbox = deque([text])
            self._spawn(self._read_inbox(line))
        else:
            self._inbox.append(text)
            if len(self._inbox) == INBOX:
                self._hold(Hold.UNREAD)

    def refused(self, line: WebSocketConnection, error: WebSocketError) -> None:
        """Takes note that a `WebSocketConnection` was ended for what its client sent."""
        if error.code is Code.TOO_BIG:
            note_too_large(str(error), sid=self.sid)

    def failed(self, line: WebSocketConnection, error: Exception) -> None:
        """Ends the socket after a fault of ours, in a `WebSocketConnection` or in one of the
        socket's tasks. We can no longer vouch for what becomes of this client's messages, so its
        connection ends; it comes back and resumes."""
        report("socket", error, {"sid": self.sid}, "a socket's reading has failed")
        metrics.DROPPED.labels("fault").inc()
        line.fail(Code.INTERNAL_ERROR)

    def _introduce(self, line: WebSocketConnection) -> None:
        """Takes in a second transport. Only one is allowed at a time, and not for long, because a
        client could otherwise open any number of them for one session."""
        if self._probe is not None:
            self._probe.fail(Code.POLICY)
        self._probe = line
        line.hold(self._holds)

        def give_up() -> None:
            if self._probe is line:
                line.fail(Code.POLICY)

        asyncio.get_running_loop().call_later(PROBE_TIMEOUT, give_up)

    @property
    def _may_be_told(self) -> bool:
        """Returns whether a message may be served directly. Otherwise it goes through the inbox and
        waits there."""
        return self._inbox is None and not self.intake.full

    def take(self, work: Coroutine[Any, Any, Any]) -> None:
        """Works on a message while the next ones are being read."""
        self.intake.begins(self._begun(work))

    def lost(self, line: WebSocketConnection) -> None:
        """Takes note that a `WebSocketConnection` has ended."""
        self.server.websockets -= 1
        if line is self._probe:
            self._probe = None
        if line is self._line:
            self._goes(self.server.reason.TRANSPORT_CLOSE)
        else:
            self.upgrading = False  # polling goes on

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        _ = self._begun(work)

    def _begun(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Starts a task of this socket. If the task fails, the socket ends with it, so that no
        failure goes unnoticed."""
        task: asyncio.Task[Any] = self.server.spawn(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, exceptions.SocketIsClosedError):
            return  # the socket has gone in the meantime
        if isinstance(error, Exception):
            if self._line is not None:
                self.failed(self._line, error)
            else:
                report("socket", error, {"sid": self.sid}, "a socket's task has failed")
                metrics.DROPPED.labels("fault").inc()
                self.exit.end()

    def _probed(self, line: WebSocketConnection, text: str) -> None:
        """Takes a packet of a second transport, which introduces itself while the first goes on."""
        if text == "2probe" and not self.upgraded:
            self.upgrading = True  # polls are answered with NOOP, and other packets wait
            line.transport.write(Frame(b"3probe").websocket)
            if not self.exit.closed:
                self.exit.write(NOOP)  # ends the poll that is open
        elif text == "5" and self.upgrading and not self.closed:
            self._move_to(line)
        else:
            line.fail(Code.UNSUPPORTED)

    def _move_to(self, line: WebSocketConnection) -> None:
        self._line, self._probe = line, None
        line.hold(self._holds)
        self.upgraded, self.upgrading = True, False
        self.exit.to_websocket(line)

    async def _read_inbox(self, line: WebSocketConnection) -> None:
        """Reads packets one after the other, because they may not overtake each other. After each
        packet other tasks have their turn, since most kinds of packets are read without a pause."""
        while self._inbox:
            try:
                await self.receive(Packet(encoded_packet=self._inbox.popleft()))
            except (exceptions.EngineIOError, ValueError, RecursionError) as error:
                # The libraries raise the last of these for deeply nested JSON.
                self._note_malformed(error)
                line.fail(Code.UNSUPPORTED)
                return
            if len(self._inbox) == INBOX // 2:
                self._release(Hold.UNREAD)
            if self._inbox:
                await asyncio.sleep(0)
        self._inbox = None

    # --- How fast ---------------------------------------------------------------------------------

    async def _take_in_turn(self, pkt: Packet) -> None:
        """Takes a packet from polling when it has its turn. The request that brings packets ends
        after that, and only then does the client send the next request."""
        size = len(pkt.data) if isinstance(pkt.data, str | bytes) else 0
        wait = self._bucket.take(self.server.pace, monotonic(), 1 + size / ONE_MORE)
        if wait is None:
            refusals.LIMITED.labels("messages").inc()
            await self.close(wait=False, abort=True)
            raise exceptions.SocketIsClosedError
        await asyncio.sleep(wait)

    def _slow_down(self, wait: float) -> None:
        self._slow_until = monotonic() + wait
        if not self._holds & Hold.FAST:
            refusals.LIMITED.labels("messages").inc()
            self._hold(Hold.FAST)
            asyncio.get_running_loop().call_later(wait, self._go_on)

    def _go_on(self) -> None:
        rest = self._slow_until - monotonic()  # the same read may have brought more
        if rest > 0:
            asyncio.get_running_loop().call_later(rest, self._go_on)
        else:
            self._release(Hold.FAST)

    @property
    def _has_gone(self) -> bool:
        """Returns whether the socket has gone. If so, failing to read its packets is not their
        fault."""
        return self.closed or self.exit.closed or self.sid not in self.server.sockets

    def _note_malformed(self, error: Exception) -> None:
        if not self._has_gone:
            log.info(
                "malformed packet from a client",
                extra={"error": f"{type(error).__name__}: {error}"[:200]},
            )

    def _hold(self, why: int) -> None:
        self._holds |= why
        for line in self._lines:
            line.hold(why)

    def _release(self, why: int) -> None:
        self._holds &= ~why
        for line in self._lines:
            line.release(why)

    @property
    def _lines(self) -> Iterator[WebSocketConnection]:
        return (line for line in (self._line, self._probe) if line is not None)


class SocketWatcher(Protocol):
    """The interface of an object that is called when a socket has come and when it has gone."""

    def has_come(self, socket: LeanSocket) -> None: ...
    def has_gone(self, socket: LeanSocket) -> None: ...


class _Nobody:
    """A watcher that does nothing, for servers whose sockets nobody counts."""

    def has_come(self, socket: LeanSocket) -> None:
        pass

    def has_gone(self, socket: LeanSocket) -> None:
        pass


class EngineServer(engineio.AsyncServer):  # type: ignore[misc]
    """Creates `LeanSocket`s, and keeps pinging them."""

    _async: dict[str, Any]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async = _driver(self._async, lambda: self.compression)
        self.heartbeat = Heartbeat(
            self.sockets.get, interval=self.ping_interval, timeout=self.ping_timeout
        )
        """The heartbeat of all sockets, which the owner of the server has to run."""

        self.websockets = 0  #: the number of WebSockets, including those that only probe
        self.pace = Pace(1e9, 1e9, 1.0)  #: how fast each socket is read
        self.compression = False  #: whether it is on, for clients that offer it
        self.watcher: SocketWatcher = _Nobody()
        self.farewells = Farewells()
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs `work` as a task of a socket, which checks how the task ends."""
        task = awaited(work, "socket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def has_left(self, socket: LeanSocket) -> None:
        if self.sockets.pop(socket.sid, None) is not None:
            self.watcher.has_gone(socket)

    def create_queue(self, *args: Any, **kwargs: Any) -> None:
        """Creates no queue, because everything that a socket sends goes through its `Outbound`."""

    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None
    ) -> Any:
        sid = self.generate_id()
        request: web.Request = environ["aiohttp.request"]
        address = request.get(ADDRESS, request.remote or "")
        self.sockets[sid] = socket = LeanSocket(self, sid, address)
        self.watcher.has_come(socket)
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
            answer = await socket.handle_get_request(environ)
            if not socket.connected:
                # This is not a valid handshake. The library takes it for a poll if the header
                # `Connection` is missing, and would leave the socket to the heartbeat in any case.
                await socket.close(wait=False, abort=True)
                if isinstance(answer, list):
                    return self._bad_request("Connection: Upgrade is missing")
            return answer
        socket.connected = True
        try:
            answer = self._ok(await socket.poll(), jsonp_index=jsonp_index)
        except exceptions.QueueEmpty:
            return self._bad_request()
        # The header is for a balancer that has to route later requests to this worker, and does
        # not read bodies.
        answer["headers"].append((SID_HEADER, sid))
        return answer

    def _ok(
        self,
        packets: list[Any] | None = None,
        headers: list[tuple[str, str]] | None = None,
        jsonp_index: int | None = None,
    ) -> dict[str, Any]:
        answer: dict[str, Any] = super()._ok(None if packets is None else [], headers, None)
        if packets is not None:
            answer["response"] = PollBody.of(packets)
        return answer

    async def disconnect(self, sid: str | None = None) -> None:
        for found in [sid] if sid is not None else list(self.sockets):
            socket = self.sockets.get(found)
            if socket is not None:
                await socket.close(wait=False)

    async def shutdown(self) -> None:
        await self.disconnect()


# --- Under aiohttp -------------------------------------------------------------------------------


class _WholeBody:
    """The whole body of a POST, in the form in which the driver reads it.

    The driver reads `request.content`, whose `read(n)` returns only what has arrived so far: half
    of a long message on polling would be read, and refused.
    """

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def read(self, length: int) -> bytes:
        try:
            return (await self._request.read())[:length]
        except web.HTTPRequestEntityTooLarge as error:  # it came in chunks, without a length
            note_too_large(error.text or "", sid=self._request.query.get("sid", ""))
            raise


def _driver(plain: dict[str, Any], compresses: Callable[[], bool]) -> dict[str, Any]:
    """Returns python-engineio's driver for aiohttp, changed so that it reads bodies whole."""
    translate = plain["translate_request"]

    def translate_request(request: web.Request) -> dict[str, Any]:
        environ: dict[str, Any] = translate(request)
        environ["wsgi.input"] = _WholeBody(request)
        return environ

    return {
        **plain,
        "translate_request": translate_request,
        "make_response": poll_response(plain["make_response"], compresses),
    }
