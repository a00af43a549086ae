"""Simulates people who only look: readers come and go, and a timeslider plays the history from its
beginning.

Both write down what they saw at which revision, and are judged by the stream as it is in the end.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import aiohttp

from padfleet.shared.client import PadError, ProtocolError, connect
from padfleet.shared.client.joining import new_token
from padfleet.shared.client.line import PadUrl, SocketIOConnection, Traffic
from padfleet.shared.easysync import EasysyncError, apply_to_text
from tests.chaos.history.recording import digest


class Seen(NamedTuple):
    """What somebody had on the screen."""

    rev: int
    digest: str  #: of the text
    losses: int  #: how often history had been taken back by then


class Onlooker(ABC):
    """A person who looks at one pad."""

    pause: tuple[float, float] = (0.5, 4.0)
    """How many seconds pass between two visits, at least and at most."""

    def __init__(
        self, name: str, urls: list[str], dice: random.Random, losses: Callable[[], int]
    ) -> None:
        """Takes the addresses of the pad on several workers; `losses` returns how often history was
        taken back."""
        self.name = name
        self.seen: list[Seen] = []
        self.faults: list[str] = []
        self.visits = 0
        self._urls = urls
        self._dice = dice
        self._losses = losses
        self._rests = asyncio.Event()

    def rest(self) -> None:
        """Ends the visit at hand, and any pause between two."""
        self._rests.set()

    async def run(self) -> None:
        while not self._rests.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._dice.uniform(*self.pause)):
                    await self._rests.wait()
                    break
            try:
                await self._visit(self._dice.choice(self._urls))
                self.visits += 1
            except (PadError, aiohttp.ClientError, OSError, TimeoutError):
                continue  # nobody is there, or it was told to go: it comes again
            except (ProtocolError, EasysyncError, LookupError, TypeError) as error:
                self.faults.append(f"{self.name} was sent what makes no sense: {error!r}")

    @abstractmethod
    async def _visit(self, url: str) -> None:
        """Looks once. Raises `PadError` and similar errors if that is not possible."""

    def _saw(self, rev: int, text: str, losses: int) -> None:
        self.seen.append(Seen(rev, digest(text), losses))

    def judge(self, digest_at: Callable[[int], str | None]) -> list[str]:
        """Returns the faults, given the texts of the stream. What was seen before a loss may be
        gone."""
        losses = self._losses()
        found = [] if self.visits else [f"{self.name} was never served"]
        return (
            found
            + self.faults
            + [
                f"{self.name} saw another text at revision {seen.rev}"
                for seen in self.seen
                if seen.losses == losses and digest_at(seen.rev) != seen.digest
            ]
        )


class Reader(Onlooker):
    """Has the text, reads on for a while, and leaves; it comes back on another worker."""

    async def _visit(self, url: str) -> None:
        losses = self._losses()
        async with connect(url, name=self.name, text_only=True, resume=False) as pad:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._dice.uniform(0.2, 6.0)):
                    # Looked at with each change; people type until long after it is to rest.
                    await pad.until(self._rests.is_set)
            self._saw(pad.rev, pad.text, losses)


class Slider(Onlooker):
    """Asks for everything since its last request, and plays it."""

    def __init__(
        self, name: str, urls: list[str], dice: random.Random, losses: Callable[[], int]
    ) -> None:
        super().__init__(name, urls, dice, losses)
        self._rev, self._text, self._since = -1, "\n", 0

    async def _visit(self, url: str) -> None:
        if self._since != self._losses():
            # The history that it has played may be gone.
            self._rev, self._text, self._since = -1, "\n", self._losses()
        place = PadUrl.parse(url)
        async with asyncio.timeout(10), aiohttp.ClientSession() as http:
            line = await SocketIOConnection.open(http, place, Traffic())
            try:
                await self._ask(line, place.pad_id)
            finally:
                line.cut()
                await line.close()

    async def _ask(self, line: SocketIOConnection, pad: str) -> None:
        ready = {"component": "pad", "type": "CLIENT_READY", "padId": pad, "data": {}}
        await line.send(ready | {"token": new_token()})
        await self._answer(line, "CLIENT_VARS")
        start = self._rev + 1
        wanted = {"start": start, "granularity": 1, "requestID": start}
        await line.send({"component": "pad", "type": "CHANGESET_REQ", "padId": pad, "data": wanted})
        answer = await self._answer(line, "CHANGESET_REQ")
        # A request for revisions that do not exist yet is answered with the last one.
        for rev, changeset in enumerate(answer["forwardsChangesets"], answer["start"]):
            if rev > self._rev:
                self._text = apply_to_text(changeset, self._text)
                self._rev = rev
        if answer["forwardsChangesets"]:
            self._saw(self._rev, self._text, self._since)

    @staticmethod
    async def _answer(line: SocketIOConnection, kind: str) -> dict[str, Any]:
        while True:
            message = await line.next_message()
            if "disconnect" in message or "accessStatus" in message:
                raise PadError(f"told to go: {message}")
            if message.get("type") == kind:
                data: dict[str, Any] = message["data"]
                return data
