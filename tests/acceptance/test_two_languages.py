"""Tests both clients together on one pad, each on a worker of its own: each knows what the other
does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.client import Cursor, Pad, connect
from padfleet.shared.easysync import from_units, to_units
from tests import node
from tests.acceptance.npm import new_pad
from tests.fleet import Fleet

PAGE = Path(__file__).parents[2] / "services" / "web" / "page"

SECONDS = 30


@pytest.fixture(autouse=True)
def _node() -> None:
    """Skips the tests without Node.js. In CI, they fail instead."""
    node.require(PAGE)


class Typescript:
    """A pad of padfleet-client in a Node process: what it last said of itself is `known`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.known: dict[str, Any] = {}

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Waits until the client knows what is wanted."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS):
            while not self.known or not wanted(self.known):
                line = await self._process.stdout.readline()
                assert line, f"it has ended, and knew {self.known}"
                self.known = json.loads(line)

    async def order(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()


@asynccontextmanager
async def typescript(url: str, name: str, color: str) -> AsyncIterator[Typescript]:
    process = await asyncio.create_subprocess_exec(
        *("node", "--import", "tsx", "client/test/shared_pad.ts", url, name, color),
        cwd=PAGE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    try:
        pad = Typescript(process)
        await pad.until(bool)
        yield pad
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def knows(pad: Pad, wanted: Callable[[], bool]) -> None:
    await asyncio.wait_for(pad.until(wanted), SECONDS)


async def test_cursors_names_and_colours_go_both_ways(fleet: Fleet) -> None:
    pad = new_pad()
    ada_url, bob_url = (f"{url}/p/{pad}" for url in fleet.urls[:2])
    async with (
        connect(ada_url, name="Ada", color="#aa0000", cursors=True) as ada,
        typescript(bob_url, "Bob", "#0000bb") as bob,
    ):
        me, him = ada.author_id, str(bob.known["author"])
        assert ada.pointing
        assert bob.known["pointing"]
        assert me != him

        # Each has to know who it is.
        await knows(ada, lambda: him in ada.users)
        assert (ada.users[him], ada.colors[him]) == ("Bob", "#0000bb")
        await bob.until(lambda known: me in known["present"])
        assert bob.known["present"][me] == {"id": me, "name": "Ada", "color": "#aa0000"}

        # Where they are.
        await ada.edit(0, len(ada.text) - 1, "0123456789")
        await ada.flush()
        await bob.until(lambda known: known["text"] == "0123456789\n")
        ada.point(2, 5)
        await bob.until(lambda known: known["cursors"].get(me) == {"anchor": 2, "head": 5})
        await bob.order(point={"anchor": 7, "head": 7})
        await knows(ada, lambda: ada.cursors.get(him) == Cursor(7, 7))

        # Both write before both cursors, and say nothing of it. The popper has two code units.
        popper = to_units("\N{PARTY POPPER}")
        await asyncio.gather(ada.edit(0, 0, popper), bob.order(edit=[0, 0, "oh, "]))
        await ada.flush()
        await knows(ada, lambda: len(ada.text) == 11 + 2 + 4)
        text = ada.text
        await bob.until(lambda known: known["settled"] and known["text"] == from_units(text))
        hers, his = (text.index("2"), text.index("5")), text.index("7")
        assert (hers, his) == ((8, 11), 13)
        await bob.until(
            lambda known: known["cursors"].get(me) == {"anchor": hers[0], "head": hers[1]}
        )
        await knows(ada, lambda: ada.cursors.get(him) == Cursor(his, his))

        # Others they are called, and nowhere any more.
        await bob.order(introduce=["Robert", "#00bb00"])
        await knows(ada, lambda: ada.users[him] == "Robert")
        assert ada.colors[him] == "#00bb00"
        await bob.order(point=None)
        await knows(ada, lambda: him not in ada.cursors)
        ada.point(None)
        await bob.until(lambda known: me not in known["cursors"])


async def test_an_author_who_leaves_takes_the_cursor_away(fleet: Fleet) -> None:
    pad = new_pad()
    ada_url, bob_url = (f"{url}/p/{pad}" for url in fleet.urls[:2])
    async with typescript(bob_url, "Bob", "#0000bb") as bob:
        async with connect(ada_url, name="Ada", color="#aa0000", cursors=True) as ada:
            me = ada.author_id
            ada.point(1)
            await bob.until(lambda known: known["cursors"].get(me) == {"anchor": 1, "head": 1})
        await bob.until(lambda known: me not in known["cursors"] and me not in known["present"])
    async with connect(ada_url, cursors=True) as carol:
        async with typescript(bob_url, "Bob", "#0000bb") as bob:
            await bob.order(point={"anchor": 3, "head": 0})
            him = str(bob.known["author"])
            await knows(carol, lambda: carol.cursors.get(him) == Cursor(3, 0))
        await knows(carol, lambda: him not in carol.cursors)
