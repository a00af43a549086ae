"""Attacks by long polling: out of order, twice at once, and while a WebSocket takes over."""

from __future__ import annotations

import asyncio
import json

from tests.attack.attack import PAD, Attack
from tests.attack.drivers import (
    TEXT,
    Tally,
    Target,
    frame,
    http,
    over_and_over,
    polling,
    told,
    websocket,
)
from tests.attack.messages import ready


async def polling_out_of_order(target: Target, tally: Tally) -> None:
    """Sends messages by polling before they are allowed, after a goodbye, and twice."""
    async with http(target) as session:

        async def said(url: str, data: str | None = None) -> str:
            method = "GET" if data is None else "POST"
            async with session.request(method, url, data=data) as answer:
                await answer.read()
                return told(answer.status)

        async def once(number: int) -> str:
            url = await polling(session, target)
            join = f"42{json.dumps(['message', ready(f'{PAD}-polled')])}"
            match number % 5:
                case 0:
                    return f"event before connect: {await said(url, join)}"
                case 1:
                    await said(url, "40\x1e1")
                    return f"after a goodbye: {await said(url, join)}, {await said(url)}"
                case 2:
                    await said(url, "40")
                    both = await asyncio.gather(*(said(url, join) for _ in range(5)))
                    return f"joins at once: {'/'.join(sorted(set(both)))}"
                case 3:
                    await said(url, "41\x1e40\x1e41\x1e40")
                    return f"connects and disconnects: {await said(url)}"
                case _:
                    await said(url, "2\x1e2probe\x1e5\x1e3\x1e6")
                    return f"an upgrade that is none: {await said(url, '1')}"

        await over_and_over(tally, 6, once, 0.05)


async def upgrades(target: Target, tally: Tally) -> None:
    async with http(target) as session:

        async def once(_: int) -> str:
            sid = (await polling(session, target)).partition("&sid=")[2]
            query = f"&sid={sid}"
            async with websocket(target, query=query, greet=False) as first:
                # It probes, and is about to take over, when a second one comes in its way.
                await first.send(frame(TEXT, b"2probe") * 20)
                await first.until("3probe")
                tally["3probe"] += 1
                async with websocket(target, query=query, greet=False) as second:
                    await first.send(frame(TEXT, b"5") * 5)
                    return await second.flood(frame(TEXT, b"2probe") + frame(TEXT, b"5"))

        await over_and_over(tally, 8, once)


async def polling_abuse(target: Target, tally: Tally) -> None:
    """Sends bodies with too many packets, two polls at once, others' sids, and script requests."""
    async with http(target) as session:

        async def once(number: int) -> str:
            url = await polling(session, target)
            kind = number % 6
            if kind == 0:
                async with session.post(url, data="\x1e".join(["3"] * 1500)) as answer:
                    return f"too many packets: {answer.status}"
            if kind == 1:
                async with session.post(url, data="4" + "x" * 2_000_000) as answer:
                    return f"too large: {answer.status}"
            if kind == 2:
                # This gives them something to poll for, so that they do not wait for the next ping.
                async with session.post(url, data="40") as answer:
                    await answer.read()
                both = await asyncio.gather(*(polled_for_a_moment(url) for _ in range(2)))
                return f"two polls: {'/'.join(sorted(both))}"
            if kind == 3:
                return f"another's sid: {await polled(url[:-4] + 'xxxx')}"
            if kind == 4:
                return f"script: {await polled(url + '&j=0')}"
            async with session.post(url, data=b"\xff\xfe\x1e\x1e\x1e4\x1e") as answer:
                return f"no packets: {answer.status}"

        async def polled(url: str) -> str:
            async with session.get(url) as answer:
                await answer.read()
                return str(answer.status)

        async def polled_for_a_moment(url: str) -> str:
            try:
                async with asyncio.timeout(1):
                    return await polled(url)
            except TimeoutError:
                return "waits"  # the other poll got everything that was there

        await over_and_over(tally, 6, once)


def attacks() -> list[Attack]:
    return [
        Attack(
            "polling: out of order, and twice",
            polling_out_of_order,
            {"event before connect": 2, "after a goodbye: 400": 2, "joins at once: 200": 2},
            4,
            keys_left=4000,
        ),
        Attack(
            "polling: two transports fight for a session",
            upgrades,
            {"3probe": 4},
            4,
        ),
        Attack(
            "polling: bodies, sids and scripts",
            polling_abuse,
            {"two polls": 5, "another's sid: 400": 5, "script: 400": 5, "too large: 413": 5},
            4,
        ),
    ]
