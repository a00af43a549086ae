"""The one way out to a session's socket.

Everything that a session receives passes here, in one order. What is behind it, today Engine.IO's
queue for the socket, is nobody else's business.
"""

import asyncio
from typing import Any

from engineio.packet import CLOSE, Packet


class ExitClosed(Exception):
    """The socket is gone; nothing was sent."""


class Exit:
    """Sends packets to one socket, whichever transport it is on at the moment."""

    def __init__(self, eio_socket: Any) -> None:
        # An engineio.async_socket.AsyncSocket. Its own `send` is a coroutine that cannot fail part
        # of the way; a flush has to be one step, so packets are put in its queue directly.
        self._socket = eio_socket
        self._closing: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        return bool(self._socket.closed or self._socket.closing or self._closing)

    def write(self, packet: Packet) -> None:
        """Takes the packet for good, or raises `ExitClosed`."""
        if self.closed:
            raise ExitClosed
        self._socket.queue.put_nowait(packet)

    def release(self) -> None:
        """The client has gone. A poll of its that still is open must not wait for its end."""
        if not self._socket.upgraded:
            self._socket.queue.put_nowait(None)

    def drop(self) -> None:
        """Breaks the connection, so that the client connects again and resumes.

        Not Socket.IO's disconnect: a client that is told to leave does not come back by itself.
        """
        if self.closed:
            return
        # The end mark makes the writer of a WebSocket close it; a poll gets the close packet.
        self._socket.queue.put_nowait(None if self._socket.upgraded else Packet(CLOSE))
        self._closing = asyncio.create_task(self._socket.close(wait=False, abort=True))
