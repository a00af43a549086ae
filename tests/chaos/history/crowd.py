"""Runs many typing clients in one process, on several pads and over several workers."""

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
"""An address at which nobody listens."""

Heads = Callable[[], Awaitable[dict[str, int]]]


class Line(Protocol):
    """The connection through which a typist speaks."""

    def send(self, data: dict[str, Any]) -> None:
        """Sends a COLLABROOM message with this `data`."""

    def abort(self) -> None:
        """Ends the connection without a goodbye."""


Stay = Callable[[Typist, Callable[[Typist, Line], None]], Awaitable[None]]
"""Keeps a typist connected until it is cancelled. It calls its second argument with the line
through which the typist speaks, whenever that changes and before CLIENT_READY is sent."""


class Typists:
    """Typing clients, which `start` makes. ``async with`` makes sure that nothing is left behind.

    Clients with even numbers speak like a stock page; those with odd numbers announce
    NEW_CHANGES_BATCH. A client whose connection breaks dials the next URL, after a pause like
    Etherpad's page, and goes on typing meanwhile (a page locks its editor, so this asks for more).
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
        """Returns when everybody is on a pad and typing. Raises AssertionError after `timeout`
        seconds.

        Arguments:
            urls: where to connect; it is read whenever somebody dials, so it may be changed
                meanwhile.
            rate: edits per second of each client; with 0 they only watch.
            pause: the first and the longest pause before dialling again, in seconds (Etherpad's
                page: 1 and 5), multiplied by 0.5 to 1.5 at random.
            stay: keeps connections; neither `urls` nor `pause` is then used.
            first: the number of the first client, if there are others.
            kind: the class of the clients.
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
        self._home: list[str] = []  #: the URLs that they would dial while they are away
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
        """Stops typing, and waits until everything is accepted and all clients of a pad are at the
        same revision, which is the head if `heads` returns it (`read_heads`).

        Returns those who are not, as text for a person; it is empty when all is quiet. Being late
        is not an error: after `finish`, the checker says what it means.
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
        # Nothing is heard any more from here on, since nothing is awaited before all have been cut.
        await self.close()
        return self.recordings

    def furthest(self, pad: str) -> int:
        """Returns the newest revision of the pad that anybody has seen, or -1."""
        return max(typist.rev for typist in self.typists if typist.recording.pad == pad)

    def leave(self) -> None:
        """Breaks all connections; nobody can be reached until `come_back`. Everything that is typed
        meanwhile is sent then."""
        self._home = self._home or [*self.urls]
        self.urls[:] = [NOWHERE]
        for line in self._lines.values():
            line.abort()

    def come_back(self) -> None:
        """Lets those who have left be reached again."""
        self.urls[:], self._home = self._home or self.urls, []

    @property
    def recordings(self) -> list[Recording]:
        """Returns the recordings as they are now; they grow until `finish`."""
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
        """Types even while nobody is connected; such edits are sent later."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) / self.rate)
            if not self._typing or typist.page is None or typist.gave_up:
                continue
            submission = hand.strike()
            if submission is not None:
                self._lines[typist.name].send(submission)
