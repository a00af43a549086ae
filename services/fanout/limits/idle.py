"""This module ends sockets that stay connected without being on a pad."""

import math
from collections.abc import Hashable
from time import monotonic
from typing import Protocol

from padfleet.services.fanout.limits.holders import Holders
from padfleet.shared import refusals
from padfleet.shared.deadlines import Deadlines
from padfleet.shared.payers import Payer
from padfleet.shared.supervision.progress import tick

PROMPT = 5.0
"""Any page asks for its pad within this many seconds. A socket that has not asked by then keeps its
place only as long as nobody else needs it."""

SWEEP = 1.0
"""How many seconds pass between two checks."""


class Endable(Hashable, Protocol):
    def end(self) -> None: ...


class IdleSockets:
    """The sockets that are on no pad, with the time by which they have to be on one or are
    ended."""

    def __init__(self, *, to_ask: float, idle: float) -> None:
        """Takes two times in seconds: `to_ask` is how long a new socket may take to ask for a pad,
        and `idle` how long a socket may stay after it has left its pad."""
        self._to_ask = to_ask
        self._idle = idle
        self._deadlines: Deadlines[Endable] = Deadlines()
        self._payers: dict[Endable, Payer] = {}  #: of all sockets, on a pad or not
        self._holders: Holders[Endable] = Holders()  #: of those on no pad

    def add(self, socket: Endable, payer: Payer) -> None:
        self._payers[socket] = payer
        self._holders.add(payer, socket)
        self._deadlines.put(socket, monotonic() + self._to_ask)

    def on_a_pad(self, socket: Endable) -> None:
        self._forget(socket)

    def off_its_pad(self, socket: Endable) -> None:
        self._deadlines.put(socket, monotonic() + self._idle)
        if (payer := self._payers.get(socket)) is not None:
            self._holders.add(payer, socket)

    def remove(self, socket: Endable) -> None:
        self._forget(socket)
        self._payers.pop(socket, None)

    def make_place_for(self, payer: Payer) -> bool:
        """Ends a socket on a worker that has no place left, if one may be ended for a newcomer of
        this payer; returns whether it did.

        That is one that has had `PROMPT` to ask for a pad and has not. If there is none, it is one
        of the payer who has the most sockets on no pad: some seconds are enough for a single client
        to take all places, and then again.
        """
        if self.end_one(waited=PROMPT):
            return True
        socket = self._holders.of_the_largest(payer)
        if socket is not None:
            self._end(socket)
        return socket is not None

    def end_one(self, *, waited: float | None = None) -> bool:
        """Ends the socket whose time would be over first; with `waited`, only if it has already had
        so many seconds to ask for a pad. Returns False if there is no such socket."""
        before = math.inf if waited is None else monotonic() + self._to_ask - waited
        socket = self._deadlines.first(before)
        if socket is not None:
            self._end(socket)
        return socket is not None

    def sweep(self, now: float) -> None:
        for socket in self._deadlines.due(now):
            self._end(socket)

    def _end(self, socket: Endable) -> None:
        self._forget(socket)
        refusals.LIMITED.labels("idle").inc()
        socket.end()

    def _forget(self, socket: Endable) -> None:
        """Removes it from the sockets that are on no pad."""
        self._deadlines.discard(socket)
        if (payer := self._payers.get(socket)) is not None:
            self._holders.remove(payer, socket)


async def sweep(idle_sockets: IdleSockets) -> None:
    """Ends sockets whose time is over, for as long as the worker lives."""
    while True:
        idle_sockets.sweep(monotonic())
        await tick(SWEEP)
