"""Simulates people who have nothing to do with an attack: they type, open pages, join, read and
export."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp

from padfleet.shared.client import Pad, connect
from tests.attack.drivers import Target, http, outcome, websocket
from tests.attack.messages import changeset_req, collab
from tests.fleet import Fleet

PAD = "bystanders"

PACE = 0.07
"""The seconds between two edits: slower than the rate that one author has."""

ERRAND_PACE = 0.4

PATIENCE = 20.0
"""How many seconds a bystander waits for anything at all."""


@dataclass
class Diary:
    """What the bystanders have seen since it was opened."""

    edits: list[float] = field(default_factory=list)  #: seconds
    errands: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    served: set[str] = field(default_factory=set)  #: kinds of errands


class Bystanders:
    """Two people on the same pad, each on another worker, and one who does errands on the first
    worker."""

    def __init__(self, fleet: Fleet, target: Target, pads: list[Pad]) -> None:
        self._fleet = fleet
        self._target = replace(target, address="127.0.0.1")
        self._here, self._there = pads
        self._diary = Diary()
        self.kinds: frozenset[str] = frozenset()  #: of errands, once they have begun

    def opened(self) -> Diary:
        """Returns a new diary; nothing more is written into the old one."""
        self._diary = Diary()
        return self._diary

    async def type(self) -> None:
        """Types, and measures each edit from when it is typed until the other person has it."""
        lost = 0
        while True:
            begun = time.monotonic()
            diary = self._diary
            rev = self._here.rev
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._here.edit(0, 1, "ab"[rev % 2])
                    await self._here.flush()
                    await self._there.until(lambda: self._there.rev >= self._here.rev)
            except TimeoutError:
                diary.failed["edit took 20 s"] += 1
                await self._here.flush()
            else:
                diary.edits.append(time.monotonic() - begun)
            resumed = self._here.resumes + self._there.resumes
            if resumed > lost:
                diary.failed["connection lost"] += resumed - lost
                lost = resumed
            await asyncio.sleep(max(0.0, PACE - (time.monotonic() - begun)))

    async def run_errands(self) -> None:
        async with http(self._target) as session:
            errands = self._errands(session)
            self.kinds = frozenset(name for name, _ in errands)
            for number in range(10**9):
                name, errand = errands[number % len(errands)]
                diary, begun = self._diary, time.monotonic()
                said = await outcome(_patiently(errand))
                if said == "200":
                    diary.errands.append(time.monotonic() - begun)
                    diary.served.add(name)
                else:
                    diary.failed[f"{name}: {said}"] += 1
                await asyncio.sleep(ERRAND_PACE)

    def _errands(
        self, session: aiohttp.ClientSession
    ) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        url = self._target.url

        def got(path: str) -> Callable[[], Awaitable[str]]:
            async def errand() -> str:
                async with session.get(path) as answer:
                    await answer.read()
                    return str(answer.status)

            return errand

        async def join() -> str:
            async with websocket(self._target) as socket:
                await socket.join(PAD, token=f"t.{'b' * 20}")
                await socket.say(collab("GET_CHAT_MESSAGES", start=0, end=10))
                await socket.until("CHAT_MESSAGES")
                return "200"

        async def history() -> str:
            async with websocket(self._target) as socket:
                await socket.join(PAD, token=f"t.{'b' * 20}")
                await socket.say(changeset_req(PAD, 0, 1))
                await socket.until("CHANGESET_REQ")
                return "200"

        ready = [
            (f"readiness of {member.name}", got(f"{member.url}/health/ready"))
            for member in (*self._fleet.workers, *self._fleet.writers)
        ]
        return [
            ("page", got(f"{url}/p/{PAD}")),
            ("join", join),
            ready[0],
            ("export", got(f"{url}/p/{PAD}/export/txt")),
            ("history", history),
            *ready[1:],
        ]


async def _patiently(errand: Callable[[], Awaitable[str]]) -> str:
    async with asyncio.timeout(PATIENCE):
        return await errand()


@asynccontextmanager
async def bystanders(fleet: Fleet, target: Target) -> AsyncIterator[Bystanders]:
    """Keeps bystanders on the fleet until the end; none of them may lose the connection."""
    async with (
        connect(f"{fleet.urls[0]}/p/{PAD}") as here,
        connect(f"{fleet.urls[1]}/p/{PAD}") as there,
        asyncio.TaskGroup() as group,
    ):
        await here.append("calm\n")
        people = Bystanders(fleet, target, [here, there])
        tasks = [group.create_task(people.type()), group.create_task(people.run_errands())]
        yield people
        for task in tasks:
            task.cancel()
