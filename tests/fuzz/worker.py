"""Runs a fan-out worker's inside without network and Redis: real bytes are parsed by the real code.

It goes from the WebSocket's bytes, or the body of a POST, through Engine.IO, Socket.IO and
`Messages` down to where a submission would go into an inbox. There is nothing behind that, since
answers from Redis do not come from strangers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from aiohttp import web
from engineio.exceptions import EngineIOError

from padfleet.services.fanout.collab import handlers
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.limits.allowances import Allowances
from padfleet.services.fanout.limits.connection_quota import ConnectionQuota
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.services.fanout.limits.socket_counts import SocketCounts
from padfleet.services.fanout.requests.commits import Commits
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.messages import Messages
from padfleet.services.fanout.requests.socket_events import SocketEvents
from padfleet.services.fanout.timeslider.requests import Timeslider
from padfleet.services.fanout.transport.engine_socket import EngineSocket
from padfleet.services.fanout.transport.socketio_server import SocketServer, open_server
from padfleet.services.fanout.transport.websocket_connection import WebSocketConnection
from padfleet.services.tools.loadtest.websocket import text_frame
from padfleet.shared.bucket import RateLimit
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.payers import Payer
from padfleet.shared.settings import FanoutSettings
from tests.fuzz.stand_ins import (
    Body,
    Faults,
    StandInDoorway,
    StandInInbox,
    StandInTimeslider,
    Transport,
)

T = TypeVar("T")

LIMIT = 30_000
"""How many bytes a message may have, like `max_message_bytes`."""


@dataclass(eq=False)
class Connection:
    """A client's end, as far as the worker can tell."""

    socket: EngineSocket
    transport: Transport
    line: WebSocketConnection
    polling: bool


