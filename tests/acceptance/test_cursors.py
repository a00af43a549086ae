"""Tests the cursors of others, for clients that announce them, over two workers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from padfleet.shared.client import Cursor, Pad, connect
from tests.acceptance.npm import new_pad
from tests.fleet import Fleet
from tests.guest import Guest

Message = dict[str, Any]

SUPPORTS = ["CURSORS"]


def places(guest: Guest) -> list[Message]:
    """Returns what the guest was told, in order."""
    return [cursor for message in guest.heard("CURSORS") for cursor in message["cursors"]]


async def point(guest: Guest, rev: Any, anchor: Any, head: Any) -> Any:
    return await guest.collab("CURSOR", rev=rev, anchor=anchor, head=head)


async def speak(guest: Guest, text: str) -> Any:
    return await guest.collab("CHAT_MESSAGE", message={"text": text})


async def test_a_cursor_is_told_to_those_who_announce_it(fleet: Fleet) -> None:
    pad = new_pad()
    async with AsyncExitStack() as stack:

        async def guest(worker: int, name: str = pad, **more: Any) -> Guest:
            made = await stack.enter_async_context(Guest(fleet.urls[worker]))
            return await made.join(name, **more)

        ada = await guest(0, supports=SUPPORTS)
        bob = await guest(1, supports=SUPPORTS)
        stock = await guest(0)
        reader = await guest(1, ada.vars["readOnlyId"], supports=SUPPORTS)
        assert ada.vars["cursors"] is True
        assert "cursors" not in stock.vars
        assert "cursors" not in reader.vars
        author = ada.vars["userId"]
        # As fast as it goes: the last place is told whatever became of those before.
        for place in range(5):
            assert await point(ada, 0, place, place + 1) is None
        last = {"userId": author, "rev": 0, "anchor": 4, "head": 5}
        await bob.hears(lambda: places(bob)[-1:] == [last], "the newest place")
        assert await point(ada, 0, None, None) is None
        gone = {"userId": author, "rev": 0, "anchor": None, "head": None}
        await bob.hears(lambda: places(bob)[-1:] == [gone], "that it is gone")
        # What comes after it has come by the same channel: those who were not told never will be.
        assert await speak(bob, "ready?") is None
        for other in (ada, stock, reader):
            await other.hears(lambda other=other: other.heard("CHAT_MESSAGE"), "the chat")  # type: ignore[misc]
            assert places(other) == []


async def test_what_is_no_place_is_refused(fleet: Fleet) -> None:
    pad = new_pad()
    async with Guest(fleet.urls[0]) as ada, Guest(fleet.urls[0]) as stock:
        await ada.join(pad, supports=SUPPORTS)
        await stock.join(pad)
        wrong: list[tuple[Any, Any, Any]] = [
            (1, 0, 0),  # which it has not been sent
            (-1, 0, 0),
            ("0", 0, 0),
            (True, 0, 0),
            (0, -1, 0),
            (0, 0, 1.5),
            (0, 0, 1 << 53),
            (0, None, 0),
            (0, 0, None),
            (0, [], {}),
        ]
        for rev, anchor, head in wrong:
            answer = await point(ada, rev, anchor, head)
            assert answer is not None, (rev, anchor, head)
            assert "internal" not in answer["message"]
        assert "announced" in (await point(stock, 0, 0, 0))["message"]
        assert ada.connected
        assert await point(ada, 0, 3, 3) is None


async def test_a_client_that_moves_its_cursor_too_fast_is_refused_and_may_still_chat(
    fleet: Fleet,
) -> None:
    pad = new_pad()
    async with Guest(fleet.urls[0]) as ada:
        await ada.join(pad, supports=SUPPORTS)
        answers = await asyncio.gather(*(point(ada, 0, place, place) for place in range(60)))
        refused = [answer for answer in answers if answer is not None]
        assert refused
        assert all("too many places of the cursor" in answer["message"] for answer in refused)
        assert await speak(ada, "still here") is None


async def test_the_python_client_points_and_is_told_across_edits_and_lost_connections(
    fleet: Fleet,
) -> None:
    pad = new_pad()
    addresses = [f"{url}/p/{pad}" for url in fleet.urls[:2]]
    async with (
        connect(addresses[0], cursors=True) as ada,
        connect(addresses[1], cursors=True) as bob,
        connect(addresses[0]) as stock,
        connect(f"{fleet.urls[1]}/p/{ada.read_only_id}", cursors=True) as reader,
    ):
        assert (ada.pointing, bob.pointing) == (True, True)
        assert (stock.pointing, reader.pointing) == (False, False)

        async def sees(pad: Pad, other: Pad, anchor: int, head: int) -> None:
            cursor = Cursor(anchor, head)
            seen = pad.until(lambda: pad.cursors.get(other.author_id) == cursor)
            await asyncio.wait_for(seen, 20)

        await ada.edit(0, len(ada.text) - 1, "0123456789")
        await ada.flush()
        rev = ada.rev
        await asyncio.wait_for(bob.until(lambda: bob.rev == rev), 20)
        ada.point(2, 5)
        await sees(bob, ada, 2, 5)
        # He types before it, and she behind her cursor; neither says anything of it.
        await asyncio.gather(bob.edit(0, 0, "oh, "), ada.edit(8, 0, "!"))
        await asyncio.gather(bob.flush(), ada.flush())
        await sees(bob, ada, 6, 9)
        # If she had not seen what he typed, hers would come after it, and her cursor with it.
        await asyncio.wait_for(ada.until(lambda: "oh, " in ada.text), 20)
        # In what she has typed, and he has not seen yet.
        await ada.edit(0, 0, "well ")
        ada.point(2)
        await sees(bob, ada, 2, 2)
        bob.point(len(bob.text) - 1)
        await sees(ada, bob, len(ada.text) - 1, len(ada.text) - 1)

        def place(pad: Pad) -> int:
            return len(pad.text) - 1 if pad is bob else 2

        for one, other in ((ada, bob), (bob, ada)):
            at = place(other)
            one.cut()
            await asyncio.wait_for(one.until(lambda one=one: one.resumes > 0), 20)  # type: ignore[misc]
            await sees(other, one, place(one), place(one))
            await sees(one, other, at, at)
        ada.point(None)
        await asyncio.wait_for(bob.until(lambda: ada.author_id not in bob.cursors), 20)
        for outsider in (stock, reader):
            head = ada.rev
            await asyncio.wait_for(
                outsider.until(lambda outsider=outsider, head=head: outsider.rev == head),  # type: ignore[misc]
                20,
            )
            assert outsider.cursors == {}
