"""Sockets that never come to anything."""

import math
from collections.abc import Hashable
from time import monotonic
from typing import Protocol

from padfleet.shared import refusals
from padfleet.shared.deadlines import Deadlines
from padfleet.shared.supervisor import tick

PROMPT = 5.0
"""Seconds in which a page asks for its pad, and more. One that has not keeps its place as long as
nobody else needs it."""

SWEEP = 1.0
"""Seconds between two looks."""


class Endable(Hashable, Protocol):
    def end(self) -> None: ...


class IdleSockets:
    """Sockets that are on no pad, with the time when they have to be, or be gone."""

    def __init__(self, *, to_ask: float, idle: float) -> None:
        """Seconds: until a socket has asked for a pad, and that it may stay when it is on none."""
        self._to_ask = to_ask
        self._idle = idle
        self._deadlines: Deadlines[Endable] = Deadlines()

    def born(self, socket: Endable) -> None:
        self._deadlines.put(socket, monotonic() + self._to_ask)

    def on_a_pad(self, socket: Endable) -> None:
        self._deadlines.discard(socket)

    def off_its_pad(self, socket: Endable) -> None:
        self._deadlines.put(socket, monotonic() + self._idle)

    def gone(self, socket: Endable) -> None:
        self._deadlines.discard(socket)

    def give_up_one(self, *, waited: float | None = None) -> bool:
        """Ends the one whose time would be over first; with `waited`, only if it has had so many
        seconds to ask for a pad. False: there is none."""
        before = math.inf if waited is None else monotonic() + self._to_ask - waited
        socket = self._deadlines.first(before)
        if socket is None:
            return False
        self._deadlines.discard(socket)
        refusals.LIMITED.labels("idle").inc()
        socket.end()
        return True

    def sweep(self, now: float) -> None:
        for socket in self._deadlines.due(now):
            refusals.LIMITED.labels("idle").inc()
            socket.end()


async def sweep(idle_sockets: IdleSockets) -> None:
    """For as long as the worker lives."""
    while True:
        idle_sockets.sweep(monotonic())
        await tick(SWEEP)
