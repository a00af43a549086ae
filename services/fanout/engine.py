"""python-engineio's driver for aiohttp, where it falls short of what clients do."""

from typing import Any

from aiohttp import web


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


def mend(driver: dict[str, Any]) -> dict[str, Any]:
    """A driver (`AsyncServer.eio._async`) that reads bodies whole."""
    translate = driver["translate_request"]

    def translate_request(request: web.Request) -> dict[str, Any]:
        environ: dict[str, Any] = translate(request)
        environ["wsgi.input"] = _WholeBody(request)
        return environ

    return {**driver, "translate_request": translate_request}
