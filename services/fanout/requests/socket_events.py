"""This module follows each socket of a worker, from Socket.IO's report that it has connected to
the report that it has disconnected."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refused

from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.auth.tokens import carried
from padfleet.services.fanout.limits.admission import ADDRESS
from padfleet.services.fanout.limits.doorman import COOKIES
from padfleet.services.fanout.presence import resume_token
from padfleet.services.fanout.requests.client_socket import Socket
from padfleet.services.fanout.requests.messages import Messages
from padfleet.services.fanout.transport.engine_socket import EngineSocket
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.socketio_server import EVENT, SocketServer

STOP_DEADLINE = 5.0
"""How many seconds a worker that was asked to stop gives its sockets to close."""


class SocketEvents:
    """Passes on to `messages` what `server` reports about its sockets."""

    def __init__(self, server: SocketServer, messages: Messages, token_name: str) -> None:
        """Takes `token_name`, the name that clients give to the token that they bring."""
        self._server = server
        self._messages = messages
        self._token_name = token_name
        self._sockets: dict[str, Socket] = {}  # by Socket.IO's id
        server.on_connect(self._connect)
        server.on(EVENT, self._message)
        server.on("disconnect", self._disconnect)

    def __len__(self) -> int:
        return len(self._sockets)

    @property
    def ways_out(self) -> list[Outbound]:
        """Returns the ways out to all sockets that are connected now."""
        return [socket.exit for socket in self._sockets.values()]

    async def let_go(self) -> None:
        """Breaks all connections, so that the clients reconnect to other workers, and waits until
        the others on their pads have been notified, for `STOP_DEADLINE` seconds at most."""
        open_ones = list(self._sockets.values())
        for socket in open_ones:
            socket.exit.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_DEADLINE):
                await asyncio.gather(*(socket.gone.wait() for socket in open_ones))

    def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        request: web.Request | None = environ.get("aiohttp.request")
        if request is None:  # it was cleared, see below
            raise Refused("a client that has left comes back over a new connection")
        handshake = Handshake(
            request.get(COOKIES, ""),
            dict(request.query),
            request.get(ADDRESS, ""),
            carried(auth, self._token_name),
        )
        # The libraries keep this as long as the socket lives: 5 KB that nobody reads any more.
        environ.clear()
        manager = self._server.manager
        engine_socket: EngineSocket = self._server.eio.sockets[manager.eio_sid_from_sid(sid, "/")]
        self._sockets[sid] = socket = Socket(
            handshake, engine_socket.exit, engine_socket.intake, resume_token.brought(auth)
        )
        engine_socket.on_ack = socket.acknowledged
        engine_socket.on_message = partial(self._messages.take, socket)

    async def _message(self, sid: str, content: Any = None, *_more: Any) -> Any:
        socket = self._sockets.get(sid)
        return await self._messages.received(socket, content) if socket is not None else None

    async def _disconnect(self, sid: str, _reason: Any = None) -> None:
        socket = self._sockets.pop(sid, None)
        if socket is None:
            return
        # It may have left while its connection was still open, and must not come back over it.
        eio_sid = self._server.manager.eio_sid_from_sid(sid, "/")
        engine_socket: EngineSocket | None = self._server.eio.sockets.get(eio_sid)
        if engine_socket is not None:
            engine_socket.on_message = engine_socket.on_ack = None
        await self._messages.disconnected(socket)
