"""Simulates people on Etherpad's own page, as docs/protocol.md describes it: it polls first and
then uses a WebSocket, has one commit in flight and at most two per second, and reloads for any
`disconnect`.

Such a page skips a revision that does not follow, and is stuck from then on: a `Typist` gives up
then, and the judge reports it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import socketio

from tests.chaos.history import Line
from tests.chaos.history.hearing import heard_in, tell
from tests.chaos.history.typist import Typist

APART: Final = 0.5
"""How many seconds pass at least between two commits of a page."""

SLOW_COMMIT: Final = 20.0
"""A page gives up after this many seconds without an answer, and asks for a reload."""

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 5.0
"""How many seconds pass at most before a page tries again."""

ATTEMPTS: Final = 5
"""A page asks for a reload after this many tries."""

GREETING: Final = 10.0


class PageTypist(Typist):
    """Types as fast as anybody, and submits as a page does."""

    _sent = float("-inf")

    def next_submission(self) -> dict[str, Any] | None:
        now = self._clock()
        if now - self._sent < APART:
            return None  # `Page` asks again
        data = super().next_submission()
        if data is not None:
            self._sent = now
        return data

    @property
    def waits_for(self) -> float:
        """Returns the seconds since the submission in flight was sent, or 0 if there is none."""
        return self._clock() - self._sent if self._in_flight is not None else 0.0


class Page:
    """Keeps typists connected, for `Typists`."""

    def __init__(self, urls: list[str], dice: random.Random) -> None:
        self.faults: list[str] = []
        self.upgraded = 0  #: connections that began by polling and became WebSockets
        self._urls = urls
        self._dice = dice

    async def stay(self, typist: Typist, speaks: Callable[[Typist, Line], None]) -> None:
        assert isinstance(typist, PageTypist)
        failures, place = 0, self._dice.randrange(len(self._urls))
        while True:
            why = await self._once(typist, speaks, self._urls[place % len(self._urls)])
            # A page that was told to go is reloaded, and begins to count anew.
            failures = 0 if typist.connected or typist.gone is not None else failures + 1
            if typist.gone is None:
                typist.connection_lost(why)
            if failures > ATTEMPTS:
                # It has used up its attempts: the page asks for a reload.
                typist.told_to_leave("reconnect_failed")
                failures = 0
            place += 1
            pause = min(FIRST_PAUSE * 2**failures, LONGEST_PAUSE)
            await asyncio.sleep(pause * self._dice.uniform(0.5, 1.5))

    async def _once(
        self, typist: PageTypist, speaks: Callable[[Typist, Line], None], url: str
    ) -> str:
        """Makes one connection, from its beginning to its end, and returns why it ended."""
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def end(why: object = "disconnected") -> None:
            if not ended.done():
                ended.set_result(str(why))

        client = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        line = _Line(client, end)

        def hears(message: Any) -> None:
            try:
                for heard in heard_in(message):
                    tell(typist, heard)
            except (LookupError, TypeError) as error:
                self.faults.append(f"{typist.name} was sent {str(message)[:200]}: {error!r}")
            if typist.gone is not None:
                end(typist.gone)

        client.on("message", hears)
        client.on("*", lambda _event, *args: _keep(typist, args))
        client.on("disconnect", lambda *why: end(why or "disconnected"))
        watching = asyncio.create_task(self._watch(typist, line, end))
        try:
            async with asyncio.timeout(GREETING):
                address = f"{url}/?padId={typist.recording.pad}"
                auth = None if typist.kept is None else {"offset": typist.kept}
                await client.connect(address, auth=auth, transports=["polling", "websocket"])
            self.upgraded += client.transport() == "websocket"
            speaks(typist, line)
            await client.emit("message", typist.connection_made(url))
            return await ended
        except (socketio.exceptions.SocketIOError, OSError, TimeoutError) as error:
            return f"not connected: {error}"
        except RuntimeError as error:
            # aiohttp raises it if an answer's connection has closed before its body was asked for.
            if str(error) != "Connection closed.":
                raise
            return f"not connected: {error}"
        finally:
            watching.cancel()
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await client.disconnect()

    @staticmethod
    async def _watch(typist: PageTypist, line: _Line, end: Callable[[object], None]) -> None:
        """Commits what is due, and gives up what takes too long."""
        while True:
            await asyncio.sleep(APART)
            if not typist.connected:
                continue
            if typist.waits_for > SLOW_COMMIT:
                typist.told_to_leave("slowcommit")
                end("slowcommit")
            elif (data := typist.next_submission()) is not None:
                line.send(data)


def _keep(typist: PageTypist, args: tuple[Any, ...]) -> None:
    """Keeps the last text of an event, as Socket.IO's own client does."""
    if args and isinstance(args[-1], str):
        typist.kept = args[-1]


class _Line:
    """The connection through which a typist speaks."""

    def __init__(self, client: Any, end: Callable[[object], None]) -> None:
        self._client = client
        self._end = end
        self._saying: set[asyncio.Task[None]] = set()

    def send(self, data: dict[str, Any]) -> None:
        message = {"type": "COLLABROOM", "component": "pad", "data": data}
        task = asyncio.ensure_future(self._say(message))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _say(self, message: dict[str, Any]) -> None:
        try:
            await self._client.emit("message", message)
        except socketio.exceptions.SocketIOError as error:
            self._end(error)

    def abort(self) -> None:
        self._end("it went away")
