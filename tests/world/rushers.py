"""Simulates a program that does not wait for an answer before it sends its next edit.

Pages and our own clients have one edit in flight, and put what is typed meanwhile into the next.
The protocol does not ask for that: an edit says what it builds on, and several may build on the
same revision. They have to become revisions in the order in which they were sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

import aiohttp

from padfleet.shared.client import PadError
from padfleet.shared.client.joining import new_token
from padfleet.shared.client.line import PadUrl, SocketIOConnection, Traffic
from padfleet.shared.easysync import AttributePool
from padfleet.shared.easysync.splice import make_splice
from tests.world.scribes import Scribe

MOST_AT_ONCE: Final = 4
"""How many lines are sent without an answer to the first."""

BURSTS: Final = 3
"""How many times that is done in one session."""

PATIENCE: Final = 10.0
"""How many seconds a session may take."""


class Rusher(Scribe):
    """A scribe who writes several lines at once. Its lines are judged like those of others."""

    async def _session(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as http:
                place = PadUrl.parse(self._dice.choice(self._urls))
                line = await SocketIOConnection.open(http, place, Traffic())
                try:
                    await self._write(line, place.pad_id)
                finally:
                    line.cut()
                    await line.close()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._say(f"rusher {self.name} begins anew: {error!r}")

    async def _join(self, line: SocketIOConnection, pad: str) -> tuple[str, str, int]:
        """Comes to the pad, and returns the author, and the text and its revision."""
        ready = {"component": "pad", "type": "CLIENT_READY", "padId": pad, "data": {}}
        await line.send(ready | {"token": new_token()})
        joined = (await next_message(line, "CLIENT_VARS"))["data"]
        held = joined["collab_client_vars"]
        self.sessions += 1
        return joined["userId"], held["initialAttributedText"]["text"], held["rev"]

    async def _write(self, line: SocketIOConnection, pad: str) -> None:
        author, text, rev = await self._join(line, pad)
        for _ in range(BURSTS):
            if not self._writes:
                return
            await asyncio.sleep(self._dice.uniform(0.0, 1.0) * self._slower)
            sent: deque[str] = deque()
            for _ in range(self._dice.randint(2, MOST_AT_ONCE)):
                self._count += 1
                sent.append(f"{{{self.name}.{self._count}}}")
                await line.send(edit(text, rev, author, sent[-1] + "\n"))
                if self._dice.random() < 0.5:
                    await asyncio.sleep(self._dice.uniform(0.0, 0.01))
            while sent:
                await next_message(line, "COLLABROOM", "ACCEPT_COMMIT")
                self.taken.append(sent.popleft())


def edit(text: str, rev: int, author: str, line: str) -> dict[str, Any]:
    """Returns the message that adds a line at the beginning of the text of this revision."""
    pool = AttributePool()
    changeset = make_splice(text, 0, 0, line, [("author", author)], pool)
    data = {"type": "USER_CHANGES", "baseRev": rev, "changeset": changeset}
    return {
        "component": "pad",
        "type": "COLLABROOM",
        "data": data | {"apool": pool.to_jsonable()},
    }


async def next_message(line: SocketIOConnection, kind: str, what: str = "") -> dict[str, Any]:
    """Returns the next message of a kind. Raises `PadError` if there is to be none."""
    while True:
        message = await line.next_message()
        if "disconnect" in message or "accessStatus" in message:
            raise PadError(f"told to go: {message}")
        if message.get("type") == kind and what in ("", message["data"].get("type")):
            return message
