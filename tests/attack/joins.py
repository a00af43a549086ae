"""Attacks by joins: too many of them, and odd ones."""

from __future__ import annotations

import secrets
from typing import Any, Final

from tests.attack.attack import PAD, Attack
from tests.attack.drivers import (
    Tally,
    Target,
    all_at_once,
    event,
    forever,
    http,
    over_and_over,
    polling,
    websocket,
)
from tests.attack.messages import ready


async def many_pads(target: Target, tally: Tally) -> None:
    token = f"t.{secrets.token_hex(10)}"

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(f"{PAD}-new-{number}", token=token)
            return "joined"

    await over_and_over(tally, 40, once)


async def many_authors(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target) as socket:
            await socket.join(f"{PAD}-crowd")
            return "joined"

    await over_and_over(tally, 20, once)


async def many_sockets(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target):
            tally["open"] += 1
            await forever()
        return ""

    await all_at_once(tally, 1500, once)


async def many_handshakes(target: Target, tally: Tally) -> None:
    """Opens polling sessions that are never used."""
    async with http(target) as session:

        async def once(_: int) -> str:
            await polling(session, target)
            return "opened"

        await over_and_over(tally, 20, once)


async def joins_of_one_socket(target: Target, tally: Tally) -> None:
    async def once(_: int) -> str:
        async with websocket(target) as socket:
            return await socket.flood(event(ready(f"{PAD}-again")) * 50)

    await over_and_over(tally, 4, once)


PAD_IDS: Final[tuple[Any, ...]] = (
    "",
    " ",
    ".",
    "..",
    "../../etc/passwd",
    "a" * 51,
    "a" * 900_000,
    "\0",
    "\ud800",
    "a\r\nb",
    "pf:{0}:inbox",
    "{x}",
    "$canary-0",
    "r.00000000000000000000000000000000",
    "g.0123456789abcdef$x",
    "constructor",
    "__proto__",
    "%2e%2e%2f",
    None,
    0,
    1e308,
    True,
    [],
    {},
    ["x"],
    {"toString": "x"},
)


async def odd_pads(target: Target, tally: Tally) -> None:
    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(PAD_IDS[number % len(PAD_IDS)])
            return "joined"

    await over_and_over(tally, 8, once, 0.02)


REVS: Final[tuple[Any, ...]] = (
    -1,
    -(10**15),
    1,
    10**6,
    2**53,
    2**64,
    10**400,
    1e308,
    0.5,
    "0",
    "9" * 5000,
    None,
    [],
    {},
    True,
)


async def absurd_revs(target: Target, tally: Tally) -> None:
    async def once(number: int) -> str:
        async with websocket(target) as socket:
            rev = REVS[number % len(REVS)]
            await socket.say(ready(f"{PAD}-revs", client_rev=rev, reconnect=True))
            await socket.until('42["message"')
            return "answered"

    await over_and_over(tally, 8, once, 0.02)


IDENTITIES: Final[tuple[dict[str, Any], ...]] = (
    {"token": "t." + "x" * 500_000},
    {"token": "9" * 5000},
    {"token": None},
    {"token": {"a": []}},
    {"token": "\ud800"},
    {"token": "t.\r\nSet-Cookie: x"},
    {"sessionID": "s." + "x" * 100_000},
    {"sessionID": ["s.x"] * 1000},
    {"sessionID": ",".join(f"s.{n:016d}" for n in range(2000))},
    {"userInfo": {"name": "x" * 400_000, "colorId": "x" * 400_000}},
    {"userInfo": {"name": {"a": 1}, "colorId": [1]}},
    {"userInfo": "x"},
    {"protocolVersion": "9" * 5000},
    {"padId": "x", "client_rev": {"$gt": 0}, "reconnect": "x" * 1000},
)


async def odd_identities(target: Target, tally: Tally) -> None:
    """Sends CLIENT_READY with fields that no page fills in like this."""

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.join(f"{PAD}-identity", **IDENTITIES[number % len(IDENTITIES)])
            return "joined"

    await over_and_over(tally, 6, once, 0.02)


async def reconnect_storm(target: Target, tally: Tally) -> None:
    """Pages come back with an old revision, all at once, over and over."""

    async def once(number: int) -> str:
        async with websocket(target) as socket:
            await socket.say(ready(target.long, client_rev=number % 300, reconnect=True))
            await socket.until('42["message"')
            return "answered"

    await over_and_over(tally, 40, once)


def attacks() -> list[Attack]:
    return [
        Attack(
            "joins: one author on forty sockets, new pads",
            many_pads,
            {"joined": 10, "closed 1001": 10},
            5,
            keys_left=3000,
        ),
        Attack(
            "joins: a new author each time",
            many_authors,
            {"joined": 20},
            4,
            keys=20_000,
        ),
        Attack("joins: 1,500 sockets of one client", many_sockets, {"open": 200}, 5, keys_left=100),
        Attack("joins: polling sessions that are left", many_handshakes, {"opened": 50}, 4),
        Attack(
            "joins: over and over on one socket",
            joins_of_one_socket,
            {"held back": 4},
            4,
            keys_left=4000,
        ),
        Attack(
            "joins: names of pads that are none",
            odd_pads,
            {"denied": 20, "joined": 5},
            4,
            keys_left=4000,
        ),
        Attack(
            "joins: revisions that no client can have",
            absurd_revs,
            {"answered": 20},
            4,
            keys_left=4000,
        ),
        Attack(
            "joins: tokens, sessions and names that no page has",
            odd_identities,
            {"joined": 5, "denied": 5},
            4,
            keys_left=4000,
        ),
        Attack(
            "joins: a storm of stale pages",
            reconnect_storm,
            {"answered": 50},
            4,
            keys_left=20_000,
            keys=20_000,
        ),
    ]
