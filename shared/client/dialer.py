"""This module makes a client's connections: the first one, and another whenever one is lost."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from padfleet.shared.client.backoff import Backoff
from padfleet.shared.client.errors import CannotConnect, ConnectionLost
from padfleet.shared.client.line import PadUrl, SocketIOConnection, Traffic

DIAL_TIMEOUT = 10.0
"""How many seconds one attempt may take, so that a server that hangs does not keep us from the next
one."""

RESUME_TIMEOUT = 30.0
"""For how many seconds a lost connection is tried again."""


@dataclass
class Dialer:
    """Makes connections to a pad, at the first of its addresses that answers."""

    http: aiohttp.ClientSession
    places: list[PadUrl]
    ready: dict[str, Any]  #: CLIENT_READY
    resume: bool
    traffic: Traffic = field(default_factory=Traffic)
    auth: Mapping[str, Any] | None = None  #: for Socket.IO's handshake
    kept: str | None = None  #: kept by the last connection for the next one
    backoff: Backoff = field(default_factory=lambda: Backoff(RESUME_TIMEOUT))
    _next: int = 0
    _up_since: float = 0.0  #: by the event loop's clock

    async def first(self) -> SocketIOConnection:
        """Returns the first connection. Raises `ConnectionLost` when each of the addresses has
        failed once."""
        for _ in self.places[1:]:
            with suppress(ConnectionLost):
                return await self._dial()
        return await self._dial()

    async def redial(self, rev: int, lost: ConnectionLost) -> SocketIOConnection:
        """Makes a connection that continues from `rev`, after one was `lost`. Raises
        `ConnectionLost` when `RESUME_TIMEOUT` has passed since the first unsuccessful attempt."""
        loop = asyncio.get_running_loop()
        failure = ConnectionLost(f"connections are taken, and dropped: {lost}")
        while True:
            pause = self.backoff.pause(loop.time(), random.random())
            if pause is None:
                raise failure
            await asyncio.sleep(pause)
            try:
                line = await self._dial()
            except ConnectionLost as error:
                failure = error
            else:
                await line.send({**self.ready, "client_rev": rev, "reconnect": True})
                return line

    def lost(self) -> None:
        """Records that the last connection that was made is lost."""
        self.backoff.was_up(asyncio.get_running_loop().time() - self._up_since)

    async def _dial(self) -> SocketIOConnection:
        place = self.places[self._next % len(self.places)]
        self._next += 1
        try:
            async with asyncio.timeout(DIAL_TIMEOUT):
                line = await SocketIOConnection.open(
                    self.http, place, self.traffic, self.kept, self.auth
                )
                self._up_since = asyncio.get_running_loop().time()
                return line
        except TimeoutError:
            raise CannotConnect(f"{place.base} does not answer") from None