class Worker:
    """Serves cases one after the other. Each has a socket of its own, on an own event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._unhandled)
        self._faults = Faults()
        logging.getLogger().setLevel(logging.INFO)
        self._open_ones: list[Connection] = []
        self._sio: SocketServer = self._loop.run_until_complete(self._start())

    async def _start(self) -> SocketServer:
        most = 1_000_000  # nobody may have to wait, since they would wait here
        settings = FanoutSettings(
            max_message_bytes=LIMIT,
            commits_per_second=most,
            joins_per_second=most,
            chats_per_second=most,
            plugin_messages_per_second=most,
            messages_per_second=most,
            plugin_messages="*",
        )
        join_handler = StandInDoorway(settings)
        commits = Commits(cast(InboxWriter, StandInInbox(join_handler)))
        idle_sockets = IdleSockets(to_ask=1e9, idle=1e9)
        messages = Messages(
            cast(JoinHandler, join_handler),
            commits,
            Allowances.of(settings, seldom=RateLimit(most, most, 0.0)),
            idle_sockets,
            handlers(settings.plugin_messages),
            cast(Timeslider, StandInTimeslider()),
        )
        self._join_handler, self._room = join_handler, cast(Room, join_handler.room)
        sio = open_server(settings)
        sio.attach(web.Application())
        self._sockets = SocketEvents(sio, messages, settings.jwt_name)
        self._places = ConnectionQuota(total=0, per_address=most)
        sio.eio.watcher = SocketCounts(self._places, idle_sockets)
        return sio

    def close(self) -> None:
        self._loop.close()

    def websocket(self, chunks: list[bytes]) -> int:
        """Takes the bytes of a WebSocket after its handshake, and returns how many bytes are
        answered.

        Raises AssertionError for anything that must not happen.
        """
        connection = self.open(polling=False)
        for chunk in chunks:
            self.write(connection, chunk)
        self.all_gone()
        return connection.transport.written

    def polling(self, bodies: list[bytes]) -> int:
        """Takes the bodies of POSTs, and returns how many bytes are answered."""
        connection = self.open(polling=True)
        for body in bodies:
            self.write(connection, body)
        size = connection.transport.written
        self.all_gone()
        return size

    # --- One step at a time, for sequences with several connections ------------------------------

    def open(self, *, polling: bool) -> Connection:
        return self._run(self._open(polling))

    def say(self, connection: Connection, packet: str) -> None:
        data = packet.encode("utf-8", "surrogatepass")
        if not connection.polling:
            data = text_frame(data)
        self.write(connection, data)

    @staticmethod
    def frame(packet: str) -> bytes:
        return text_frame(packet.encode())

    @property
    def sessions(self) -> int:
        return len(self._room.sessions)

    @property
    def most_at_once(self) -> int:
        """Returns how many tasks there were at most while somebody was let in."""
        return int(self._join_handler.most_at_once)

    @property
    def unfinished(self) -> int:
        """Returns how many packets wait for attachments."""
        return len(self._sio._binary_packet)

    def write(self, connection: Connection, data: bytes) -> None:
        """Takes a piece of the WebSocket's stream, or the body of a POST."""
        if connection.transport.closed:
            return
        if connection.polling:
            self._run(self._post(connection, data))
        else:
            self._run(self._call(lambda: connection.line.data_received(data)))

    def vanish(self, connection: Connection) -> None:
        """Breaks the client's connection; in reality, the loss of a polling client would be noticed
        later."""
        if connection not in self._open_ones:
            return
        self._open_ones.remove(connection)
        if connection.polling:
            self._run(connection.socket.close(wait=False, abort=True))
        else:
            connection.transport.closed = True
            self._run(self._call(lambda: connection.line.connection_lost(None)))

    def all_gone(self) -> None:
        """Lets everybody leave. Raises AssertionError if anything of them is left."""
        for connection in list(self._open_ones):
            self.vanish(connection)
        assert not self._sio.eio.sockets, "an Engine.IO socket is left"
        assert not self._sockets, "a socket is left"
        assert not self._places._by_address, "a place is taken"
        assert not self._room.sessions, "a session is left"
        assert not self._sio.environ, "an environ is left"
        assert not self._sio._binary_packet, "an unfinished packet is left"
        assert not self._sio.manager._eio_sids, "an entry in the registry is left"

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        async def until_settled() -> T:
            result = await work
            await self._settled()
            return result

        # What another worker of this process logs meanwhile, in another test, is not its fault.
        logging.getLogger().addHandler(self._faults)
        try:
            result = self._loop.run_until_complete(until_settled())
        finally:
            logging.getLogger().removeHandler(self._faults)
        assert not self._faults.found, "\n".join(self._faults.found)
        return result

    async def _open(self, polling: bool) -> Connection:
        eio = self._sio.eio
        sid = eio.generate_id()
        eio.sockets[sid] = socket = EngineSocket(eio, sid, Payer("127.0.0.1"))
        eio.watcher.on_open(socket)
        request = SimpleNamespace(headers={}, query={}, get=lambda _key, default: default)
        await eio._trigger_event("connect", sid, {"aiohttp.request": request}, run_async=False)
        socket.connected = True
        transport = Transport()
        line = WebSocketConnection(cast(asyncio.Transport, transport), socket, LIMIT)
        if not polling:
            socket._move_to(line)
        connection = Connection(socket, transport, line, polling)
        self._open_ones.append(connection)
        return connection

    async def _call(self, work: Callable[[], None]) -> None:
        work()

    async def _post(self, connection: Connection, data: bytes) -> None:
        """Handles a POST as the engine does, which logs what it catches in one line, and then
        answers a poll."""
        environ = {"CONTENT_LENGTH": str(len(data)), "wsgi.input": Body(data)}
        socket = connection.socket
        try:
            await socket.handle_post_request(environ)
        except EngineIOError:
            assert socket.sid in self._sio.eio.sockets, "the engine has no answer then"
            await self._sio.eio.disconnect(socket.sid)
        except Exception:
            self._sio.eio.logger.exception("post request handler error")
        await self._settled()
        if socket.closed:
            connection.transport.closed = True
        elif socket.exit.backlog:
            for frame in await socket.poll():
                connection.transport.write(frame.websocket)

    async def _settled(self) -> None:
        me = asyncio.current_task()
        for _ in range(200):
            others = asyncio.all_tasks() - {me}
            if not others:
                return
            await asyncio.wait(others, timeout=5)
        raise AssertionError(f"tasks go on for good: {asyncio.all_tasks() - {me}}")

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._faults.found.append(f"unhandled in the event loop: {context}")
