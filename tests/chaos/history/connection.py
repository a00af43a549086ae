"""Puts a typist on a socket: one WebSocket from the first byte to the last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from padfleet.services.tools.loadtest.client_socket import ClientSocket
from padfleet.services.tools.loadtest.target import LoadTarget
from padfleet.shared.wire import socketio
from padfleet.shared.wire.jsontext import dumps
from tests.chaos.history.hearing import Greeted, Heard, Hearing, Nonsense, Opened, Refused, tell
from tests.chaos.history.typist import Typist

DIAL_TIMEOUT = 10.0
"""How many seconds may pass from connecting to Socket.IO's greeting."""

OnReady = Callable[[Typist, "Connection"], None]


class CannotConnect(Exception):
    """There is nobody, or nobody who answers; the text says which."""


class Connection(ClientSocket):
    """A typist's connection, which `dial` makes."""

    def __init__(
        self, typist: Typist, target: LoadTarget, hearing: Hearing, on_ready: OnReady
    ) -> None:
        """Takes the typist and its target. `on_ready` is called before CLIENT_READY is sent: from
        then on, the typist's submissions go over this connection."""
        super().__init__(target, typist.recording.pad, hearing.inflater)
        loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.end: asyncio.Future[str] = loop.create_future()  #: resolves to the reason for the end
        self._typist = typist
        self._hearing = hearing
        self._on_ready = on_ready
        self._heard_at = loop.time()
        self._watch: asyncio.TimerHandle | None = None

    def send(self, data: dict[str, Any]) -> None:
        """Sends a COLLABROOM message with this `data`."""
        self.say(
            socketio.encode_event(
                "message", {"type": "COLLABROOM", "component": "pad", "data": data}
            )
        )

    # --- What comes ------------------------------------------------------------------------------

    def messages(self, texts: list[bytes], size: int) -> None:
        if self.end.done():
            return
        self._heard_at = asyncio.get_running_loop().time()
        read = self._hearing.read
        for text in texts:
            for heard in read(text):
                self._take(heard)
            if self.end.done():
                return
        submission = self._typist.next_submission()
        if submission is not None:
            self.send(submission)

    def _take(self, heard: Heard) -> None:
        match heard:
            case socketio.PingPacket(data):
                self.say(f"{socketio.PONG}{data}")
            case Opened(silence):
                kept = self._typist.kept
                self.say(socketio.CONNECT + ("" if kept is None else dumps({"offset": kept})))
                self._look(silence)
            case Greeted():
                self._on_ready(self._typist, self)
                ready = self._typist.connection_made(self._target.url)
                self.say(socketio.encode_event("message", ready))
                if not self.greeted.done():
                    self.greeted.set_result(None)
            case Refused(why) | Nonsense(why):
                self.ended(why)
            case socketio.ClosePacket():
                self.ended("the server has closed the connection")
            case _:
                tell(self._typist, heard)
                if self._typist.gone is not None:
                    self.ended(f"told {self._typist.gone}")

    def _look(self, silence: float) -> None:
        """Ends the connection after so long a silence, as a page does (Engine.IO's pingInterval and
        pingTimeout together)."""
        loop = asyncio.get_running_loop()
        left = self._heard_at + silence - loop.time()
        if left <= 0:
            self.ended(f"nothing came for {silence:g} s")
        else:
            self._watch = loop.call_later(left, self._look, silence)

    def ended(self, why: str) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if not self.end.done():
            self.end.set_result(why)
        if not self.greeted.done():
            self.greeted.set_exception(CannotConnect(why))
            self.greeted.exception()  # nobody may be waiting for it any more
        self.abort()


async def dial(typist: Typist, url: str, hearing: Hearing, on_ready: OnReady) -> Connection:
    """Returns a connection on which CLIENT_READY has been sent. Raises `CannotConnect`."""
    target = LoadTarget.parse(url)
    connection = Connection(typist, target, hearing, on_ready)
    try:
        async with asyncio.timeout(DIAL_TIMEOUT):
            await asyncio.get_running_loop().create_connection(
                lambda: connection, target.host, target.port
            )
            await connection.greeted
    except TimeoutError:
        connection.abort()
        raise CannotConnect(f"{url} does not answer within {DIAL_TIMEOUT:g} s") from None
    except OSError as error:
        raise CannotConnect(f"{url}: {error.strerror or error}") from error
    except BaseException:
        connection.abort()
        raise
    return connection
