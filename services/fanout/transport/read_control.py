"""This module decides when a socket's WebSockets are read."""

import asyncio
from time import monotonic

from padfleet.services.fanout.transport.websocket_connection import Hold, WebSocketConnection
from padfleet.shared import refusals


class ReadControl:
    """Stops and resumes the reading of one socket's WebSockets. There are two while one of them may
    take over from polling, and whatever holds one back holds back the other."""

    __slots__ = ("_connections", "_holds", "_slow_until")

    def __init__(self) -> None:
        self._connections: tuple[WebSocketConnection, ...] = ()
        self._holds = 0  #: the bits of `Hold` that say why they are not read
        self._slow_until = 0.0

    def add(self, connection: WebSocketConnection) -> None:
        """Takes in a WebSocket that the socket has opened, once or more often."""
        if connection not in self._connections:
            self._connections += (connection,)
        connection.hold(self._holds)

    def remove(self, connection: WebSocketConnection) -> None:
        """Forgets a WebSocket that has ended."""
        self._connections = tuple(each for each in self._connections if each is not connection)

    def hold(self, why: int) -> None:
        """Stops reading for this reason, one of `Hold`."""
        self._holds |= why
        for connection in self._connections:
            connection.hold(why)

    def release(self, why: int) -> None:
        """Takes back a reason; without any, reading goes on."""
        self._holds &= ~why
        for connection in self._connections:
            connection.release(why)

    def slow_down(self, wait: float) -> None:
        """Stops reading for this many seconds, because the client sends more than it may."""
        self._slow_until = monotonic() + wait
        if not self._holds & Hold.FAST:
            refusals.LIMITED.labels("messages").inc()
            self.hold(Hold.FAST)
            asyncio.get_running_loop().call_later(wait, self._resume)

    def _resume(self) -> None:
        rest = self._slow_until - monotonic()  # the same read may have brought more
        if rest > 0:
            asyncio.get_running_loop().call_later(rest, self._resume)
        else:
            self.release(Hold.FAST)
