"""How much of what one socket has said is still being worked on.

What waits for something is a task of its own, or, if it waits for the writer alone, noted as under
way: others can go on meanwhile. Without a
bound, somebody who says faster than is answered, CLIENT_READY again and again, would fill the
memory with tasks: 100,000 in ten seconds took 270 MB. To drop such a socket would be simpler, but a
page on a slow line sends much at once too; so it is not read any more until it has been answered.
"""

import asyncio
from typing import Any

MOST = 64
"""Messages under way. A page has one or two; those of a page that comes back are a handful."""


class Intake:
    """Counts the messages under way, and says when there is room for another."""

    __slots__ = ("_room", "_tasks", "_under_way")

    def __init__(self) -> None:
        self._under_way = 0
        self._tasks = 0  #: of these
        self._room: asyncio.Future[None] | None = None

    @property
    def full(self) -> bool:
        return self._under_way >= MOST

    @property
    def has_tasks(self) -> bool:
        """Whether messages are worked on that the next one must not overtake."""
        return self._tasks > 0

    def begins(self, task: "asyncio.Task[Any]") -> None:
        """A message is worked on by this task."""
        self._tasks += 1
        self._under_way += 1
        task.add_done_callback(self._ended)

    def takes(self) -> None:
        """A message has been passed on, and is under way until `answered` is called."""
        self._under_way += 1

    def answered(self) -> None:
        """One of these is under way no more."""
        self._under_way -= 1
        if self._room is not None and self._under_way <= MOST // 2:
            self._room.set_result(None)
            self._room = None

    async def room(self) -> None:
        """Returns when there is room, which others may take first."""
        while self.full:
            if self._room is None:
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    def _ended(self, _task: "asyncio.Task[Any]") -> None:
        self._tasks -= 1
        self.answered()
