"""Simulates people on `padfleet.connect`: each writes lines into a pad, and knows which of them
were accepted.

The clients of `make chaos` type all over the text, record everything that they were sent, and are
judged by that. These use the library as a program would, over aiohttp, and are judged by its
promise: a line whose `append` has returned is in the pad, once.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable

from padfleet.shared.client import PadError, ProtocolError, connect

LONGEST_AWAY = 2.0
"""How many seconds pass at most before somebody whose session has ended joins anew."""


class Scribe:
    """A person who writes lines."""

    def __init__(
        self,
        name: str,
        urls: list[str],
        dice: random.Random,
        say: Callable[[str], None],
        *,
        slower: float = 1.0,
    ) -> None:
        """Takes the addresses of one pad on several workers; `slower` is how much longer than usual
        it thinks."""
        self.name = name
        self.taken: list[str] = []  #: lines that were accepted
        self.faults: list[str] = []
        self.sessions = 0
        self.text = ""  #: the pad's text at the end
        self.ended = asyncio.Event()
        self._urls = urls
        self._dice = dice
        self._say = say
        self._slower = slower
        self._writes = True
        self._count = 0

    def rest(self) -> None:
        """Ends writing: it leaves when the last line has been accepted."""
        self._writes = False

    async def run(self) -> None:
        """Runs until it is to rest, and its last line has been accepted or refused."""
        while self._writes:
            try:
                await self._session()
            except PadError as error:
                # It was told to reload, or nobody was there: people come again.
                self._say(f"scribe {self.name} begins anew: {error}")
            except ProtocolError as error:
                self.faults.append(f"scribe {self.name} was sent what cannot follow: {error}")
            if self._writes:
                await asyncio.sleep(self._dice.uniform(0.1, LONGEST_AWAY))
        self.ended.set()

    async def _session(self) -> None:
        first = self._dice.randrange(len(self._urls))
        async with connect(self._urls[first:] + self._urls[:first], name=self.name) as pad:
            self.sessions += 1
            while self._writes:
                await asyncio.sleep(self._dice.uniform(0.5, 3.0) * self._slower)
                self._count += 1
                # This is nothing that a typist takes for one of their own marks.
                line = f"{{{self.name}.{self._count}}}\n"
                await pad.append(line)
                self.taken.append(line.strip())
            self.text = pad.text

    def judge(self, text: str, *, rolled_back: bool) -> list[str]:
        """Returns the faults, given the pad's text in the end. If history was rolled back, an
        accepted line may be gone; it may never be there twice."""
        seen = Counter(line for line in text.replace("{", "\n{").replace("}", "}\n").split("\n"))
        found = list(self.faults)
        for number in range(1, self._count + 1):
            if (times := seen[f"{{{self.name}.{number}}}"]) > 1:
                found.append(f"line {number} of scribe {self.name} is there {times} times")
        if not rolled_back:
            found += [
                f"{line} of scribe {self.name} was taken, and is not there"
                for line in self.taken
                if not seen[line]
            ]
        return found
