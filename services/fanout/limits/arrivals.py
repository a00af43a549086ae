"""This module limits how much input from connections is read in one turn of the event loop.

If a thousand requests came at once, all of them would be parsed and started before anybody else had
a turn: for a third of a second, nothing that people type would go anywhere. So each turn takes some
of them, from one address after the other; the rest waits, and nothing more is read from their
connections in the meantime.

WebSockets are not among these connections, but each begins as one: when a worker dies, thousands
come to another worker, whose turns then take a tenth of a second. With a fixed number of reads per
turn they had to wait for half a minute, so reads may take as long as everything else in a turn. But
most of the cost of a read arises later, in the turns of whatever it has started, and would count as
"everything else" the next time: so there is also a number of reads that no turn exceeds.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol

from padfleet.shared.payers import Payer

IN_A_TURN: Final = 16
"""The least number of reads in one turn, unless they take longer than `MOST_SECONDS`. A request
takes a third of a millisecond or so until it has to wait; 512 chunks of a body take three times as
long."""

MOST_IN_A_TURN: Final = 32
"""The largest number of reads in one turn: 18 ms, including what they start. Without this limit, a
client that opened 1,500 sockets at once caused turns of 270 ms, and an edit takes five turns."""

LONG_TURN: Final = 0.05
"""A turn of this many seconds or more may take twice as many reads: that makes it little longer,
and clients that have lost another worker wait half as long."""

MOST_SECONDS: Final = 0.02
"""How many seconds of a turn reads may take: the least number of them in any case, and further ones
if everything else took as long in the last turn."""


class Reads(Protocol):
    payer: Payer  #: whom its address counts as

    def read(self, data: bytes) -> None:
        """Reads the data, now that it is its turn."""
        ...


class RequestTurns:
    """Shares the turns of one event loop among connections."""

    def __init__(self, in_a_turn: int = IN_A_TURN, clock: Callable[[], float] = monotonic) -> None:
        self._least = in_a_turn
        self._clock = clock
        self._last = clock()  #: when the reads of the last turn were over
        self._began = 0.0  #: when the first read of this turn began
        self._read = 0  #: reads in this turn
        self._has_next = False
        self._late: OrderedDict[Payer, deque[tuple[Reads, bytes]]] = OrderedDict()
        """The reads that wait, by address; the first address is next."""

    @property
    def late(self) -> int:
        """Returns the number of reads that wait for their turn."""
        return sum(map(len, self._late.values()))

    def come(self, connection: Reads, data: bytes) -> bool:
        """Returns whether the data may be read now. Otherwise it will be read later, in order."""
        if self._late or not self._is_due(self._clock()):
            self.later(connection, data)
            return False
        self._count()
        return True

    def later(self, connection: Reads, data: bytes) -> None:
        """Has the data read in a later turn, after what already waits."""
        self._late.setdefault(connection.payer, deque()).append((connection, data))
        self._has_another_turn()

    def _is_due(self, now: float) -> bool:
        """Returns whether one more read belongs to this turn in any case. The first one does."""
        return not self._read or (self._read < self._least and now < self._began + MOST_SECONDS)

    def _count(self) -> None:
        if not self._read:
            self._began = self._clock()
        self._read += 1
        self._has_another_turn()

    def _has_another_turn(self) -> None:
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
            self._is_due(now := self._clock()) or (self._read < most and now < until)
        ):
            payer, line = next(iter(self._late.items()))
            connection, data = line.popleft()
            if line:
                self._late.move_to_end(payer)
            else:
                del self._late[payer]
            self._count()
            connection.read(data)
        self._last = self._clock()
