"""This module implements a cold store in a directory, which several processes may use at once, on
one machine or on several that share a file system."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.cold.store import ColdVersion, StoredObject, check_name
from padfleet.shared.cold.stores.disk import Disk, Put

THREADS: Final = 8
"""How many calls one process makes at once. This is done in separate threads, so that a disk that
hangs does not keep the rest of the process from its threads."""

PUTTING: Final = 4
"""How many of these threads put files."""

PUT_TOGETHER: Final = 16
"""How many files one of them puts at once, if so many wait: more would keep others waiting."""

LISTED_AT_ONCE: Final = 500
"""How many names are read in one turn of a thread."""

P = ParamSpec("P")
T = TypeVar("T")


class FileStore:
    """Implements `ColdStore`; `Disk` is what its threads do."""

    @classmethod
    def at(cls, folder: Path, *, known: bool = False) -> "FileStore":
        """Opens the directory. It is created if it does not exist or is empty, but not if it is
        `known` to have pads: then it is away until its disk is mounted. Raises `StoreAway` if it
        cannot be created, and ValueError for a directory that contains something else."""
        store = cls(folder)
        store._disk.begin(known=known)
        return store

    def __init__(self, folder: Path) -> None:
        self._disk = Disk(folder)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="cold-files")
        self._puts = _Puts(self._disk, self._threads)

    async def get(self, name: str) -> StoredObject | None:
        check_name(name)
        return await self._aside(self._disk.get, name)

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> str:
        check_name(name)
        if not data:
            raise ValueError("nothing to put")
        return await self._puts.put(Put(name, data, over))

    async def delete(self, name: str, *, over: ColdVersion | None) -> None:
        check_name(name)
        await self._aside(self._disk.delete, name, over)

    async def names(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        found = self._disk.names(prefix, after)
        while page := await self._aside(lambda: list(islice(found, LISTED_AT_ONCE))):
            for name in page:
                yield name

    async def aclose(self) -> None:
        # This does not wait, since a disk that hangs would keep the process from ending.
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _aside(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        call = partial(do, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


_Asked = tuple[Put, "asyncio.Future[ColdVersion]"]


class _Puts:
    """Puts files in as few turns of a thread as possible: those that wait go together."""

    def __init__(self, disk: Disk, threads: ThreadPoolExecutor) -> None:
        self._disk = disk
        self._threads = threads
        self._waiting: deque[_Asked] = deque()
        self._turns = 0  #: under way

    async def put(self, put: Put) -> ColdVersion:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[ColdVersion] = loop.create_future()
        self._waiting.append((put, done))
        if len(self._waiting) == 1:
            # Others that are asked for in this turn of the loop go along.
            loop.call_soon(self._hand_over)
        return await done

    def _hand_over(self) -> None:
        while self._waiting and self._turns < PUTTING:
            count = min(PUT_TOGETHER, len(self._waiting))
            asked = [self._waiting.popleft() for _ in range(count)]
            try:
                turn = asyncio.get_running_loop().run_in_executor(
                    self._threads, self._disk.put, [put for put, _ in asked]
                )
            except RuntimeError:  # it was closed
                _fail(asked)
                continue
            self._turns += 1
            turn.add_done_callback(partial(self._done, asked))

    def _done(self, asked: Sequence[_Asked], turn: "asyncio.Future[None]") -> None:
        self._turns -= 1
        if turn.cancelled():
            _fail(asked)
        else:
            turn.result()
            for put, done in asked:
                if done.done():
                    continue  # whoever asked for it has gone
                if isinstance(put.outcome, Exception):
                    done.set_exception(put.outcome)
                else:
                    done.set_result(put.outcome)
        self._hand_over()


def _fail(asked: Sequence[_Asked]) -> None:
    for _, done in asked:
        if not done.done():
            done.set_exception(StoreAway("the cold store was closed"))
