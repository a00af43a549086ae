"""Limits how many messages of one socket are being processed at the same time.

A message that has to wait for something becomes a task, or, if it only waits for the writer, is
counted as in progress, so that others can go on meanwhile. Without a limit, somebody who sends
faster than they are answered, such as CLIENT_READY again and again, would fill the memory with
tasks: 100,000 in ten seconds took 270 MB. Closing such a socket would be simpler, but a page on a
slow line sends much at a time, too; so the socket is not read until it has been answered.
"""

import asyncio
from typing import Any

MOST = 64
"""The largest number of messages in progress. A page has one or two; a page that comes back has a
handful."""


class Intake:
    """Counts the messages in progress, and says when there is room for another."""

    __slots__ = ("_room", "_tasks", "_under_way")

    def __init__(self) -> None:
        self._under_way = 0
        self._tasks = 0  #: how many of these are tasks
        self._room: asyncio.Future[None] | None = None

    @property
    def full(self) -> bool:
        return self._under_way >= MOST

    @property
    def has_tasks(self) -> bool:
        """Returns whether messages are being processed that the next one must not overtake."""
        return self._tasks > 0

    def begins(self, task: "asyncio.Task[Any]") -> None:
        """Counts a task that processes a message."""
        self._tasks += 1
        self._under_way += 1
        task.add_done_callback(self._ended)

    def takes(self) -> None:
        """Counts a message that has been passed on. It is in progress until `answered` is called
        for it."""
        self._under_way += 1

    def answered(self) -> None:
        """Ends the progress of one message that was passed on."""
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
