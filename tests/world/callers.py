"""Simulates callers who manage pads by the HTTP API: they create pads, write, delete them and
create them anew, copy and move them, restore old revisions, and look in by `padfleet.connect`
meanwhile.

The pads are a caller's own, so it knows what each has to contain. When an answer gets lost, it no
longer knows: it then goes on with pads of other names, and the abandoned pads are checked once more
in the end, when nothing that it wrote may be there twice.
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
"""How many seconds one call may take."""

TOLD: Final = 30.0
"""How many seconds it may take until somebody on a deleted pad has been told, or has lost the
connection. No fault lasts half as long."""

FAILED: Final = 1
"""The code of a call that cannot be carried out because of the state of the pads."""


class Unsure(Exception):
    """It is not known whether a call was carried out."""


class Caller:
    """One caller."""

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
        """Takes what a caller needs.

        Arguments:
            urls: the addresses of workers.
            losses: returns how often history was taken back.
            split: returns whether some of the present answers are going to be lost.
            say: writes a line into the trace.
            pause: the seconds between two calls.
        """
        self.name = name
        self.calls = 0
        self.faults: list[str] = []
        self.left: list[str] = []  #: pads whose state it did not know any more
        self._urls = urls
        self._dice = dice
        self._losses = losses
        self._split = split
        self._say = say
        self._pause = pause
        self._works = True
        self._story = self._count = self._since = 0
        self._pads: dict[str, str | None] = {}  #: the text by name; None: there is no such pad

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
        """Returns whether nothing has been taken back since it began with these pads."""
        return self._losses() == self._since

    def _fault(self, text: str) -> None:
        """Records a fault, unless the seed's own faults explain it."""
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
        """Deletes a pad while it is on it."""
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
        """Restores some earlier revision, after asking for its text."""
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
        """Opens the pad as somebody does, writes a line, and leaves."""
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
        """Makes a call, and returns its code and data. Raises `Unsure`."""
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
        """Checks all pads once more, at a quiet time, and returns all faults."""
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
    """Returns marks that follow themselves, in a text that does not consist of one mark alone."""
    marks = [f"{part})" for part in text.rstrip("\n").split(")")[:-1]]
    if len(set(marks)) == 1:
        return []
    twice = sorted({mark for mark in marks if marks.count(mark) > 1 and marks.count(mark) < 20})
    return [f"{pad} holds {mark} {marks.count(mark)} times" for mark in twice]
