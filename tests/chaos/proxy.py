"""Runs a TCP proxy whose network can be broken, on purpose and while it runs.

    with TcpProxy(server.port) as proxy:
        client = redis.Redis(port=proxy.port)
        proxy.blackhole()   # connections look open, and nothing comes through
        proxy.heal()        # what was held goes on its way

It runs in a thread of its own, so that tests of any style can use it; every method may be called
from any other thread and has taken effect when it returns. Data on its way is bounded, so a
receiver that does not read still holds up its sender.

The thread shares the interpreter with the test: it is for breaking things, not for measuring
throughput.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from padfleet.shared.lifetime import Lifetime
from tests.chaos.lane import Lane, Weather

Direction = Literal["both", "to_target", "to_client"]
_OneWay = Literal["to_target", "to_client"]
_LANES: Final[tuple[_OneWay, ...]] = ("to_target", "to_client")

HOST: Final = "127.0.0.1"

_CONTROL_S: Final = 10.0
_RESET: Final = struct.pack("ii", 1, 0)  # linger for no time: close() sends RST and not FIN


@dataclass(eq=False)
class _Link:
    """One connection through the proxy."""

    client: socket.socket
    target: socket.socket | None = None
    task: asyncio.Task[None] | None = None
    ended: bool = False  #: ended by both ends, and not by a reset


class TcpProxy(Lifetime):
    """Passes connections on to `target_port` until it is told to do something worse."""

    def __init__(
        self,
        target_port: int,
        *,
        target_host: str = HOST,
        host: str = HOST,
        port: int = 0,
        seed: int = 0,
    ) -> None:
        """Takes the target, and the address to listen at, on a free port unless one is given.
        `seed` makes jitter and loss repeatable."""
        self._target = (target_host, target_port)
        self._host = host
        self._dice = random.Random(seed)
        self._weather = {way: Weather(asyncio.Event()) for way in _LANES}
        self._links: set[_Link] = set()
        self._accepted = 0
        self._listener = _bound(host, port)
        self._accepting: asyncio.Task[None] | None = None
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    # -- what a test can ask for ------------------------------------------------------------------

    def cut(self) -> None:
        """Resets all connections and refuses new ones, as a machine without the server does."""
        self._control(self._cut)

    def drop_connections(self) -> None:
        """Resets all connections, once; new ones are served."""
        self._control(self._drop)

    def blackhole(self, direction: Direction = "both") -> None:
        """Holds all bytes: connections stay open and silent, as with a pulled cable.

        The bytes are held and not thrown away, since TCP would send them again once the network is
        back. A new connection is still accepted, by the kernel, and gets nowhere.
        """

        def change() -> None:
            for weather in self._ways(direction):
                weather.clear.clear()

        self._control(change)

    def delay(self, seconds: float, jitter: float = 0.0, *, direction: Direction = "both") -> None:
        """Delays bytes by `seconds`, plus up to `jitter`; a round trip takes twice that."""

        self._change(direction, delay=seconds, jitter=jitter)

    def throttle(self, bytes_per_s: float, *, direction: Direction = "both") -> None:
        """Lets no more than `bytes_per_s` through, for each connection."""
        if bytes_per_s <= 0:
            raise ValueError("a rate is above 0; blackhole() stops everything")

        self._change(direction, bytes_per_s=bytes_per_s)

    def lossy(self, probability: float, *, direction: Direction = "both") -> None:
        """Lets chunks stall as if they had to be sent again, in place of lost packets.

        A proxy sees a stream, from which nothing can be missing. What an application notices of a
        lost packet is that this and everything after it come a retransmission time later (200 ms,
        and twice as long if the repetition is lost too), and that is what happens here. TCP also
        sends more slowly for a while, which is not imitated.
        """
        if not 0 <= probability < 1:
            raise ValueError(f"{probability} is not a probability below 1")

        self._change(direction, loss=probability)

    def reset_after(self, n_bytes: int, *, direction: Direction = "both") -> None:
        """Resets the connection that carries the `n_bytes`-th byte from now; once per direction.

        At most `n_bytes` arrive, since a reset overtakes whatever the receiver has not read. With
        0, the next thing sent is lost whole: `reset_after(0, direction="to_client")` lets a server
        do what it was asked and loses its answer.
        """

        self._change(direction, until_reset=n_bytes)

    def heal(self) -> None:
        """Ends all faults. Data that was held or delayed arrives."""
        self._control(self._heal)

    @property
    def connections(self) -> int:
        """Returns how many connections have been accepted since the start."""
        return self._accepted

    @property
    def open_connections(self) -> int:
        return len(self._links)

    @property
    def bytes_to_target(self) -> int:
        return self._weather["to_target"].carried

    @property
    def bytes_to_client(self) -> int:
        return self._weather["to_client"].carried

    # -- its life ---------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()
        self._control(self._heal)

    def stop(self) -> None:
        """Resets open connections and frees the port. Does nothing the second time."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(_CONTROL_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CONTROL_S)
        self._listener.close()
        self._loop.close()

    # -- in the thread ----------------------------------------------------------------------------

    def _control(self, change: Callable[[], object]) -> None:
        async def run() -> None:
            change()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(_CONTROL_S)

    def _change(self, direction: Direction, **values: float) -> None:
        def change() -> None:
            for weather in self._ways(direction):
                for name, value in values.items():
                    setattr(weather, name, value)

        self._control(change)

    def _ways(self, direction: Direction) -> list[Weather]:
        return [self._weather[way] for way in _LANES if direction in (way, "both")]

    def _listen(self) -> None:
        self._listener.listen(4096)
        self._accepting = self._loop.create_task(self._accept(self._listener))

    def _cut(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            self._accepting = None
            self._listener.close()
            # It is bound but does not listen: connections are refused, and nobody else gets the
            # port.
            self._listener = _bound(self._host, self.port)
        self._drop()

    def _drop(self) -> None:
        for link in self._links:
            if link.task is not None:
                link.task.cancel()

    def _heal(self) -> None:
        for weather in self._weather.values():
            weather.heal()
        if self._accepting is None:
            self._listen()

    async def _shut(self) -> None:
        tasks = [link.task for link in self._links if link.task is not None]
        if self._accepting is not None:
            tasks.append(self._accepting)
        for task in tasks:
            task.cancel()
        _ = await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = await self._loop.sock_accept(listener)
            self._accepted += 1
            link = _Link(client)
            self._links.add(link)
            link.task = self._loop.create_task(self._carry(link))
            # This is here and not in the task: a task that is cancelled before its first step runs
            # nothing.
            link.task.add_done_callback(partial(self._close, link))

    async def _carry(self, link: _Link) -> None:
        """Carries both directions, until both have ended or one is broken."""
        link.client.setblocking(False)
        # A network that carries nothing does not carry requests to connect either.
        await self._weather["to_target"].clear.wait()
        link.target = target = socket.socket()
        target.setblocking(False)
        try:
            await self._loop.sock_connect(target, self._target)
            for end in (link.client, target):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ways: tuple[tuple[_OneWay, socket.socket, socket.socket], ...] = (
                ("to_target", link.client, target),
                ("to_client", target, link.client),
            )
            async with asyncio.TaskGroup() as group:
                for way, source, sink in ways:
                    group.create_task(Lane(source, sink, self._weather[way], self._dice).run())
            link.ended = True
        except* OSError:
            pass  # one end is gone, or a reset was asked for

    def _close(self, link: _Link, _: asyncio.Task[None]) -> None:
        self._links.discard(link)
        for end in (link.client, link.target):
            if end is not None:
                if not link.ended:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.close()


def _bound(host: str, port: int) -> socket.socket:
    """Returns a socket that has its port and does not listen yet."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.setblocking(False)
    return bound
