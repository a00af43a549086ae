"""Runs typing clients whose connections are those of a stock page: socket.io-client from npm,
unchanged.

One Node.js process holds all of them, the one of tests/acceptance; they type and record like other
typists. It shows what only the real client can show: when it comes back by itself, how often it
tries, and when it has had enough and asks for a reload.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from padfleet.shared.wire import jsontext
from tests.acceptance.npm import FOLDER
from tests.chaos.history import Line
from tests.chaos.history.hearing import heard_in, tell
from tests.chaos.history.typist import Typist

AS_A_PAGE: Final = {
    "reconnection": True,
    "reconnectionAttempts": 5,
    "reconnectionDelay": 1000,
    "reconnectionDelayMax": 5000,
    "transports": ["polling", "websocket"],
}
"""The options that Etherpad's page gives to socket.io-client."""

LONGEST_LINE: Final = 16 << 20
EXIT_S: Final = 10.0


class Stock:
    """The Node process. ``async with Stock(url) as stock``, and `stock.stay` for `Typists`."""

    def __init__(self, url: str) -> None:
        self.faults: list[str] = []  #: errors that clients have thrown
        self._url = url
        self._pages: dict[int, _Page] = {}
        self._numbers = itertools.count(1)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Stock:
        self._process = await asyncio.create_subprocess_exec(
            "node",
            "driver.mjs",
            cwd=FOLDER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(EXIT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
        if self._reader is not None:
            await self._reader

    async def stay(self, typist: Typist, speaks: Callable[[Typist, Line], None]) -> None:
        """Opens a client, which from then on comes back by itself, or does not."""
        number = next(self._numbers)
        page = self._pages[number] = _Page(self, number, typist, speaks, self._url)
        query = {"padId": typist.recording.pad, "client": typist.name}
        self.order("open", number, url=self._url, options=AS_A_PAGE | {"query": query})
        try:
            await page.failed
        finally:
            del self._pages[number]
            self.order("close", number)

    def order(self, do: str, number: int, **fields: Any) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        line = jsontext.dumps({"do": do, "id": number, **fields})
        self._process.stdin.write(f"{line}\n".encode())

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if not line.endswith(b"\n"):
                return  # it was ended in the middle of a line
            event = jsontext.loads(line)
            if event["event"] == "fault":
                self.faults.append(event["value"])
            elif page := self._pages.get(event["id"]):
                page.hears(event["event"], event["value"])


class _Page:
    """One client of the Node.js process."""

    def __init__(
        self,
        stock: Stock,
        number: int,
        typist: Typist,
        speaks: Callable[[Typist, Line], None],
        url: str,
    ) -> None:
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """A future that never has a result; it gets an exception when something came that is not a
        message of Etherpad's."""
        self._stock = stock
        self._number = number
        self._typist = typist
        self._speaks = speaks
        self._url = url

    def send(self, data: dict[str, Any]) -> None:
        self._say({"type": "COLLABROOM", "component": "pad", "data": data})

    def abort(self) -> None:
        self._stock.order("close", self._number)

    def _say(self, message: dict[str, Any]) -> None:
        self._stock.order("emit", self._number, message=message)

    def hears(self, event: str, value: Any) -> None:
        typist = self._typist
        match event:
            case "connect":
                self._speaks(typist, self)
                self._say(typist.connection_made(self._url))
            case "message":
                self._take(value)
            case "disconnect" | "connect_error":
                typist.connection_lost(str(value))
            case "reconnect_failed":
                # It has tried as often as allowed: the page says so, and asks for a reload.
                typist.told_to_leave("reconnect_failed")

    def _take(self, message: Any) -> None:
        try:
            for heard in heard_in(message):
                tell(self._typist, heard)
        except (LookupError, TypeError) as error:
            if not self.failed.done():
                self.failed.set_exception(error)
            return
        submission = self._typist.next_submission()
        if submission is not None:
            self.send(submission)
