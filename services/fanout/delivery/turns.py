"""Keeps the submissions of a session in order while some of them go through an inbox."""

import asyncio
from collections import deque


class Turns:
    """Where submissions wait that must not overtake an earlier one. They go on in the order in
    which they came, and whoever comes while others wait comes behind them."""

    __slots__ = ("_ahead", "_waiting")

    def __init__(self) -> None:
        self._ahead: object = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def has_to_wait(self) -> bool:
        """Returns whether the next submission would have to wait."""
        return self._ahead is not None or bool(self._waiting)

    def goes_ahead(self, submission: object) -> None:
        """Lets all that come from now on wait for this one, instead of an earlier one."""
        self._ahead = submission

    def has_gone(self, submission: object) -> None:
        """Notes that whatever is put into the inbox comes after this submission."""
        if self._ahead is submission:
            self._ahead = None
            self._next()

    async def come(self, submission: object) -> None:
        """Returns when it is this submission's turn. The next one has its turn as soon as the
        caller waits for something."""
        if not self.has_to_wait or self._ahead is submission:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        finally:
            self._waiting.remove(turn)
            self._next()

    def _next(self) -> None:
        if self._ahead is None and self._waiting and not self._waiting[0].done():
            self._waiting[0].set_result(None)
