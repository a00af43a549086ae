"""Runs work for a client that may leave before it is done.

aiohttp lets a handler continue when its client has left. What it then reads, converts or waits for
is of no use to anybody, and takes up a place and memory that others need.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from aiohttp import web

from padfleet.shared.tasks import awaited

T = TypeVar("T")

LOOK: Final = 0.2
"""The number of seconds between two checks of whether the client is still there."""


class ClientLeft(ConnectionResetError):
    """The client has left, and nobody waits for an answer."""


def has_left(request: web.BaseRequest) -> bool:
    transport = request.transport
    return transport is None or transport.is_closing()


async def while_there(request: web.BaseRequest, work: Coroutine[Any, Any, T]) -> T:
    """Returns the result of `work`. If the client of the request leaves, `work` is cancelled, and
    what it held is released before this raises `ClientLeft`. This is for work that may end at any
    point, and never for anything that changes a pad."""
    task = awaited(work, "work for a request")
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK)
            if not task.done() and has_left(request):
                raise ClientLeft("the client has left")
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        # The traceback of the fault refers to this frame, and to those that hold the body of the
        # call: see `TaskFault`.
        del task
