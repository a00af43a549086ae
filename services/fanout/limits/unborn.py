"""Sockets that never come to anything."""

from collections.abc import Hashable
from time import monotonic
from typing import Protocol

from services.fanout import metrics
from services.fanout.auth.expiry import Deadlines
from shared.supervisor import rest

SWEEP = 1.0
"""Seconds between two looks."""


class Ends(Hashable, Protocol):
    def end(self) -> None: ...


class Nursery:
    """Sockets that are on no pad, with the time when they have to be, or be gone."""

    def __init__(self, *, to_ask: float, idle: float) -> None:
        """Seconds: until a socket has asked for a pad, and that it may stay when it is on none."""
        self._to_ask = to_ask
        self._idle = idle
        self._deadlines: Deadlines[Ends] = Deadlines()

    def born(self, socket: Ends) -> None:
        self._deadlines.put(socket, monotonic() + self._to_ask)

    def on_a_pad(self, socket: Ends) -> None:
        self._deadlines.discard(socket)

    def off_its_pad(self, socket: Ends) -> None:
        self._deadlines.put(socket, monotonic() + self._idle)

    def gone(self, socket: Ends) -> None:
        self._deadlines.discard(socket)

    def give_up_one(self) -> bool:
        """Ends the one whose time would be over first. False: there is none."""
        socket = self._deadlines.first()
        if socket is None:
            return False
        self._deadlines.discard(socket)
        metrics.LIMITED.labels("idle").inc()
        socket.end()
        return True

    def sweep(self, now: float) -> None:
        for socket in self._deadlines.due(now):
            metrics.LIMITED.labels("idle").inc()
            socket.end()


async def sweep(nursery: Nursery) -> None:
    """For as long as the worker lives."""
    while True:
        nursery.sweep(monotonic())
        await rest(SWEEP)
