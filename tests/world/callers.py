"""Who manages pads by the HTTP API: makes them, writes, deletes them and makes them anew, copies
and moves them, takes old revisions back, and looks in by `padfleet.connect` meanwhile.

The pads are a caller's own, so it knows what each has to hold. Where an answer got lost it does not
know any more: then it goes on with pads of other names, and those that it has left are looked at
once more in the end, when nothing that it wrote may be there twice.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from padfleet.shared.client import PadError, ProtocolError, connect

KEY: Final = "the key of all callers"
TIMEOUT: Final = 8.0
"""Seconds for one call."""

TOLD: Final = 30.0
"""Seconds within which who is on a pad that is deleted has to be told, or to have lost the
connection. No fault lasts for half as long."""

FAILED: Final = 1
"""The code of a call that cannot be carried out as the pads are."""


class Unsure(Exception):
    """It is not known what has come of a call."""


class Caller:
    """One of them."""

    def __init__(
        self,
        name: str,
        urls: list[str],
        dice: random.Random,
        losses: Callable[[], int],
        split: Callable[[], bool],
        say: Callable[[str], None],
        *,
        pause: tuple[float, float] = (0.3, 1.5),
    ) -> None:
        """`urls`: of workers. `losses`: how often history was taken back. `split`: whether some of
        what is answered now is going to be lost. `pause`: seconds between two calls."""
        self.name = name
        self.calls = 0
        self.faults: list[str] = []
        self.left: list[str] = []  #: pads that it was not sure of any more
        self._urls = urls
        self._dice = dice
        self._losses = losses
        self._split = split
        self._say = say
        self._pause = pause
        self._works = True
        self._story = self._count = self._since = 0
        self._pads: dict[str, str | None] = {}  #: by name, the text; None: there is no such pad

    def rest(self) -> None:
        self._works = False

    async def run(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as http:
            while self._goes_on():
                self._begin()
                try:
                    while self._goes_on() and self._is_whole():
                        await asyncio.sleep(self._dice.uniform(*self._pause))
                        await self._step(http)
                except Unsure as error:
                    self._say(f"caller {self.name} begins anew: {error}")

    def _goes_on(self) -> bool:
        return self._works

    def _is_whole(self) -> bool:
        """Whether nothing has been taken back since it began with these pads."""
        return self._losses() == self._since

    def _fault(self, text: str) -> None:
        """Unless it is the seed's own."""
        if self._is_whole() and not self._split():
            self.faults.append(text)

    def _begin(self) -> None:
        self._since = self._losses()
        self.left += self._pads
        self._story += 1
        self._pads = dict.fromkeys(f"{self.name}-{self._story}-{each}" for each in "ab")

    # --- What it does ----------------------------------------------------------------------------

    async def _step(self, http: aiohttp.ClientSession) -> None:
        one, other = self._dice.sample(sorted(self._pads), 2)
        text, steps = self._pads[one], [self._create, self._get, self._get]
        if text is not None:
            steps += [self._append] * 3 + [self._set, self._delete, self._visit, self._restore]
            steps += [self._delete_under_somebody]
        step = self._dice.choice(steps)
        if text is not None and self._dice.random() < 0.2:
            await self._copy(http, one, other)
        else:
            await step(http, one)
        if not self._is_whole():
            raise Unsure("history was taken back meanwhile")

    def _mark(self) -> str:
        self._count += 1
        return f"({self.name}.{self._count})"

    async def _create(self, http: aiohttp.ClientSession, pad: str) -> None:
        there = self._pads[pad] is not None
        text = self._mark()
        code, _ = await self._call(http, "createPad", padID=pad, text=text)
        self._expect(code, FAILED if there else 0, f"createPad of {pad}")
        if not there:
            self._pads[pad] = f"{text}\n"

    async def _append(self, http: aiohttp.ClientSession, pad: str) -> None:
        text = self._mark()
        code, _ = await self._call(http, "appendText", padID=pad, text=text)
        self._expect(code, 0, f"appendText to {pad}")
        self._pads[pad] = f"{(self._pads[pad] or '')[:-1]}{text}\n"

    async def _set(self, http: aiohttp.ClientSession, pad: str) -> None:
        text = self._mark() * self._dice.choice((1, 1, 20))
        code, _ = await self._call(http, "setText", padID=pad, text=text)
        self._expect(code, 0, f"setText of {pad}")
        self._pads[pad] = f"{text}\n"

    async def _delete_under_somebody(self, http: aiohttp.ClientSession, pad: str) -> None:
        """Who is on it while it is deleted."""
        url = f"{self._dice.choice(self._urls)}/p/{pad}"
        try:
            async with connect(url, name=self.name, http=http, resume=False) as there:
                await self._delete(http, pad)
                try:
                    async with asyncio.timeout(TOLD):
                        await there.until(lambda: False)
                except TimeoutError:
                    self._fault(f"{pad} was deleted, and who was on it has not been told")
        except (PadError, TimeoutError) as error:
            if self._pads[pad] is not None:
                raise Unsure(f"was not served: {error}") from None
        except ProtocolError as error:
            self._fault(f"{pad} was sent what cannot follow: {error}")
            raise Unsure("was sent nonsense") from None

    async def _delete(self, http: aiohttp.ClientSession, pad: str) -> None:
        code, _ = await self._call(http, "deletePad", padID=pad)
        self._expect(code, 0, f"deletePad of {pad}")
        self._pads[pad] = None

    async def _copy(self, http: aiohttp.ClientSession, pad: str, to: str) -> None:
        moves = self._dice.random() < 0.5
        name = "movePad" if moves else "copyPad"
        code, _ = await self._call(http, name, sourceID=pad, destinationID=to, force="true")
        self._expect(code, 0, f"{name} of {pad}")
        self._pads[to] = self._pads[pad]
        if moves:
            self._pads[pad] = None

    async def _restore(self, http: aiohttp.ClientSession, pad: str) -> None:
        """Some earlier revision; what that was, it has to be told."""
        code, data = await self._call(http, "getRevisionsCount", padID=pad)
        self._expect(code, 0, f"getRevisionsCount of {pad}")
        rev = self._dice.randint(0, int(data["revisions"]))
        code, data = await self._call(http, "getText", padID=pad, rev=str(rev))
        self._expect(code, 0, f"getText of {pad} at {rev}")
        text = data["text"]
        code, _ = await self._call(http, "restoreRevision", padID=pad, rev=str(rev))
        self._expect(code, 0, f"restoreRevision of {pad}")
        self._pads[pad] = text
        await self._get(http, pad)

    async def _get(self, http: aiohttp.ClientSession, pad: str) -> None:
        wanted = self._pads[pad]
        code, data = await self._call(http, "getText", padID=pad)
        self._expect(code, FAILED if wanted is None else 0, f"getText of {pad}")
        if wanted is not None and data["text"] != wanted:
            self._fault(f"{pad} holds {data['text'][:80]!r}, and has to hold {wanted[:80]!r}")
            raise Unsure("it holds something else")

    async def _visit(self, http: aiohttp.ClientSession, pad: str) -> None:
        """As somebody who opens the pad, writes a line, and leaves."""
        mark = self._mark()
        try:
            url = f"{self._dice.choice(self._urls)}/p/{pad}"
            async with connect(url, name=self.name, http=http) as there:
                if there.text != self._pads[pad]:
                    self._fault(f"{pad} shows {there.text[:80]!r} to who comes")
                await there.append(mark)
                self._pads[pad] = there.text
        except (PadError, TimeoutError) as error:
            raise Unsure(f"was not served: {error}") from None
        except ProtocolError as error:
            self._fault(f"{pad} was sent what cannot follow: {error}")
            raise Unsure("was sent nonsense") from None

    # --- Calls -----------------------------------------------------------------------------------

    async def _call(
        self, http: aiohttp.ClientSession, function: str, **fields: str
    ) -> tuple[int, Any]:
        """The code and the data. Raises `Unsure`."""
        self.calls += 1
        url = f"{self._dice.choice(self._urls)}/api/1.3.0/{function}"
        try:
            async with http.post(url, data=fields | {"apikey": KEY}) as answer:
                if answer.status != 200:
                    raise Unsure(f"{function}: {answer.status}")
                said = await answer.json()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unsure(f"{function}: {error!r}") from None
        return int(said["code"]), said.get("data")

    def _expect(self, code: int, wanted: int, what: str) -> None:
        if code != wanted:
            self._fault(f"{what} was answered by {code}, not {wanted}")
            raise Unsure(f"{what}: {code}")

    # --- In the end ------------------------------------------------------------------------------

    async def judge(self) -> list[str]:
        """Looks at all pads once more, in a quiet time."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as http:
            for pad in [*self.left, *self._pads]:
                try:
                    code, data = await self._call(http, "getText", padID=pad)
                except Unsure as error:
                    self.faults.append(f"{pad} cannot be read in the end: {error}")
                    continue
                if code == 0:
                    self.faults += _doubled(pad, data["text"])
        return self.faults


def _doubled(pad: str, text: str) -> list[str]:
    """Marks that follow upon themselves, in a text that is not of one mark alone."""
    marks = [f"{part})" for part in text.rstrip("\n").split(")")[:-1]]
    if len(set(marks)) == 1:
        return []
    twice = sorted({mark for mark in marks if marks.count(mark) > 1 and marks.count(mark) < 20})
    return [f"{pad} holds {mark} {marks.count(mark)} times" for mark in twice]
