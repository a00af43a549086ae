"""This module is one Socket.IO connection to a pad, over a WebSocket."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import aiohttp

from padfleet.shared.client.errors import CannotConnect, ConnectionLost, PadError, ProtocolError
from padfleet.shared.client.submission_size import SplitLimits
from padfleet.shared.wire import socketio
from padfleet.shared.wire.jsontext import dumps

HEARTBEAT = 10.0
"""The seconds of silence after which the server is asked for a sign of life; it has half as long to
answer. Engine.IO's own pings would reveal a hung server only after pingInterval + pingTimeout, 45
s."""

CLOSE_TIMEOUT = 2.0
"""How many seconds the server has to close the connection properly."""


@dataclass(frozen=True)
class PadUrl:
    """The parts of a pad's address, ``http://host:port/prefix/p/name``."""

    base: str  #: including the prefix, without ``/p/name``
    pad_id: str

    @classmethod
    def parse(cls, url: str) -> "PadUrl":
        """Parses the address of a pad. Raises `PadError` for anything else."""
        refusal = PadError(f"{url} is not the address of a pad: http://host:port/p/name")
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018  # looked at for its ValueError
        except ValueError:
            raise refusal from None
        prefix, found, name = parts.path.rstrip("/").rpartition("/p/")
        if parts.scheme not in ("http", "https") or not parts.hostname or not found or not name:
            raise refusal
        return cls(f"{parts.scheme}://{parts.netloc}{prefix}", unquote(name))

    def socket(self) -> str:
        """Returns the address of the WebSocket."""
        scheme, _, rest = self.base.partition("://")
        query = f"padId={quote(self.pad_id, safe='')}&EIO=4&transport=websocket"
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/socket.io/?{query}"


@dataclass
class Traffic:
    """Counts of what has been received over the wire."""

    messages: int = 0
    bytes: int = 0  #: of the messages as UTF-8, without the frames around them


class SocketIOConnection:
    """A Socket.IO connection over a WebSocket, which `open` makes."""

    @classmethod
    async def open(
        cls,
        http: aiohttp.ClientSession,
        place: PadUrl,
        traffic: Traffic,
        kept: str | None = None,
        auth: Mapping[str, Any] | None = None,
    ) -> "SocketIOConnection":
        """Connects to the pad.

        Arguments:
            kept: what the previous connection kept for this one.
            auth: an object that is sent with Socket.IO's handshake, for access control.

        Raises `CannotConnect`, `ConnectionLost` if the server takes the connection and drops it,
        and `PadError` if it refuses it.
        """
        try:
            connection = await http.ws_connect(
                place.socket(),
                max_msg_size=0,
                heartbeat=HEARTBEAT,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT),
            )
        except (aiohttp.ClientError, OSError) as error:
            raise CannotConnect(f"cannot connect to {place.base}: {error}") from error
        line = cls(connection, traffic, kept)
        try:
            await line._greet(auth or {})
        except BaseException:
            line.cut()
            await line.close()
            raise
        return line

    def __init__(
        self, connection: aiohttp.ClientWebSocketResponse, traffic: Traffic, kept: str | None
    ) -> None:
        self.kept = kept
        """What is sent to the server when reconnecting. As in Socket.IO's own client, it is the
        last argument of the last event whose last argument was a string."""
        self.max_payload = 0
        """The longest packet that the server accepts, in bytes; 0 if it does not say."""
        self._socket = connection
        self._traffic = traffic
        self._owed: int | None = None

    @property
    def split_limits(self) -> SplitLimits | None:
        """Returns what the server accepts in one submission, if it says so."""
        return SplitLimits(self.max_payload) if self.max_payload > 0 else None

    async def send(self, message: dict[str, Any]) -> None:
        """Sends a message if the connection is still there. If not, `next_message` will report
        it."""
        await self._send(socketio.encode_event("message", message))

    async def _send(self, text: str) -> None:
        with suppress(ConnectionError):  # the reading side will report it
            await self._socket.send_str(text)

    async def _greet(self, auth: Mapping[str, Any]) -> None:
        said = dict(auth) if self.kept is None else {**auth, "offset": self.kept}
        await self._send(socketio.CONNECT + (dumps(said) if said else ""))
        while True:
            match await self._next_packet():
                case socketio.OpenPacket(max_payload=most):
                    self.max_payload = most
                case socketio.ConnectPacket():
                    return
                case socketio.ConnectErrorPacket(reason):
                    raise PadError(f"the server refuses the connection: {reason}")
                case socketio.ClosePacket():
                    raise ConnectionLost("the server has closed the connection")

    async def next_message(self) -> dict[str, Any]:
        """Returns the server's next message. Raises `ConnectionLost`, or `ProtocolError`."""
        while True:
            match await self._next_packet():
                case socketio.Event("message", [dict(message)], ack_id):
                    self._owed = ack_id
                    return message
                case socketio.Event(_, [*_, str(kept)]):
                    self.kept = kept
                case socketio.ClosePacket():
                    raise ConnectionLost("the server has closed the connection")

    async def acknowledge(self) -> None:
        """Reports that the last message has been handled, if the server asked for that."""
        owed, self._owed = self._owed, None
        if owed is not None:
            await self._send(socketio.encode_ack(owed))

    def cut(self) -> None:
        """Breaks the connection without closing it properly."""
        mine = self._socket.get_extra_info("socket")
        if mine is None or mine.fileno() < 0:  # it is broken already
            return
        # A copy of the descriptor, because the socket that uvloop provides cannot be shut down.
        with suppress(OSError), socket.socket(fileno=os.dup(mine.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Closes the connection. The server has `CLOSE_TIMEOUT` seconds to answer."""
        await self._socket.close()

    async def _next_packet(self) -> socketio.Packet:
        """Returns the next packet that is not a ping. Pings are answered."""
        while True:
            received = await self._socket.receive()
            if received.type is aiohttp.WSMsgType.BINARY:
                raise ProtocolError("binary packet")
            if received.type is not aiohttp.WSMsgType.TEXT:
                raise ConnectionLost(_lost(received))
            text: str = received.data
            self._traffic.messages += 1
            self._traffic.bytes += len(text) if text.isascii() else len(text.encode())
            try:
                packet = socketio.decode(text)
            except socketio.BadPacket as error:
                raise ProtocolError(str(error)) from error
            if not isinstance(packet, socketio.PingPacket):
                return packet
            await self._send(f"{socketio.PONG}{packet.data}")


def _lost(received: aiohttp.WSMessage) -> str:
    why = received.extra if received.type is aiohttp.WSMsgType.CLOSE else ""
    return f"the server has closed the connection: {why}" if why else "the connection was lost"
