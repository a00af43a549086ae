"""Attacks by clients that ask for much and read nothing of it."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import Any

from tests.attack.attack import PAD, Attack
from tests.attack.drivers import (
    Tally,
    Target,
    all_at_once,
    event,
    forever,
    http,
    polling,
    websocket,
)
from tests.attack.messages import changeset_req, collab, insert, ready


async def unread_answers(target: Target, tally: Tally, pad: str, asked: dict[str, Any]) -> None:
    """Lets ten sockets join a pad, ask again and again, and read none of the answers."""
    said = event(asked)

    async def once(_: int) -> str:
        async with websocket(target, small=True) as socket:
            await socket.join(pad)
            socket.stop_reading()
            await socket.send(said * 5)
            tally["asked"] += 1
            await socket.pour(said * 20)
            await forever()
        return ""

    await all_at_once(tally, 10, once)


async def unread_large_pad(target: Target, tally: Tally) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(40):
            socket = await stack.enter_async_context(websocket(target, small=True))
            socket.stop_reading()
            await socket.say(ready(target.large))
            tally["held open"] += 1
        await forever()


async def unread_polls(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with http(target) as session:
            url = await polling(session, target)
            said = f"40\x1e42{json.dumps(['message', ready(target.large)])}"
            async with session.post(url, data=said) as answer:
                tally[f"held open, {answer.status}"] += 1
            await forever()
        return ""

    await all_at_once(tally, 40, once)


async def unread_chat(target: Target, tally: Tally) -> None:
    asked = collab("GET_CHAT_MESSAGES", start=0, end=100)
    await unread_answers(target, tally, target.chatty, asked)


async def unread_timeslider(target: Target, tally: Tally) -> None:
    await unread_answers(target, tally, target.long, changeset_req(target.long, 0, 1))


FULL = 5_000_000
"""How many characters a pad may have: a quick writer reaches this within an attack."""


async def unread_edits(target: Target, tally: Tally) -> None:
    """Lets twenty sockets ignore what one author writes."""
    pad = f"{PAD}-unread-edits"
    async with AsyncExitStack() as stack:
        for _ in range(20):
            socket = await stack.enter_async_context(websocket(target, small=True))
            await socket.join(pad)
            socket.stop_reading()
        writer = await stack.enter_async_context(websocket(target))
        said = await writer.join(pad)
        known = said["collab_client_vars"]
        rev, size = known["rev"], len(known["initialAttributedText"]["text"])
        while size + 20_000 < FULL:
            await writer.say(insert(said["userId"], rev, size, "x" * 20_000))
            heard = json.loads((await writer.until("ACCEPT_COMMIT"))[2:])
            rev, size = heard[1]["data"]["newRev"], size + 20_000
            tally["accepted"] += 1
        tally["pad full"] += 1
        await forever()


def attacks() -> list[Attack]:
    return [
        Attack(
            "unread: a pad of 3 MB, by forty sockets",
            unread_large_pad,
            {"held open": 40},
            5,
            short=True,
            keys_left=100,
        ),
        Attack(
            "unread: the same by polling", unread_polls, {"held open, 200": 40}, 5, keys_left=100
        ),
        Attack("unread: chat, asked for again and again", unread_chat, {"asked": 10}, 4),
        Attack("unread: the timeslider's answers", unread_timeslider, {"asked": 10}, 4),
        Attack("unread: what others write", unread_edits, {"accepted": 20}, 5, redis_mb=120),
    ]
