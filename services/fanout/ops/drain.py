"""This module lets go of a worker's sockets before the worker ends: a few at a time, at random
moments.

If all of them went at once, they would all come to the other workers at once, and a join costs a
worker about as much as a second of sending.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

AT_LEAST = 50
"""How many sockets are let go per second at least, however long the window is: if there are only a
few, they need not wait until its end."""

RETRY_AFTER = 1
"""A client that was turned away is asked to come again after this many seconds. It will then reach
another worker."""


class WayOut(Protocol):
    def end(self) -> None: ...


def moments(count: int, window: float, dice: random.Random) -> list[float]:
    """Returns when each of `count` sockets goes, in ascending order and in seconds from the start.
    They are spread over `window` seconds, or over fewer if that would be slower than
    `AT_LEAST`."""
    span = min(window, count / AT_LEAST)
    return sorted(dice.uniform(0, span) for _ in range(count))


class Drain:
    """The drain of one worker. Once it has begun, it cannot be undone."""

    def __init__(self) -> None:
        self.begun = False

    def why_not_ready(self) -> str | None:
        return "draining: this worker is about to end" if self.begun else None

    async def run(self, ways_out: Sequence[WayOut], window: float, hurry: asyncio.Event) -> None:
        """Lets go of all sockets within `window` seconds, or at once as soon as `hurry` is set."""
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
    """Returns the middleware that sends new connections to another worker; existing ones go on
    until it is their turn."""

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
