"""Runs the simulated server on a true socket, in a thread, for tests that compare it with a true
server."""

from __future__ import annotations

import asyncio
import random
import threading
from types import TracebackType

from tests.world.redis.server import Server


class Beside:
    """The running server, as `with Beside() as url:`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.server = Server(self._loop, random.Random(0), "beside")
        self._listener: asyncio.Server | None = None

    def __enter__(self) -> str:
        self._thread.start()
        opening = self._loop.create_server(self.server.connection, "127.0.0.1", 0)
        self._listener = asyncio.run_coroutine_threadsafe(opening, self._loop).result()
        return f"redis://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        async def close() -> None:
            assert self._listener is not None
            self._listener.close()
            self.server.hang_up()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
