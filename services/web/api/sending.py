"""Sends files and large answers to who may take them slowly, or not at all."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

log = logging.getLogger(__name__)

PIECE: Final = 1 << 16
"""Bytes that are handed over at a time."""

PATIENCE: Final = 30.0
"""Seconds in which a client has to take the next of them."""

SLOWEST: Final = 16_384
"""Bytes a second that a client has to take all in all, after `PATIENCE`."""


async def send(
    request: web.Request, response: web.StreamResponse, body: AsyncIterator[bytes]
) -> None:
    """Hands over a file as fast as it is taken. A client that is too slow is cut off: there is no
    other way to say that a file is not whole, once it has begun. What `body` raises, likewise."""
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    try:
        await response.prepare(request)
        async for piece in body:
            for start in range(0, len(piece), PIECE):
                part = memoryview(piece)[start : start + PIECE]
                latest = began + PATIENCE + sent / SLOWEST
                async with asyncio.timeout_at(min(loop.time() + PATIENCE, latest)):
                    await response.write(part)
                sent += len(part)
                # What is taken at once makes nobody wait, and a piece may be megabytes.
                await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            await response.write_eof()
    except BaseException as error:
        # The connection holds what it has not sent yet for as long as it is there.
        if request.transport is not None:
            request.transport.abort()
        if not isinstance(error, TimeoutError | ConnectionError):
            raise
        log.info("sending aborted", extra={"reason": repr(error), "sent": sent})


async def whole(body: bytes) -> AsyncIterator[bytes]:
    """A file that is there."""
    yield body
