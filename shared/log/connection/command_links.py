"""This module says how hot commands use connections to one node: all commands share a single one,
or, for commands that block, each takes one to itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from redis import exceptions

from padfleet.shared.log.connection.lanes import READERS
from padfleet.shared.log.connection.pipe import Command, Pipe, pack
from padfleet.shared.task_faults import hand_over
from padfleet.shared.tasks import Tasks

AWAY = (
    exceptions.ConnectionError,  # includes BusyLoadingError
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,  # this closes the connection, and the next one leads to the primary
    exceptions.ClusterDownError,  # includes MasterDownError
    exceptions.RedisClusterException,  # no node is known for the slot
    OSError,
)
"""Errors that another attempt may avoid, once the topology has been read again."""

Opener = Callable[[], Awaitable[Pipe]]
"""A callable that opens a connection to the node. Raises what `AWAY` lists."""


class CommandLink(Protocol):
    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Returns the replies, in the order of the commands. For a command that fails or cannot be
        sent, an exception takes the place of the reply. Raises only `DataError`, before anything is
        sent."""

    def close(self) -> None: ...


class SharedLink:
    """A connection that everybody shares, and that is made again when it is needed."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._pipe: Pipe | None = None
        self._waiting: list[asyncio.Future[Pipe]] = []
        self._tasks = Tasks()

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        data = pack(commands)
        pipe = self._pipe
        if pipe is None or not pipe.is_open:
            try:
                pipe = await self._connected()
            except AWAY as error:
                return [error] * len(commands)
        if pipe.is_full:
            await pipe.room()
        return await pipe.send(data, len(commands))

    def post(self, commands: Sequence[Command]) -> "asyncio.Future[list[Any]] | None":
        """Does what `exchange` does, without a coroutine. Returns None, and sends nothing, if it
        would have to wait."""
        pipe = self._pipe
        if pipe is None or not pipe.is_open or pipe.is_full:
            return None
        return pipe.send(pack(commands), len(commands))

    async def _connected(self) -> Pipe:
        """Makes one connection, however many callers wait for it; if that fails, all of them get
        the error."""
        answer: asyncio.Future[Pipe] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        if len(self._waiting) == 1:
            self._tasks.start(self._connect(), "connecting")
        try:
            return await answer
        finally:
            del answer  # this frame is in the traceback of its fault: see `TaskFault`

    async def _connect(self) -> None:
        outcome: Pipe | Exception | None = None
        try:
            outcome = self._pipe = await self._opener()
        except Exception as error:
            outcome = error
        finally:
            waiting, self._waiting = self._waiting, []
            for answer in waiting:
                if outcome is None:
                    answer.cancel()
                else:
                    hand_over(answer, outcome)
            del outcome

    def close(self) -> None:
        self._tasks.close()
        if self._pipe is not None:
            self._pipe.close()


class BlockingLink:
    """A connection for each blocking command in progress, since a command after it would have to
    wait as well. Unused connections are kept for later commands; if all places are taken, the
    caller waits for one."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._places = asyncio.Semaphore(READERS)
        self._idle: list[Pipe] = []
        self._in_use: set[Pipe] = set()

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        data = pack(commands)
        async with self._places:
            pipe = self._free()
            if pipe is None:
                try:
                    pipe = await self._opener()
                except AWAY as error:
                    return [error] * len(commands)
            self._in_use.add(pipe)
            try:
                return await pipe.send(data, len(commands))
            finally:
                self._in_use.discard(pipe)
                # A cancelled caller leaves behind a command that is still blocking.
                if pipe.is_open and pipe.is_idle:
                    self._idle.append(pipe)
                else:
                    pipe.close()

    def _free(self) -> Pipe | None:
        while self._idle:
            pipe = self._idle.pop()
            if pipe.is_open:
                return pipe
        return None

    def close(self) -> None:
        for pipe in (*self._idle, *self._in_use):
            pipe.close()
