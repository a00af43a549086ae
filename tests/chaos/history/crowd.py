"""Many typing clients in one process, on several pads, over several workers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Protocol

from padfleet.shared.client import new_token
from tests.chaos.history.connection import CannotConnect, dial
from tests.chaos.history.hand import Hand
from tests.chaos.history.hearing import Hearing
from tests.chaos.history.pages import Book
from tests.chaos.history.recording import Recording
from tests.chaos.history.typist import Typist
from tests.eventually import eventually

POLL = 0.05

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there."""

Heads = Callable[[], Awaitable[dict[str, int]]]


class Line(Protocol):
    """What a typist speaks through."""

    def send(self, data: dict[str, Any]) -> None:
        """The `data` of a COLLABROOM message."""

    def abort(self) -> None:
        """Goes away without a word."""


Stay = Callable[[Typist, Callable[[Typist, Line], None]], Awaitable[None]]
"""Keeps a typist connected until it is cancelled. It tells the other argument through which line
the typist speaks, whenever that changes and before CLIENT_READY goes out."""


class Typists:
    """Made by `start`. ``async with`` sees to it that nothing is left behind.

    Even clients speak as a stock page does; odd ones announce NEW_CHANGES_BATCH. One whose
    connection breaks dials the next URL, after a pause as Etherpad's page makes it, and goes on
    typing meanwhile (a page locks its editor, so this asks for more).
    """

    @classmethod
    async def start(
        cls,
        urls: list[str],
        pads: list[str],
        *,
        clients: int,
        rate: float,
        pause: tuple[float, float] = (1.0, 5.0),
        seed: int = 0,
        timeout: float = 60.0,
        stay: Stay | None = None,
        first: int = 0,
        kind: type[Typist] = Typist,
    ) -> Typists:
        """Returns when everybody is on a pad and typing. AssertionError after `timeout` seconds.

        `rate`: edits a second of each; at 0 they only watch. `pause`: the first and the longest
        before dialling again, in seconds (Etherpad's page: 1 and 5), taken times 0.5 to 1.5 at
        random. `urls` is looked at whenever somebody dials, so it may be changed meanwhile. With
        `stay`, that sees to connections, and neither of these two counts. `first`: the number of
        the first of them, where there are others; `kind`: what they are.
        """
        typists = cls(urls, pads, clients, rate, pause, seed, stay, first, kind)
        try:
            await eventually(
                lambda: all(t.connected for t in typists.typists),
                "all have joined",
                timeout=timeout,
            )
        except BaseException:
            await typists.close()
            raise
        return typists

    def __init__(
        self,
        urls: list[str],
        pads: list[str],
        clients: int,
        rate: float,
        pause: tuple[float, float],
        seed: int,
        stay: Stay | None,
        first: int = 0,
        kind: type[Typist] = Typist,
    ) -> None:
        self.urls = urls
        self.rate = rate
        self.typists: list[Typist] = []
        self._dice = random.Random(seed)
        self._pause = pause
        self._hearing = Hearing()
        self._lines: dict[str, Line] = {}
        self._tasks: list[asyncio.Future[None]] = []
        self._typing = True
        self._home: list[str] = []  #: while they are away: whom they would dial
        books = {pad: Book() for pad in pads}
        for number in range(first, first + clients):
            pad = pads[number % len(pads)]
            name = f"c{number}"
            typist = kind(name, pad, books[pad], time.monotonic, batch=number % 2 == 1)
            typist.token = new_token()
            hand = Hand(typist, books[pad], random.Random(f"{seed}.{number}"))
            self.typists.append(typist)
            keeping = (
                stay(typist, self._speaks_through)
                if stay is not None
                else self._stay_connected(typist, number // len(pads))
            )
            self._tasks.append(asyncio.ensure_future(keeping))
            if rate > 0:
                self._tasks.append(asyncio.create_task(self._type(typist, hand)))

    # --- From outside ----------------------------------------------------------------------------

    async def quiesce(self, deadline: float, heads: Heads | None = None) -> list[str]:
        """Stops typing, and waits until everybody has everything accepted and all of a pad are at
        the same revision: the head, if `heads` tells it (`read_heads`).

        Returns who is not, for a person; empty when all is quiet. It is no error to be late: what
        that means is for the checker to say, after `finish`.
        """
        self._typing = False
        end = time.monotonic() + deadline
        while True:
            late = self._late(await heads() if heads is not None else {})
            if not late or time.monotonic() >= end:
                return late
            await asyncio.sleep(POLL)

    async def finish(self) -> list[Recording]:
        """Writes down what everybody has, ends all connections, and returns the recordings."""
        for typist in self.typists:
            typist.finish()
        # Nothing is heard any more from here on, for nothing is awaited before all have been cut.
        await self.close()
        return self.recordings

    def furthest(self, pad: str) -> int:
        """The newest revision of the pad that anybody has seen; -1: none."""
        return max(typist.rev for typist in self.typists if typist.recording.pad == pad)

    def leave(self) -> None:
        """All connections break, and nobody is reached any more until `come_back`. What is typed
        meanwhile goes off then."""
        self._home = self._home or [*self.urls]
        self.urls[:] = [NOWHERE]
        for line in self._lines.values():
            line.abort()

    def come_back(self) -> None:
        """Those who have left can be reached again."""
        self.urls[:], self._home = self._home or self.urls, []

    @property
    def recordings(self) -> list[Recording]:
        """The recordings as they are now; they grow until `finish`."""
        return [typist.recording for typist in self.typists]

    async def close(self) -> None:
        for line in self._lines.values():
            line.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Typists:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _late(self, heads: dict[str, int]) -> list[str]:
        for task in self._tasks:
            if task.done():
                task.result()  # a fault of ours must not look like one of the server
        goal = dict(heads)
        for typist in self.typists:
            pad = typist.recording.pad
            goal[pad] = max(goal.get(pad, -1), typist.rev)
        return [
            f"{typist.name} on {typist.recording.pad}: at {typist.rev} of "
            f"{goal[typist.recording.pad]}, {'settled' if typist.settled else 'not settled'}"
            for typist in self.typists
            if not typist.settled or typist.rev != goal[typist.recording.pad]
        ]

    # --- One client ------------------------------------------------------------------------------

    async def _stay_connected(self, typist: Typist, place: int) -> None:
        failures = 0
        while True:
            url = self.urls[place % len(self.urls)]
            place += 1
            try:
                connection = await dial(typist, url, self._hearing, self._speaks_through)
            except CannotConnect as error:
                typist.connection_lost(str(error))
            else:
                why = await connection.end
                if typist.connected:
                    failures = 0
                typist.connection_lost(why)
            await asyncio.sleep(self._before_dialling(failures))
            failures += 1

    def _speaks_through(self, typist: Typist, line: Line) -> None:
        self._lines[typist.name] = line
        if self._home:
            line.abort()  # it was being dialled when all left

    def _before_dialling(self, failures: int) -> float:
        first, longest = self._pause
        return float(min(first * 2 ** min(failures, 10), longest) * self._dice.uniform(0.5, 1.5))

    async def _type(self, typist: Typist, hand: Hand) -> None:
        """Even when nobody is connected: what is typed then goes off later."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) / self.rate)
            if not self._typing or typist.page is None or typist.gave_up:
                continue
            submission = hand.strike()
            if submission is not None:
                self._lines[typist.name].send(submission)
