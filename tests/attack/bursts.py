"""Attacks with what arrives at once and takes long together: tiny chunks, long lists, and joins
that nobody waits for."""

from __future__ import annotations

import secrets
from typing import Final

from tests.attack.attack import PAD, Attack
from tests.attack.drivers import Tally, Target, event, over_and_over, raw, told, websocket
from tests.attack.messages import collab, ready

CHUNKS: Final = 40_000
FORM: Final = "multipart/form-data; boundary=b"


async def tiny_chunks(target: Target, tally: Tally) -> None:
    """Sends bodies in chunks of a single byte, to those who take them and to those who do not."""
    places = (
        ("/nowhere", "text/plain"),
        (f"/p/{PAD}-chunks/import", FORM),
        (f"/api/1.3.0/getText?apikey={target.key}&padID=x", "text/plain"),
        (f"/api/1.3.0/getText?apikey={target.key}&padID=x", FORM),
    )

    async def once(number: int) -> str:
        path, kind = places[number % len(places)]
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
        )
        return told(await raw(target, head.encode() + b"1\r\na\r\n" * CHUNKS + b"0\r\n\r\n"))

    await over_and_over(tally, 4, once)


async def long_lists(target: Target, tally: Tally) -> None:
    """Says things with as many values as a message may have, sixty at once."""
    many = list(range(7_900))
    said = (
        collab("CUSTOM", x=many),
        collab("CHAT_MESSAGE", message={"text": "x", "y": many}),
        {"component": "pad", "type": "nothing", "x": {"x" * n: n for n in range(200)}},
        collab("USERINFO_UPDATE", userInfo={"name": "\u0001" * 60_000, "colorId": "#ffffff"}),
    )
    bursts = [event(message) * 60 for message in said]

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(f"{PAD}-lists")
            tally["joined"] += 1
            return await socket.flood(bursts[number % len(bursts)])

    await over_and_over(tally, 4, once)


async def joins_left_behind(target: Target, tally: Tally) -> None:
    """Asks for a pad after the other, all under one name, and leaves before any of them comes."""
    token = f"t.{secrets.token_hex(10)}"

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            pads = [ready(f"{PAD}-left-{number}-{n}", token=token) for n in range(50)]
            await socket.send(b"".join(map(event, pads)))
        return "left"

    await over_and_over(tally, 4, once, 0.05)


def attacks() -> list[Attack]:
    return [
        Attack("HTTP: bodies in chunks of a byte", tiny_chunks, {"404": 1, "200": 1, "400": 1}),
        Attack("messages: long lists, sixty at once", long_lists, {"joined": 4}),
        Attack(
            "joins: asked for by sockets that leave",
            joins_left_behind,
            {"left": 20},
            keys_left=3000,
        ),
    ]
