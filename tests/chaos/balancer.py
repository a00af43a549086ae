"""Implements a load balancer as people put before workers: new connections go to one that says it
is ready.

It looks at `/health/ready` as HAProxy or an ingress does, tries another worker when one refuses,
and keeps a polling client on one worker. It recognises such clients by the query parameter
`client`. Balancers mostly go by address, but all clients of a test have the same one.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, cast
from urllib.parse import urlsplit

from tests.eventually import eventually

LOOK_S: Final = 0.2
ANSWER_S: Final = 2.0
CHUNK: Final = 64 * 1024

_CLIENT: Final = re.compile(rb"[?&]client=([^& ]+)")

Place = tuple[str, int]


class Balancer:
    """``async with Balancer(urls) as balancer``: it listens at `balancer.url`."""

    def __init__(self, urls: Sequence[str]) -> None:
        parts = [urlsplit(url) for url in urls]
        self._places: list[Place] = [(part.hostname or "", part.port or 80) for part in parts]
        self._ready: set[Place] = set()
        self._links: dict[_Far, Place] = {}  # connections that are open
        self._kept: dict[bytes, Place] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Balancer:
        self._tasks = {asyncio.create_task(self._look(place)) for place in self._places}
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Near(self._begin), "127.0.0.1", 0)
        await eventually(lambda: self._ready == set(self._places), "all workers are ready")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for far in list(self._links):
            far.cut()

    async def _look(self, place: Place) -> None:
        while True:
            if await _is_ready(place):
                self._ready.add(place)
            else:
                self._ready.discard(place)
            await asyncio.sleep(LOOK_S)

    def _begin(self, near: _Near) -> None:
        task = asyncio.create_task(self._connect(near))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, near: _Near) -> None:
        """Passes the connection on, or cuts it if no worker takes it."""
        found = _CLIENT.search(bytes(near.head).partition(b"\r\n")[0])
        client = found[1] if found else b""
        for place in self._choices(client):
            if await self._pass_on(near, place):
                self._kept[client] = place
                return
        near.cut()

    async def _pass_on(self, near: _Near, place: Place) -> bool:
        far = _Far(near, self._links)
        # This comes before the connection is made: of many that come at once, each has to see the
        # others.
        self._links[far] = place
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, *place)
        except OSError:
            del self._links[far]
            return False
        return True

    def _choices(self, client: bytes) -> list[Place]:
        """Returns the worker that the client has been with, and then the ready ones, idle ones
        first."""
        carried = Counter(self._links.values())
        ready = sorted(self._ready, key=lambda place: carried[place])
        kept = self._kept.get(client)
        return [kept, *ready] if kept in self._ready and client else ready


class _Side(asyncio.Protocol):
    """One end of a connection through the balancer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class _Near(_Side):
    """The client's end, which keeps incoming data until it is known which worker gets it."""

    def __init__(self, begin: Callable[[_Near], None]) -> None:
        super().__init__()
        self.head = bytearray()
        self._begin: Callable[[_Near], None] | None = begin

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        self.head += data
        if self._begin is not None and b"\r\n" in self.head:
            begin, self._begin = self._begin, None
            begin(self)


class _Far(_Side):
    """The worker's end."""

    def __init__(self, near: _Near, links: dict[_Far, Place]) -> None:
        """Takes the client's end, and `links`, from which it removes itself when it ends."""
        super().__init__()
        self.other = near
        self._links = links

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(self.other, _Near)
        self.other.other = self
        cast(asyncio.Transport, transport).write(bytes(self.other.head))
        if self.other.transport is None:
            transport.close()  # the client has not waited

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._links.pop(self, None)


async def _is_ready(place: Place) -> bool:
    writer = None
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(*place)
            writer.write(
                b"GET /health/ready HTTP/1.1\r\nHost: balancer\r\nConnection: close\r\n\r\n"
            )
            return b" 200 " in await reader.readline()
    except (OSError, TimeoutError):
        return False
    finally:
        if writer is not None:
            writer.close()
