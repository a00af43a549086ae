"""This module is Engine.IO's server as a worker needs it: python-engineio, with leaner sockets.

The library keeps the protocol: the handshake, polling and the checks of requests. The two ends of a
socket are ours. For sending there is `Outbound`, instead of a queue and a task that empties it. For
receiving there is `WebSocketConnection`, which makes a call for each message, instead of a task
that waits for the next one. This reduced the memory of an idle WebSocket from 31 KB to 8 KB.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import engineio
from aiohttp import web
from engineio import exceptions

from padfleet.services.fanout.limits.admission import ADDRESS
from padfleet.services.fanout.transport.disconnect_turns import DisconnectTurns
from padfleet.services.fanout.transport.engine_socket import EngineSocket
from padfleet.services.fanout.transport.heartbeat import Heartbeat
from padfleet.services.fanout.transport.packets import Frame
from padfleet.services.fanout.transport.pollbody import PollBody, poll_response
from padfleet.services.fanout.transport.post_body import WholeBody
from padfleet.shared.bucket import RateLimit
from padfleet.shared.payers import payer_of
from padfleet.shared.tasks import awaited
from padfleet.shared.wire.jsontext import dumps

SID_HEADER = "X-Engine-Sid"


class SocketWatcher(Protocol):
    """The interface of an object that is called when a socket has been opened or closed."""

    def on_open(self, socket: EngineSocket) -> None: ...
    def on_close(self, socket: EngineSocket) -> None: ...


class _Nobody:
    """A watcher that does nothing, for servers whose sockets nobody counts."""

    def on_open(self, socket: EngineSocket) -> None:
        pass

    def on_close(self, socket: EngineSocket) -> None:
        pass


class EngineServer(engineio.AsyncServer):  # type: ignore[misc]
    """Creates `EngineSocket`s, and keeps pinging them."""

    _async: dict[str, Any]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async = _driver(self._async, lambda: self.compression)
        self.heartbeat = Heartbeat(
            self.sockets.get, interval=self.ping_interval, timeout=self.ping_timeout
        )
        """The heartbeat of all sockets, which the owner of the server has to run."""

        self.websockets = 0  #: the number of WebSockets, including those that only probe
        self.pace = RateLimit(1e9, 1e9, 1.0)  #: how fast each socket is read
        self.compression = False  #: whether it is on, for clients that offer it
        self.watcher: SocketWatcher = _Nobody()
        self.connects: Callable[[EngineSocket], bool] = lambda _: False
        """Lets in a client of Socket.IO that brings nothing, or returns False."""
        self.disconnects = DisconnectTurns()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._handshakes: dict[str, bytes] = {}

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs `work` as a task of a socket, which checks how the task ends."""
        task = awaited(work, "socket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def deliver(self, sid: str, data: Any) -> None:
        """Hands a message over to Socket.IO. The library would only log what this raises."""
        await self.handlers["message"](sid, data)

    def remove(self, socket: EngineSocket) -> None:
        if self.sockets.pop(socket.sid, None) is not None:
            self.watcher.on_close(socket)

    def create_queue(self, *args: Any, **kwargs: Any) -> None:
        """Creates no queue, because everything that a socket sends goes through its `Outbound`."""

    async def handle_request(self, request: web.Request) -> Any:
        """Serves a request for a socket. One that opens a WebSocket for a new socket, as most do,
        does without most of what the library would read of it first."""
        if not _opens_websocket(request):
            return await super().handle_request(request)
        socket = await self._open_socket({"aiohttp.request": request}, "websocket")
        answer = socket.open_websocket(request)
        if not socket.connected:
            # This is not a valid handshake. The socket would be left to the heartbeat.
            await socket.close(wait=False, abort=True)
        return answer

    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None
    ) -> Any:
        if transport == "websocket":
            # The library does without this header, and then takes the request for a poll.
            return self._bad_request("Connection: Upgrade is missing")
        socket = await self._open_socket(environ, transport)
        socket.connected = True
        try:
            answer = self._ok(await socket.poll(), jsonp_index=jsonp_index)
        except exceptions.QueueEmpty:
            return self._bad_request()
        # The header is for a balancer that has to route later requests to this worker, and does
        # not read bodies.
        answer["headers"].append((SID_HEADER, socket.sid))
        return answer

    async def _open_socket(self, environ: dict[str, Any], transport: str) -> EngineSocket:
        sid = self.generate_id()
        request: web.Request = environ["aiohttp.request"]
        address = request.get(ADDRESS, request.remote or "")
        self.sockets[sid] = socket = EngineSocket(self, sid, payer_of(address))
        self.watcher.on_open(socket)
        if transport not in self._handshakes:
            self._handshakes[transport] = self._handshake(sid, transport)
        socket.write(Frame(b'0{"sid":"%b",%b' % (sid.encode(), self._handshakes[transport])))
        await self._trigger_event("connect", sid, environ, run_async=False)
        socket.schedule_ping()
        return socket

    def _handshake(self, sid: str, transport: str) -> bytes:
        """Returns all that a new socket is told after its id, which is the same for all new sockets
        with this transport."""
        told = {
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        return dumps(told).encode()[1:]

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


def _opens_websocket(request: web.Request) -> bool:
    """Returns whether the request opens a WebSocket for a new socket, and is of the version that we
    speak. Whatever else may come is the library's to read."""
    query, headers = request.query, request.headers
    if request.method != "GET" or "sid" in query or query.getall("EIO", ()) != ["4"]:
        return False
    return (
        query.get("transport") == "websocket"
        and headers.get("Upgrade", "").lower() == "websocket"
        and _says_upgrade(headers.getall("Connection", ()))
    )


def _says_upgrade(connection: Sequence[str]) -> bool:
    words = ",".join(connection).lower().split(",")
    return any(word.strip() == "upgrade" for word in words)


def _driver(plain: dict[str, Any], compresses: Callable[[], bool]) -> dict[str, Any]:
    """Returns python-engineio's driver for aiohttp, changed so that it reads bodies whole."""
    translate = plain["translate_request"]

    def translate_request(request: web.Request) -> dict[str, Any]:
        environ: dict[str, Any] = translate(request)
        environ["wsgi.input"] = WholeBody(request)
        return environ

    return {
        **plain,
        "translate_request": translate_request,
        "make_response": poll_response(plain["make_response"], compresses),
    }
