"""Tests that faults with which Etherpad 3.3.1 was seen to fail its users do not happen here."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from padfleet.shared.client import Pad, connect
from padfleet.shared.easysync import to_units
from tests.fleet import Fleet

EDITORS = 15
JOINS = 30
LONE = "\ud83d"


def addresses(fleet: Fleet, pad: str) -> list[str]:
    return [f"{url}/p/{pad}" for url in fleet.urls]


async def test_joining_while_others_commit_kicks_nobody(fleet: Fleet) -> None:
    """There, a join moved the revision that an editor's commit was compared with, and the editor
    was told badChangeset: under load 31 of 100 authors were kicked while others joined."""
    where = addresses(fleet, "busy-door")
    leaving = asyncio.Event()

    async def type_on(pad: Pad, word: str) -> int:
        count = 0
        while not leaving.is_set():
            await pad.edit(0, 0, word)
            await pad.flush()  # raises Disconnected if it is kicked
            count += 1
        return count

    async with AsyncExitStack() as stack:

        async def join(number: int) -> Pad:
            url = where[number % len(where)]
            return await stack.enter_async_context(connect(url, resume=False))

        editors = [await join(number) for number in range(EDITORS)]
        typing = [asyncio.create_task(type_on(pad, f"<{i}>")) for i, pad in enumerate(editors)]
        newcomers = await asyncio.gather(*(join(number) for number in range(JOINS)))
        leaving.set()
        counts = await asyncio.gather(*typing)
        everybody = [*editors, *newcomers]
        head = max(pad.rev for pad in editors)
        for pad in everybody:
            await asyncio.wait_for(pad.until(lambda pad=pad: pad.rev >= head), 20)  # type: ignore[misc]
        assert len({pad.text for pad in everybody}) == 1
        for number, count in enumerate(counts):
            assert everybody[0].text.count(f"<{number}>") == count


async def test_I5_the_first_edit_after_a_reconnect_with_missed_revisions_is_accepted(
    fleet: Fleet,
) -> None:
    """There, the server sent what was missed but did not move the socket's revision, and the
    returning user's first edit was refused as badChangeset, in every attempt."""
    where = addresses(fleet, "back-again")
    async with connect(where) as away, connect(where[1]) as stays:
        for round_ in range(3):
            away.cut()
            await stays.append(f"missed {round_}\n")
            await asyncio.wait_for(away.until(lambda n=round_: away.resumes == n + 1), 20)  # type: ignore[misc]
            await away.until(lambda n=round_: f"missed {n}" in away.text)  # type: ignore[misc]
            await asyncio.wait_for(away.append(f"first edit {round_}\n"), 20)
            await stays.until(lambda n=round_: f"first edit {n}" in stays.text)  # type: ignore[misc]


async def test_I9_a_lone_surrogate_survives_the_whole_way(fleet: Fleet) -> None:
    """Backspace after an emoji leaves half of it in the pad. It must reach every other client, a
    newcomer, and somebody who returns, and must not crash anything on its way."""
    where = addresses(fleet, "half-an-emoji")
    async with connect(where[0]) as one, connect(where[1]) as two, connect(where) as returns:
        await one.edit(0, 0, to_units("a😀b"))
        await one.flush()
        await two.until(lambda: two.rev == one.rev)
        returns.cut()
        await two.edit(2, 1, "")  # the second half
        await two.flush()
        for pad in (one, returns):
            await asyncio.wait_for(pad.until(lambda pad=pad: pad.rev == two.rev), 20)  # type: ignore[misc]
        async with connect(where[0]) as newcomer, connect(where[1], text_only=True) as reader:
            for pad in (one, two, returns, newcomer, reader):
                assert pad.text.startswith(f"a{LONE}b")
            await newcomer.edit(2, 0, "still typing")
            await newcomer.flush()
            await asyncio.wait_for(reader.until(lambda: reader.rev == newcomer.rev), 20)
            assert reader.text.startswith(f"a{LONE}still typingb")
