"""Carries one direction of a connection through the proxy, and its weather."""

from __future__ import annotations

import asyncio
import random
import socket
from dataclasses import dataclass
from typing import Final

_CHUNK: Final = 64 * 1024
_CHUNKS_HELD: Final = 8  # for each direction of a connection, besides what the kernel holds
_THROTTLE_STEP_S: Final = 0.02
# Linux waits 200 ms for an answer before it repeats the first time, and then twice as long each.
_RETRANSMIT_S: Final = 0.2
_RETRANSMIT_MAX_S: Final = 3.2


@dataclass
class Weather:
    """What the network does in one direction, to all connections."""

    clear: asyncio.Event  #: while it is not set, nothing comes through
    delay: float = 0.0
    jitter: float = 0.0
    bytes_per_s: float = 0.0  #: 0 is no limit
    loss: float = 0.0
    until_reset: int | None = None
    carried: int = 0  #: bytes

    def heal(self) -> None:
        self.delay = self.jitter = self.bytes_per_s = self.loss = 0.0
        self.until_reset = None
        self.clear.set()


class Lane:
    """Reads from one socket and writes to another, as late and as slowly as the weather says."""

    def __init__(
        self, source: socket.socket, sink: socket.socket, weather: Weather, dice: random.Random
    ) -> None:
        self._source = source
        self._sink = sink
        self._weather = weather
        self._dice = dice
        self._held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_HELD)
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Runs until the source ends. Raises OSError when either of them is broken."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take())
            group.create_task(self._give())

    async def _take(self) -> None:
        while True:
            chunk = await self._loop.sock_recv(self._source, _CHUNK)
            late = self._weather.delay + self._dice.uniform(0, self._weather.jitter)
            await self._held.put((self._loop.time() + late, chunk))
            if not chunk:
                return

    async def _give(self) -> None:
        while True:
            due, chunk = await self._held.get()
            # This is a time of arrival and not a pause: several chunks on their way are not delayed
            # one by one.
            await asyncio.sleep(due - self._loop.time())
            stall = _RETRANSMIT_S
            while self._dice.random() < self._weather.loss:
                await asyncio.sleep(stall)
                stall = min(stall * 2, _RETRANSMIT_MAX_S)
            await self._weather.clear.wait()
            if not chunk:
                self._sink.shutdown(socket.SHUT_WR)
                return
            await self._send(memoryview(chunk))

    async def _send(self, rest: memoryview) -> None:
        weather = self._weather
        while rest:
            rate = weather.bytes_per_s
            piece = rest[: max(1, int(rate * _THROTTLE_STEP_S))] if rate else rest
            last = weather.until_reset is not None and len(piece) >= weather.until_reset
            if last:
                piece, weather.until_reset = piece[: weather.until_reset], None
            await self._loop.sock_sendall(self._sink, piece)
            weather.carried += len(piece)
            if last:
                raise ConnectionResetError("as was asked for")
            if weather.until_reset is not None:
                weather.until_reset -= len(piece)
            rest = rest[len(piece) :]
            if rate:
                await asyncio.sleep(len(piece) / rate)
            await weather.clear.wait()
