"""How much of what connections bring is read in one turn of the event loop.

A thousand requests that come at once would all be taken apart and begun before anybody else had a
turn: a third of a second in which nothing that is typed goes anywhere. So there are some in each
turn, from one address after the other; what else has come waits, and nothing more is read of its
connection meanwhile. WebSockets are none of these connections, but each begins as one: when a
worker dies, thousands come to another one that has turns of a tenth of a second. A number of reads
alone kept them waiting for half a minute, so reads may take as long as all else does in a turn. But
most of what a read costs comes after it, in the turns of what it has begun, and would be taken for
"all else" the next time: so there is a number that no turn goes beyond.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol

IN_A_TURN: Final = 16
"""Reads in one turn, at least. A request takes a third of a millisecond or so until it waits."""

MOST_IN_A_TURN: Final = 32
"""Reads in one turn, at most: 18 ms with what they begin. Without it a client that opened 1,500
sockets at once made turns of 270 ms, of which an edit takes five."""

LONG_TURN: Final = 0.05
"""Seconds of a turn from which on it may be for twice as many: that makes it little longer, and
whoever has lost another worker waits half as long."""

MOST_SECONDS: Final = 0.02
"""What further reads may take of a turn, if all else took as long in the last one."""


class Reads(Protocol):
    address: str

    def read(self, data: bytes) -> None:
        """Its turn has come."""
        ...


class RequestTurns:
    """For one event loop."""

    def __init__(self, in_a_turn: int = IN_A_TURN, clock: Callable[[], float] = monotonic) -> None:
        self._least = in_a_turn
        self._clock = clock
        self._last = clock()  #: when the reads of the last turn were over
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
        if self._late or self._read >= self._least:
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
        began = self._clock()
        took = began - self._last
        until = began + min(took, MOST_SECONDS)
        most = MOST_IN_A_TURN if took < LONG_TURN else 2 * MOST_IN_A_TURN
        self._has_next, self._read = False, 0
        while self._late and (
            self._read < self._least or (self._read < most and self._clock() < until)
        ):
            address, line = next(iter(self._late.items()))
            connection, data = line.popleft()
            if line:
                self._late.move_to_end(address)
            else:
                del self._late[address]
            self._count()
            connection.read(data)
        self._last = self._clock()
