"""How much of what connections bring is read in one turn of the event loop.

A thousand requests that come at once would all be taken apart and begun before anybody else had a
turn: a third of a second in which nothing that is typed goes anywhere. So there are some in each
turn, from one address after the other; what else has come waits, and nothing more is read of its
connection meanwhile. WebSockets are none of these connections.
"""

import asyncio
from collections import OrderedDict, deque
from typing import Final, Protocol

IN_A_TURN: Final = 16
"""Reads in one turn. A request takes a third of a millisecond or so until it waits for anything."""


class Reads(Protocol):
    address: str

    def read(self, data: bytes) -> None:
        """Its turn has come."""
        ...


class RequestTurns:
    """For one event loop."""

    def __init__(self, in_a_turn: int = IN_A_TURN) -> None:
        self._most = in_a_turn
        self._read = 0  #: in this turn
        self._has_next = False
        self._late: OrderedDict[str, deque[tuple[Reads, bytes]]] = OrderedDict()
        """By address; the first of them is next."""

    @property
    def late(self) -> int:
        """Reads that wait for their turn."""
        return sum(map(len, self._late.values()))

    def come(self, connection: Reads, data: bytes) -> bool:
        """Whether this may be read now. Else it is read later, in its order."""
        if self._late or self._read >= self._most:
            self._late.setdefault(connection.address, deque()).append((connection, data))
            return False
        self._count()
        return True

    def _count(self) -> None:
        self._read += 1
        if not self._has_next:
            self._has_next = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._has_next, self._read = False, 0
        while self._late and self._read < self._most:
            address, line = next(iter(self._late.items()))
            connection, data = line.popleft()
            if line:
                self._late.move_to_end(address)
            else:
                del self._late[address]
            self._count()
            connection.read(data)
