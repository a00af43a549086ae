"""Engine.IO as a worker needs it: python-engineio, with leaner sockets.

The library keeps the protocol: handshake, polling, checks of requests. Ours are the two ends of a
socket. Out: `Outbound`, instead of a queue and a task that empties it. In: `WebSocketConnection`,
which calls with each message, instead of a task that waits for the next. What a WebSocket costs
while nothing happens went from 31 KB to 8 KB by this.
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
"""Begins a Socket.IO acknowledgement in the main namespace: `43<id>[…]`."""

_MESSAGE = '42["message",'
"""Begins an event `message` in the main namespace that asks for no acknowledgement."""

_SEPARATOR = "\x1e"
"""Between two packets of a polling request (Engine.IO 4)."""

MAX_PACKETS = 1000
"""Packets in one polling request. Engine.IO's own limit of 16 turns away a page that typed a
while during a slow poll."""

MOST_VALUES = 8_000
"""Values in one message: 20 ms of the event loop, from its text to the inbox of a writer. What
pages send has a few hundred at most, whatever they paste: a text is one value."""

INBOX = 64
"""Packets of a socket that wait to be read. With more, no more is taken from its connection for
the time being, and the client's own buffers fill."""

SID_HEADER = "X-Engine-Sid"

PROBE_TIMEOUT = 10.0
"""Seconds that a WebSocket has to take over from polling."""


class LeanSocket(AsyncSocket):  # type: ignore[misc]
    """One client's connection, over however many requests, from its handshake to its end."""

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
        """Called with each Socket.IO acknowledgement, if set."""
        self.told: Callable[[Any], Coroutine[Any, Any, Any] | None] | None = None
        """Called with what a `message` event carries, if set and if no acknowledgement is asked
        for. Nine in ten packets are of this kind, and the libraries make three tasks of each.
        Returns what there is to be waited for, which becomes a task; None: nothing."""
        self.intake = Intake()
        self._line: WebSocketConnection | None = (
            None  #: the WebSocket, once it is the way in and out
        )
        self._probe: WebSocketConnection | None = None  #: a WebSocket that may become it
        self._inbox: deque[str] | None = None  #: while a task reads from it
        self._bucket = Bucket(server.pace.burst, monotonic())
        self._holds = 0  #: why nothing is read from its WebSockets for the time being
        self._slow_until = 0.0

    # --- Out -------------------------------------------------------------------------------------

    async def send(self, pkt: Packet) -> None:
        """What the libraries send. Raises `SocketIsClosedError`."""
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
        """Ends the connection; without `abort`, the client is told that it is meant to."""
        if self.closed or self.closing:
            return
        self.closing = True
        if not abort and not self.exit.closed and self._line is not None:
            self.exit.write(CLOSE)
        # Before the handlers are told: they speak to Redis, which may be away for long.
        self.exit.end()
        reason = reason or self.server.reason.SERVER_DISCONNECT
        await self.server._trigger_event("disconnect", self.sid, reason, run_async=False)
        self.closed = True
        if self._probe is not None:
            self._probe.fail(Code.GOING_AWAY)
        self.server.has_left(self)

    def _has_ended(self) -> None:
        # A WebSocket says so itself when its connection is gone.
        if self._line is None:
            self._goes(None)

    def _goes(self, reason: str | None) -> None:
        """It is closed as soon as it is its turn: many may go in the same moment."""
        self.server.farewells.say(
            lambda: self._spawn(self.close(wait=False, abort=True, reason=reason))
        )

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
            raise  # it broke in the middle; the session may go on over another
        except Exception as error:
            # For what is no packet, or too many at once, the library would say OK and throw it
            # away: its client would go on as if it had been heard.
            if not isinstance(error, exceptions.EngineIOError):
                self._note_malformed(error)
            # After a goodbye in the same request the socket is gone, and for that the library has
            # no answer ready, and trips over it.
            if self.sid in self.server.sockets:
                raise exceptions.EngineIOError from error

    async def _read_body(self, environ: dict[str, Any]) -> None:
        """The packets of a POST. The library takes them all apart before the first has its turn,
        and looks for those of JSONP too, which are a form."""
        length = int(environ.get("CONTENT_LENGTH", "0"))
        if length > self.server.max_http_buffer_size:
            raise exceptions.ContentTooLongError
        body: str = (await environ["wsgi.input"].read(length)).decode()
        if body.count(_SEPARATOR) >= MAX_PACKETS:
            raise ValueError(f"more than {MAX_PACKETS} packets in one request")
        for encoded in body.split(_SEPARATOR) if body else ():
            await self.receive(Packet(encoded_packet=encoded))

    async def _upgrade_websocket(self, environ: dict[str, Any]) -> Any:
        """The request that opens a WebSocket: of a new client, or of one that comes from polling
        (Engine.IO protocol 4, "Upgrade")."""
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
        """From a `WebSocketConnection`: before anything else is done with what it has brought, be
        it a message, a ping, or a part of one, on whichever of the session's transports."""
        wait = self._bucket.take(self.server.pace, monotonic(), amount)
        if wait is None:
            refusals.LIMITED.labels("messages").inc()
            line.fail(Code.POLICY)
            if line is self._line and self._inbox is not None:
                self._inbox.clear()  # it was cut off for sending these
            return False
        if wait > 0:
            self._slow_down(wait)
        return True

    def received(self, line: WebSocketConnection, text: str) -> None:  # noqa: C901
        """From a `WebSocketConnection`. Pongs and acknowledgements are the most there is, and wait
        for nothing."""
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
        """From a `WebSocketConnection`."""
        if error.code is Code.TOO_BIG:
            note_too_large(str(error), sid=self.sid)

    def failed(self, line: WebSocketConnection, error: Exception) -> None:
        """From a `WebSocketConnection`, and from the socket's tasks: a fault of ours. Nothing more
        can be said of what this client sends, so its connection ends; it comes back and resumes."""
        report("socket", error, {"sid": self.sid}, "a socket's reading has failed")
        metrics.DROPPED.labels("fault").inc()
        line.fail(Code.INTERNAL_ERROR)

    def _introduce(self, line: WebSocketConnection) -> None:
        """A second transport. There is one at a time, and not for long: a client could open any
        number of them for one session."""
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
        """Else it goes the way through the inbox, in which it waits."""
        return self._inbox is None and not self.intake.full

    def take(self, work: Coroutine[Any, Any, Any]) -> None:
        """Works on a message, while the next ones are read."""
        self.intake.begins(self._begun(work))

    def lost(self, line: WebSocketConnection) -> None:
        """From a `WebSocketConnection`."""
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
        """A task of this socket. It does not die unseen: where it fails, so does the socket."""
        task: asyncio.Task[Any] = self.server.spawn(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, exceptions.SocketIsClosedError):
            return  # it has gone meanwhile
        if isinstance(error, Exception):
            if self._line is not None:
                self.failed(self._line, error)
            else:
                report("socket", error, {"sid": self.sid}, "a socket's task has failed")
                metrics.DROPPED.labels("fault").inc()
                self.exit.end()

    def _probed(self, line: WebSocketConnection, text: str) -> None:
        """A second transport introduces itself while the first goes on."""
        if text == "2probe" and not self.upgraded:
            self.upgrading = True  # polls are answered with NOOP, and what is to be sent waits
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
        """Reads packets one after the other: they may not overtake each other. Others have their
        turn after each, for most kinds of packets are read without waiting for anything."""
        while self._inbox:
            try:
                await self.receive(Packet(encoded_packet=self._inbox.popleft()))
            except (exceptions.EngineIOError, ValueError, RecursionError) as error:
                # The last one is what the libraries answer to JSON that is nested deep.
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
        """On polling: a request that brings packets ends when they have had their turn, and the
        client sends the next one after it."""
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
        rest = self._slow_until - monotonic()  # more may have come with what was read at once
        if rest > 0:
            asyncio.get_running_loop().call_later(rest, self._go_on)
        else:
            self._release(Hold.FAST)

    @property
    def _has_gone(self) -> bool:
        """Whatever is read of it now, or cannot be, is no fault of its packets."""
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
    """Is told of each socket when it has come, and when it has gone."""

    def has_come(self, socket: LeanSocket) -> None: ...
    def has_gone(self, socket: LeanSocket) -> None: ...


