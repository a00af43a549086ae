"""People who come only to runs that ask for them. They do what the others never do, so that certain
mistakes of ours can be seen.

Visitors come to a pad that has stood empty, at the moment at which it goes to the cold store. A
repeater sends each edit twice. A remaker deletes a pad and makes it anew all the time, while others
open it. A namesake writes by the HTTP API in the names of people who type.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import aiohttp

from padfleet.shared.client import connect
from padfleet.shared.client.line import SocketIOConnection
from tests.chaos.history.typist import Typist
from tests.world.callers import KEY
from tests.world.readers import Onlooker
from tests.world.rushers import Rusher, edit, next_message
from tests.world.scribes import Scribe
from tests.world.world import World

KINDS: Final = ("visitors", "repeater", "remaker", "namesake")

VISITED: Final = 3
"""How many pads have a visitor."""

AWAY: Final = (1.5, 4.5)
"""How many seconds a visitor stays away, at least and at most. A pad is ready to leave Redis two
seconds after the last person has (`fleet.COLD`)."""

LOOKS: Final = (0.3, 2.0)
"""How many seconds a visitor looks at the pad before writing, at least and at most. Meanwhile only
the list of members says that somebody is there."""

OPENERS: Final = 4
"""How many people open the pad that is made anew all the time."""

TIMEOUT: Final = 8.0
"""How many seconds a call of the API may take."""


class Visitor(Scribe):
    """Writes one line on each visit. Nobody else comes to its pad."""

    async def _session(self) -> None:
        first = self._dice.randrange(len(self._urls))
        async with connect(self._urls[first:] + self._urls[:first], name=self.name) as pad:
            self.sessions += 1
            await asyncio.sleep(self._dice.uniform(*LOOKS))
            self._count += 1
            line = f"{{{self.name}.{self._count}}}\n"
            await pad.append(line)
            self.taken.append(line.strip())
            self.text = pad.text
        await asyncio.sleep(self._dice.uniform(*AWAY))


class Repeater(Rusher):
    """Sends each line twice, as a program does that has not seen the answer to the first. Both are
    answered, and the line is there once. Nobody else writes on its pad: a repetition is known by
    being what was stored (`WriterPad.submit`)."""

    async def _write(self, line: SocketIOConnection, pad: str) -> None:
        author, text, rev = await self._join(line, pad)
        self._count += 1
        mark = f"{{{self.name}.{self._count}}}"
        for _ in range(2):
            await line.send(edit(text, rev, author, mark + "\n"))
        for _ in range(2):
            await next_message(line, "COLLABROOM", "ACCEPT_COMMIT")
        self.taken.append(mark)


class Opener(Onlooker):
    """Opens a pad that may be gone by then, and leaves again."""

    pause = (0.0, 0.5)

    async def _visit(self, url: str) -> None:
        async with connect(url, name=self.name, text_only=True, resume=False):
            await asyncio.sleep(self._dice.uniform(0.0, 0.5))


class Program(ABC):
    """Calls the HTTP API again and again for one pad, whatever it is answered."""

    pause: tuple[float, float]  #: the seconds between two rounds of calls, at least and at most

    def __init__(self, pad: str, urls: list[str], dice: random.Random) -> None:
        """Takes the pad, and the addresses of workers."""
        self._pad = pad
        self._urls = urls
        self._dice = dice
        self._works = True

    def rest(self) -> None:
        self._works = False

    async def run(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as http:
            while self._works:
                await asyncio.sleep(self._dice.uniform(*self.pause))
                url = f"{self._dice.choice(self._urls)}/api/1.3.0"
                for function, more in self._calls():
                    fields = {"apikey": KEY, "padID": self._pad} | more
                    with suppress(aiohttp.ClientError, OSError, TimeoutError):
                        async with http.post(f"{url}/{function}", data=fields) as answer:
                            await answer.read()

    @abstractmethod
    def _calls(self) -> list[tuple[str, dict[str, str]]]:
        """Returns the functions of a round, and what each is told besides the pad."""


class Remaker(Program):
    """Makes a pad and deletes it at once."""

    pause = (0.2, 0.8)

    def _calls(self) -> list[tuple[str, dict[str, str]]]:
        return [("createPad", {}), ("deletePad", {})]


class Namesake(Program):
    """Writes a line in the name of somebody who types on the pad, and who may be away just now,
    with an edit that has not been answered."""

    pause = (0.05, 0.25)

    def __init__(
        self, pad: str, urls: list[str], dice: random.Random, typists: Sequence[Typist]
    ) -> None:
        super().__init__(pad, urls, dice)
        self._typists = [typist for typist in typists if typist.recording.pad == pad]
        self._count = 0

    def _calls(self) -> list[tuple[str, dict[str, str]]]:
        author = self._dice.choice(self._typists).author
        self._count += 1
        return [("appendText", {"text": f"{{namesake.{self._count}}}\n", "authorId": author})]


class Further:
    """All people whom a run has asked for."""

    def __init__(
        self,
        kinds: Sequence[str],
        urls: list[str],
        world: World,
        typists: Sequence[Typist],
        losses: Callable[[], int],
    ) -> None:
        """Takes the kinds of people, the addresses of workers, and those who type anyway; `losses`
        returns how often history was taken back. Raises ValueError for an unknown kind."""
        if unknown := set(kinds) - set(KINDS):
            raise ValueError(f"no kinds of people: {', '.join(sorted(unknown))}")
        self.scribes: dict[str, list[Scribe]] = {}  #: by pad, whose text has to hold their lines
        self.openers: list[Opener] = []
        self.programs: list[Program] = []
        if "visitors" in kinds:
            for number in range(VISITED):
                pad = f"visited-{number}"
                at = [f"{url}/p/{pad}" for url in urls]
                self.scribes[pad] = [Visitor(f"{pad}.0", at, world.dice(pad), world.line)]
        if "repeater" in kinds:
            pad = "repeated"
            at = [f"{url}/p/{pad}" for url in urls]
            self.scribes[pad] = [Repeater(f"{pad}.0", at, world.dice(pad), world.line)]
        if "remaker" in kinds:
            pad = "remade"
            at = [f"{url}/p/{pad}" for url in urls]
            self.programs.append(Remaker(pad, urls, world.dice(pad)))
            for number in range(OPENERS):
                dice = world.dice(f"opener {number}")
                self.openers.append(Opener(f"opener {number}", at, dice, losses))
        if "namesake" in kinds:
            pad = typists[0].recording.pad
            self.programs.append(Namesake(pad, urls, world.dice("namesake"), typists))
