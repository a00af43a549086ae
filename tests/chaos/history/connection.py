"""A typist on a socket: one WebSocket from the first byte to the last.

On the rig's frame reader and not on `shared.client.line`: aiohttp takes several times as long for
a frame as all else that is done with it, and a hundred typists share one core.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from padfleet.services.tools.loadtest.target import Target
from padfleet.services.tools.loadtest.websocket import (
    FrameReader,
    LoadSocketError,
    Upgrade,
    pong,
    text_frame,
)
from padfleet.shared.wire import socketio
from tests.chaos.history.hearing import Greeted, Heard, Hearing, Nonsense, Opened, tell
from tests.chaos.history.typist import Typist

DIAL_TIMEOUT = 10.0
"""Seconds from connecting to Socket.IO's greeting."""

OnReady = Callable[[Typist, "Connection"], None]


class CannotConnect(Exception):
    """Nobody there, or nobody who answers; the text says which."""


class Connection(asyncio.Protocol):
    """Made by `dial`."""

    def __init__(self, typist: Typist, target: Target, hearing: Hearing, on_ready: OnReady) -> None:
        """`on_ready` is called before CLIENT_READY goes out: from then on, the typist's submissions
        go here."""
        loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()  #: why
        self._typist = typist
        self._target = target
        self._hearing = hearing
        self._on_ready = on_ready
        self._upgrade = Upgrade()
        self._frames = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._heard_at = loop.time()
        self._watch: asyncio.TimerHandle | None = None

    def send(self, data: dict[str, Any]) -> None:
        """The `data` of a COLLABROOM message."""
        self._say(
            socketio.encode_event(
                "message", {"type": "COLLABROOM", "component": "pad", "data": data}
            )
        )

    def leave(self) -> None:
        """Goes away without a word."""
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is one in all but its bases.
        self._transport = cast(asyncio.Transport, transport)
        request = self._target.request(self._typist.recording.pad)
        self._transport.write(self._upgrade.request(self._target.authority, request))

    def data_received(self, data: bytes) -> None:
        if self.ended.done():
            return
        self._heard_at = asyncio.get_running_loop().time()
        try:
            if not self._upgrade.done:
                data = self._upgrade.feed(data)
            messages = self._frames.feed(data)
        except LoadSocketError as error:
            self._end(str(error))
            return
        read = self._hearing.read
        for message in messages:
            for heard in read(message):
                self._take(heard)
            if self.ended.done():
                return
        for payload in self._frames.pings:
            self._write(pong(payload))
        self._frames.pings.clear()
        submission = self._typist.next_submission()
        if submission is not None:
            self.send(submission)
        if self._frames.closed is not None:
            self._end(f"closed with code {self._frames.closed}")

    def connection_lost(self, error: Exception | None) -> None:
        self._end(f"connection lost: {error}" if error else "connection lost")
        self._transport = None

    # --- Messages --------------------------------------------------------------------------------

    def _take(self, heard: Heard) -> None:
        match heard:
            case socketio.PingPacket(data):
                self._say(f"{socketio.PONG}{data}")
            case Opened(silence):
                self._say(socketio.CONNECT)
                self._look(silence)
            case Greeted():
                self._on_ready(self._typist, self)
                ready = self._typist.connection_made(self._target.url)
                self._say(socketio.encode_event("message", ready))
                if not self.greeted.done():
                    self.greeted.set_result(None)
            case Nonsense(why):
                self._end(why)
            case socketio.ClosePacket():
                self._end("the server has closed the connection")
            case _:
                tell(self._typist, heard)
                if self._typist.gone is not None:
                    self._end(f"told {self._typist.gone}")

    def _look(self, silence: float) -> None:
        """A page takes a connection for dead that has been silent for so long (Engine.IO's
        pingInterval and pingTimeout together)."""
        loop = asyncio.get_running_loop()
        left = self._heard_at + silence - loop.time()
        if left <= 0:
            self._end(f"nothing came for {silence:g} s")
        else:
            self._watch = loop.call_later(left, self._look, silence)

    def _say(self, packet: str) -> None:
        self._write(text_frame(packet.encode()))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _end(self, why: str) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if not self.ended.done():
            self.ended.set_result(why)
        if not self.greeted.done():
            self.greeted.set_exception(CannotConnect(why))
            self.greeted.exception()  # nobody may be waiting for it any more
        if self._transport is not None:
            self._transport.abort()


async def dial(typist: Typist, url: str, hearing: Hearing, on_ready: OnReady) -> Connection:
    """A connection on which CLIENT_READY has been sent. Raises `CannotConnect`."""
    target = Target.parse(url)
    connection = Connection(typist, target, hearing, on_ready)
    try:
        async with asyncio.timeout(DIAL_TIMEOUT):
            await asyncio.get_running_loop().create_connection(
                lambda: connection, target.host, target.port
            )
            await connection.greeted
    except TimeoutError:
        connection.leave()
        raise CannotConnect(f"{url} does not answer within {DIAL_TIMEOUT:g} s") from None
    except OSError as error:
        raise CannotConnect(f"{url}: {error.strerror or error}") from error
    except BaseException:
        connection.leave()
        raise
    return connection
