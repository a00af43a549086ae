"""How a worker that is to end lets its sockets go: a few at a time, at random moments.

All at once would make them all come to the other workers at once, and a join costs a worker about
what it sends in a second.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

AT_LEAST = 50
"""Sockets let go per second, however long the window is: few of them need not wait for its end."""

RETRY_AFTER = 1
"""Seconds after which a client that was turned away is told to come again: to another worker."""


class WayOut(Protocol):
    def end(self) -> None: ...


def moments(count: int, window: float, dice: random.Random) -> list[float]:
    """When each of `count` sockets goes, in seconds from the start, the first one first: spread
    over `window` seconds, or less when that would be slower than `AT_LEAST`."""
    span = min(window, count / AT_LEAST)
    return sorted(dice.uniform(0, span) for _ in range(count))


class Drain:
    """Begun once, and then there is no way back."""

    def __init__(self) -> None:
        self.begun = False

    def why_not_ready(self) -> str | None:
        return "draining: this worker is about to end" if self.begun else None

    async def run(self, ways_out: Sequence[WayOut], window: float, hurry: asyncio.Event) -> None:
        """Lets all of them go within `window` seconds, or at once as soon as `hurry` is set."""
        self.begun = True
        loop = asyncio.get_running_loop()
        start = loop.time()
        order = list(ways_out)
        random.shuffle(order)
        for way_out, moment in zip(
            order, moments(len(order), window, random.Random()), strict=True
        ):
            pause = start + moment - loop.time()
            if pause > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await hurry.wait()
            way_out.end()


def turning_away(drain: Drain) -> Middleware:
    """The middleware by which new connections find another worker; those that are here go on until
    their moment."""

    @web.middleware
    async def turn_away(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_new = request.path.startswith("/socket.io/") and "sid" not in request.query
        if drain.begun and is_new:
            return web.Response(
                status=503,
                text="This worker is about to end. Come again: another one will answer.\n",
                headers={"Retry-After": str(RETRY_AFTER), "Connection": "close"},
            )
        return await handler(request)

    return turn_away
