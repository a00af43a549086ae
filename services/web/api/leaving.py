"""Work for a client that may leave before it is done.

aiohttp lets a handler go on when its client is gone. What is being read, converted or waited for
then is for nobody, and keeps a place, and memory, from those who are there.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from aiohttp import web

from padfleet.shared.tasks import awaited

T = TypeVar("T")

LOOK: Final = 0.2
"""Seconds between two looks at whether the client is there."""


class ClientLeft(ConnectionResetError):
    """The client has gone, and nobody waits for an answer."""


def has_left(request: web.BaseRequest) -> bool:
    transport = request.transport
    return transport is None or transport.is_closing()


async def while_there(request: web.BaseRequest, work: Coroutine[Any, Any, T]) -> T:
    """What `work` comes to; it is cancelled when the client of the request leaves, and whatever it
    had is given back before this raises `ClientLeft`. For work that may end anywhere: nothing that
    changes a pad."""
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
        # This frame is in the traceback of its fault, and so are those with the body of the call:
        # see `shared.tasks.Fault`.
        del task
