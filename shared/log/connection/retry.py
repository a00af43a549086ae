"""This module says how long to wait before Redis is asked again while it cannot be reached.

Everything that has to continue once Redis is back uses this rule, so that an outage, however long,
does not end in a stampede. The pauses grow, so that a server that is starting is not asked by
everybody all the time. They are random, so that a thousand rooms that lost Redis at the same moment
do not come back to it at the same moment.

    pauses = RetryPauses()
    while True:
        try:
            return await something(redis)
        except UNREACHABLE:
            await pauses.sleep()
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from padfleet.shared.supervision.progress import rest

SHORTEST: Final = 0.05
"""The shortest pause, in seconds. A server that refuses immediately must not be asked in a busy
loop."""

FIRST: Final = 0.2
"""The longest first pause after a success, in seconds."""

LONGEST: Final = 1.0
"""The longest pause, in seconds, for things that a process may have thousands of, such as rooms.
This is how long anything waits at most after an outage, and over how long the retries are spread.
"""

LONGEST_OF_FEW: Final = 0.5
"""The longest pause, in seconds, for things that a process has few of and everybody waits for:
commits, inboxes and subscriptions."""


def pause_after(failures: int, longest: float, chance: float) -> float:
    """Returns how many seconds to wait after a failed attempt. Pure.

    Arguments:
        failures: the number of attempts in a row that have failed, this one included; at least 1.
        longest: an upper bound for the pause, in seconds; at least `SHORTEST`.
        chance: a random number from 0 to 1. Pauses are spread evenly between `SHORTEST` and an
            upper end, which begins with `FIRST` and doubles with each failure up to `longest`.
    """
    # Without a bound, the exponent would become too large for a float after some minutes.
    doublings = min(failures - 1, 30)
    upper: float = min(FIRST * 2.0**doublings, longest)
    return SHORTEST + chance * (upper - SHORTEST)


class RetryPauses:
    """The pauses of one loop that tries again until Redis is back."""

    __slots__ = ("_chance", "_failures", "_longest")

    def __init__(
        self, longest: float = LONGEST, *, chance: Callable[[], float] = random.random
    ) -> None:
        """Makes the pauses for a loop that has not failed yet.

        Arguments:
            longest: an upper bound for each pause, in seconds.
            chance: returns a random number from 0 to 1 for each pause.
        """
        self._longest = longest
        self._chance = chance
        self._failures = 0

    def succeeded(self) -> None:
        """Notes that Redis has answered: the next pause is a short one again."""
        self._failures = 0

    def next(self) -> float:
        """Notes that an attempt has failed, and returns the seconds to wait before the next one."""
        self._failures += 1
        return pause_after(self._failures, self._longest, self._chance())

    async def sleep(self) -> None:
        """Waits before the next attempt. This is for work that no supervisor watches: a room's task
        may have been started by a supervised one, and must not report progress for it."""
        await asyncio.sleep(self.next())

    async def rest(self) -> None:
        """Waits before the next attempt, and tells the supervisor that this task, which must be a
        supervised one, makes progress and will be silent meanwhile."""
        await rest(self.next())
