"""python-engineio's driver for aiohttp, where it falls short of what clients do."""

import logging
from typing import Any

from aiohttp import web

_PACKET_TYPES = tuple("0123456")


class _WholeBody:
    """The body of a POST, in the form in which the driver reads it.

    The driver reads `request.content`, whose `read(n)` gives what has arrived so far: a long
    message on polling came in half and was refused.
    """

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def read(self, length: int) -> bytes:
        # Longer than the application's client_max_size, and aiohttp answers 413 by itself.
        return (await self._request.read())[:length]


class _BriefOnClientFaults(logging.Filter):
    """Makes one line of what the engine logs about a malformed packet, instead of a traceback: a
    client can send as many as it likes."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            # What the engine catches and logs comes from taking a packet apart; our own handlers
            # run in tasks of their own.
            record.msg, record.args = "malformed packet from a client", ()
            record.error = f"{type(error).__name__}: {error}"[:200]
            record.exc_info = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def library_logger(name: str) -> logging.Logger:
    """A logger for socketio or engineio. Left to themselves they add handlers of their own, which
    write a second, bare line beside ours."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    if not logger.filters:
        logger.addFilter(_BriefOnClientFaults())
    return logger


def mend(driver: dict[str, Any]) -> dict[str, Any]:
    """A driver (`AsyncServer.eio._async`) that reads bodies whole, and ends a connection that sends
    what is no packet. (The engine would raise out of its handler, and the session would linger
    until its ping is missed.)"""
    translate = driver["translate_request"]
    plain: Any = driver["websocket"]

    class WebSocket(plain):  # type: ignore[misc]
        async def wait(self) -> str | bytes:
            data: str | bytes = await super().wait()
            if isinstance(data, str) and data[:1] not in _PACKET_TYPES:
                raise OSError("not an Engine.IO packet")
            return data

    def translate_request(request: web.Request) -> dict[str, Any]:
        environ: dict[str, Any] = translate(request)
        environ["wsgi.input"] = _WholeBody(request)
        return environ

    return {**driver, "translate_request": translate_request, "websocket": WebSocket}
