"""One Socket.IO connection to a pad, over a WebSocket."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import aiohttp

from shared.client.collaborator import ProtocolError
from shared.wire import socketio


class PadError(Exception):
    """The pad cannot be used; the text says why, for a person."""


class Disconnected(PadError):
    """The server told this client to leave; `reason` is Etherpad's word for why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the server ended the session: {reason}")
        self.reason = reason


class ConnectionLost(PadError):
    """The connection broke; whether the server still lives is not known."""


@dataclass(frozen=True)
class PadUrl:
    """``http://host:port/prefix/p/name``, taken apart."""

    base: str  #: with the prefix, without ``/p/name``
    pad_id: str

    @classmethod
    def parse(cls, url: str) -> "PadUrl":
        """Raises `PadError` for what is no address of a pad."""
        parts = urlsplit(url)
        prefix, found, name = parts.path.rpartition("/p/")
        if parts.scheme not in ("http", "https") or not parts.netloc or not found or not name:
            raise PadError(f"{url} is not the address of a pad: http://host:port/p/name")
        return cls(f"{parts.scheme}://{parts.netloc}{prefix}", unquote(name.rstrip("/")))

    def socket(self) -> str:
        scheme, _, rest = self.base.partition("://")
        query = f"padId={quote(self.pad_id, safe='')}&EIO=4&transport=websocket"
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/socket.io/?{query}"


@dataclass
class Traffic:
    """What has come over the wire."""

    messages: int = 0
    bytes: int = 0


class Line:
    """One Socket.IO connection over a WebSocket."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse, traffic: Traffic) -> None:
        self._socket = connection
        self._traffic = traffic

    async def send(self, message: dict[str, Any]) -> None:
        with suppress(ConnectionError):  # the reading side will say that it is gone
            await self._socket.send_str(socketio.encode_event("message", message))

    async def greet(self) -> None:
        """Joins the namespace. Raises `PadError` if the server does not want us."""
        await self._socket.send_str(socketio.CONNECT)
        while True:
            match await self._next_packet():
                case socketio.Connected():
                    return
                case socketio.Refused(reason):
                    raise PadError(f"the server refuses the connection: {reason}")

    async def next_message(self) -> dict[str, Any]:
        while True:
            match await self._next_packet():
                case socketio.Event("message", [dict(message)]):
                    return message
                case socketio.Closed():
                    raise ConnectionLost("the server has closed the connection")

    def cut(self) -> None:
        with suppress(OSError):  # it is broken already
            self._socket.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        await self._socket.close()

    async def _next_packet(self) -> socketio.Packet:
        """The next packet; pings are answered on the way."""
        while True:
            received = await self._socket.receive()
            if received.type is not aiohttp.WSMsgType.TEXT:
                raise ConnectionLost("the connection was lost")
            self._traffic.messages += 1
            self._traffic.bytes += len(received.data)
            try:
                packet = socketio.decode(received.data)
            except socketio.BadPacket as error:
                raise ProtocolError(str(error)) from error
            if not isinstance(packet, socketio.Ping):
                return packet
            with suppress(ConnectionError):
                await self._socket.send_str(f"{socketio.PONG}{packet.data}")