class _Nobody:
    """Where no sockets are counted."""

    def has_come(self, socket: LeanSocket) -> None:
        pass

    def has_gone(self, socket: LeanSocket) -> None:
        pass


class EngineServer(engineio.AsyncServer):  # type: ignore[misc]
    """Makes `LeanSocket`s, and keeps their heart beating."""

    _async: dict[str, Any]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async = _driver(self._async, lambda: self.compression)
        self.heartbeat = Heartbeat(
            self.sockets.get, interval=self.ping_interval, timeout=self.ping_timeout
        )
        """To be run by whoever runs the server."""

        self.websockets = 0  #: connections that are WebSockets, those that only probe included
        self.pace = Pace(1e9, 1e9, 1.0)  #: how fast a socket is read
        self.compression = False  #: for clients that offer it, on either transport
        self.watcher: SocketWatcher = _Nobody()
        self.farewells = Farewells()
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs it as a task of a socket's, which looks at how it ends."""
        task = awaited(work, "socket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def has_left(self, socket: LeanSocket) -> None:
        if self.sockets.pop(socket.sid, None) is not None:
            self.watcher.has_gone(socket)

    def create_queue(self, *args: Any, **kwargs: Any) -> None:
        """What a socket sends goes through its `Outbound`."""

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
                # Its handshake is none. The library takes it for a poll if the header `Connection`
                # is missing, and would leave the socket to the heartbeat in any case.
                await socket.close(wait=False, abort=True)
                if isinstance(answer, list):
                    return self._bad_request("Connection: Upgrade is missing")
            return answer
        socket.connected = True
        try:
            answer = self._ok(await socket.poll(), jsonp_index=jsonp_index)
        except exceptions.QueueEmpty:
            return self._bad_request()
        # For a balancer that has to bring what follows to this worker, and does not read bodies.
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
    """The body of a POST, in the form in which the driver reads it.

    The driver reads `request.content`, whose `read(n)` gives what has arrived so far: a long
    message on polling came in half and was refused.
    """

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def read(self, length: int) -> bytes:
        try:
            return (await self._request.read())[:length]
        except web.HTTPRequestEntityTooLarge as error:  # it came in chunks, without its length
            note_too_large(error.text or "", sid=self._request.query.get("sid", ""))
            raise


def _driver(plain: dict[str, Any], compresses: Callable[[], bool]) -> dict[str, Any]:
    """python-engineio's driver for aiohttp, with bodies read whole."""
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
