"""Sends files and large answers to clients that may receive them slowly, or not at all."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

log = logging.getLogger(__name__)

PIECE: Final = 1 << 16
"""How many bytes are sent at a time."""

PATIENCE: Final = 30.0
"""The number of seconds within which a client has to receive the next of these."""

SLOWEST: Final = 16_384
"""The average number of bytes a second that a client has to receive, after `PATIENCE`."""


async def send(
    request: web.Request, response: web.StreamResponse, body: AsyncIterator[bytes]
) -> None:
    """Sends a file as fast as the client receives it. A client that is too slow is disconnected,
    since there is no other way to say that a file is incomplete once it has begun. The same happens
    if `body` raises."""
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
                # Without this, a client that receives at once would let no other task run, and a
                # piece may be megabytes.
                await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            await response.write_eof()
    except BaseException as error:
        # The connection keeps unsent data in memory for as long as it exists.
        if request.transport is not None:
            request.transport.abort()
        if not isinstance(error, TimeoutError | ConnectionError):
            raise
        log.info("sending aborted", extra={"reason": repr(error), "sent": sent})


async def whole(body: bytes) -> AsyncIterator[bytes]:
    """Yields a file that is already complete."""
    yield body
