"""Simulates the cold store of a run: bytes under names on a host of their own, and its faults.

A request takes effect at the store, whatever has become of its sender: a process that is killed may
have put something, and so may one that is told that the store is away. Its versions depend on the
content, as those of files do. It has no clock: a process that finds its own far from the store's
does not start, and clocks jump here by more than that.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextvars import copy_context
from hashlib import blake2b
from typing import Any, Final

from padfleet.shared.cold.errors import Overwritten, StoreAway, StoreFull
from padfleet.shared.cold.layout.heads import decode_head
from padfleet.shared.cold.layout.names import HEADS, head_name, pad_of
from padfleet.shared.cold.store import ColdStore, ColdVersion, StoredObject, check_name
from padfleet.shared.cold.stores import opening
from padfleet.shared.cold.stores.opening import ColdUrl
from tests.world.host import Host, here
from tests.world.world import World

URL: Final = "file:///cold"
NAME: Final = "cold"
"""The store's host; links to it are cut like all others."""

PATIENCE: Final = 5.0
"""A store counts as away after this many seconds without an answer."""

USUAL: Final = (0.001, 0.02)
"""How many seconds a call takes, at least and at most."""

PAGE: Final = 100
"""How many names are listed at once."""


class ColdDisk:
    """The store that all processes of a fleet share."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.host: Host = world.network.add(NAME)
        self.dice: random.Random = world.dice(NAME)
        self.held: dict[str, StoredObject] = {}
        # What goes wrong.
        self.away = False
        self.silent = False  #: it does not answer at all while it is away
        self.full = False
        self.slow = 0.0  #: the most seconds that each call takes in addition
        self.cut_before = self.cut_after = 0.0  #: how often a call ends before and after its effect
        self._before: list[tuple[float, str, StoredObject | None]] = []
        """The content before each change, and when the change was made."""

    def serve(self) -> None:
        """Makes this the store that all settings of this process mean."""
        opening.open_store = self._open_store

    def _open_store(self, url: ColdUrl, *, known: bool = True) -> ColdStore:
        del url, known  # there is one, and it is there
        return WorldStore(self)

    def head_of(self, pad: str) -> int:
        """Returns the last revision that it has of a pad, or -1 if it has none."""
        return _last_in(self.held.get(head_name(pad)))

    def put_back(self, seconds: float, has_past: Callable[[str, int], bool]) -> int:
        """Restores its content of so long ago, like a store that was restored from a copy. Returns
        how many changes that takes away.

        The entries with which a starting process tests the store stay: if the store changed under
        it, the process would say that the store does not keep what it is given, which would be
        true, and end.

        Arguments:
            has_past: says of a pad, and of the last revision that the store would have of it,
                whether nothing would be lost. If something would be, all that is stored of the pad
                stays.
        """
        until, count = self.world.loop.now - seconds, 0
        then = {name: was for at, name, was in reversed(self._before) if at > until}
        kept = [
            name.removeprefix(HEADS)
            for name, was in then.items()
            if name.startswith(HEADS)
            and (pad := pad_of(name)) is not None
            and not has_past(pad, _last_in(was))
        ]
        while self._before and self._before[-1][0] > until:
            _, name, stored = self._before.pop()
            if name.startswith("probe/") or any(stem in name for stem in kept):
                continue
            if stored is None:
                del self.held[name]
            else:
                self.held[name] = stored
            count += 1
        return count

    # --- What it does ----------------------------------------------------------------------------

    def get(self, name: str) -> StoredObject | None:
        return self.held.get(name)

    def put(self, name: str, data: bytes, over: ColdVersion | None) -> ColdVersion:
        if self.full:
            raise StoreFull("the store is full")
        self._check(name, over)
        version = blake2b(data, digest_size=12).hexdigest()
        self._note(name)
        self.held[name] = StoredObject(data, version)
        return version

    def delete(self, name: str, over: ColdVersion | None) -> None:
        if over is not None:
            self._check(name, over)
        if name in self.held:
            self._note(name)
            del self.held[name]

    def names(self, prefix: str, after: str) -> list[str]:
        found = sorted(name for name in self.held if name.startswith(prefix) and name > after)
        return found[:PAGE]

    def _check(self, name: str, over: ColdVersion | None) -> None:
        there = self.held.get(name)
        if (there.version if there is not None else None) != over:
            raise Overwritten(f"somebody else has put or deleted {name}")

    def _note(self, name: str) -> None:
        self._before.append((self.world.loop.now, name, self.held.get(name)))


def _last_in(head: StoredObject | None) -> int:
    """Returns the last revision in a pad's head, or -1 if there is none."""
    return decode_head(head.data).state.pad.head if head is not None else -1


class WorldStore:
    """A `ColdStore`, as one process sees it."""

    def __init__(self, disk: ColdDisk) -> None:
        self._disk = disk

    async def get(self, name: str) -> StoredObject | None:
        check_name(name)
        found: StoredObject | None = await self._ask("get", name)
        return found

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> ColdVersion:
        check_name(name)
        version: ColdVersion = await self._ask("put", name, data, over)
        return version

    async def delete(self, name: str, *, over: ColdVersion | None) -> None:
        check_name(name)
        await self._ask("delete", name, over)

    async def names(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        while page := await self._ask("names", prefix, after):
            for name in page:
                yield name
            after = page[-1]

    async def aclose(self) -> None:
        """Does nothing, since nothing is kept open."""

    async def _ask(self, what: str, *args: Any) -> Any:
        call = _Call(self._disk, what, args)
        try:
            async with asyncio.timeout(PATIENCE):
                return await call.answer
        except TimeoutError:
            raise StoreAway("the store says nothing") from None


class _Call:
    """One call, on its way there and back."""

    def __init__(self, disk: ColdDisk, what: str, args: tuple[Any, ...]) -> None:
        self._disk = disk
        self._what = what
        self._args = args
        self._of = here() or disk.world.loop.outside
        self._context = copy_context()
        self.answer: asyncio.Future[Any] = disk.world.loop.create_future()
        self._later(self._takes() / 2, self._arrive)

    def _takes(self) -> float:
        return self._disk.dice.uniform(*USUAL)

    def _later(self, seconds: float, call: Callable[..., object], *args: object) -> None:
        world = self._disk.world
        world.loop.call_later(seconds, call, *args, context=world.network.kernel)

    def _arrive(self) -> None:
        disk, dice = self._disk, self._disk.dice
        if not disk.world.network.reaches(self._of, disk.host):
            return
        if disk.away or dice.random() < disk.cut_before:
            if not disk.silent:
                self._say(StoreAway("the store is away"))
            return
        self._later(disk.slow * dice.random(), self._do)

    def _do(self) -> None:
        disk, loop = self._disk, self._disk.world.loop
        said = f"{self._of.name} {self._what} {self._args[0]}".encode()
        disk.world.trace.bytes(loop.now, b"cold", said)
        try:
            outcome = getattr(disk, self._what)(*self._args)
        except (Overwritten, StoreAway) as error:
            outcome = error
        if disk.dice.random() < disk.cut_after:
            outcome = StoreAway("the answer got lost")
        self._later(self._takes() / 2, self._say, outcome)

    def _say(self, outcome: object) -> None:
        disk = self._disk
        if self._of.alive and disk.world.network.reaches(disk.host, self._of):
            disk.world.loop.call_soon(self._settle, outcome, context=self._context)

    def _settle(self, outcome: object) -> None:
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)
