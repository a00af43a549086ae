"""This module serves HTTP for every process, with headers that all answers have, including errors
and refusals.

    app = web.Application()
    add_safe_headers(app)
    runner = Runner(app, access_log=None)

`nosniff`: content written by other people is never treated as a script. `Cross-Origin-Resource-
Policy`: no page of another site can make a browser load an answer, as an image or a script that it
then measures.

In addition, nothing of a malformed request gets into a log, and compressed bodies stay compressed
until a handler wants them (`services.web.api.unpacking`).
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

log = logging.getLogger(__name__)

NOSNIFF: Final = ("X-Content-Type-Options", "nosniff")
RESOURCE_POLICY: Final = "Cross-Origin-Resource-Policy"

_NOT_HTTP: Final = (HttpProcessingError, web.RequestPayloadError)
"""Errors that are the sender's fault: in a request, and in its body."""

Policy = Callable[[web.BaseRequest], bool]
"""Whether pages of other origins may load the answer to this request."""


def _nobody(_request: web.BaseRequest) -> bool:
    return False


def add_safe_headers(app: web.Application, lets_others: Policy = _nobody) -> None:
    """Adds the headers to every answer of `app`, unless a handler has set them otherwise."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        put_on(response, others=lets_others(request))

    app.on_response_prepare.append(prepare)


def put_on(response: web.StreamResponse, *, others: bool = False) -> None:
    name, value = NOSNIFF
    response.headers.setdefault(name, value)
    response.headers.setdefault(RESOURCE_POLICY, "cross-origin" if others else "same-origin")


class ServerConnection(RequestHandler):
    """Answers what is not an HTTP request, as no application gets to see it."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, web.RequestPayloadError):
            status = 400  # whatever the handler is, it wanted a body, and there is none
        if isinstance(exc, _NOT_HTTP):
            # The error's text, which the library logs and sends, quotes the request: the quoted
            # part may contain an API key.
            log.info(
                "malformed HTTP request", extra={"reason": type(exc).__name__, "status": status}
            )
            response: web.StreamResponse = web.Response(
                status=status, text=f"{type(exc).__name__}: {HTTPStatus(status).phrase}\n"
            )
            response.force_close()
        else:
            response = super().handle_error(request, status, exc, message)
        put_on(response)
        return response

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Logs a fault outside a handler. If the unread rest of a body cannot be read, this is not
        logged, because it is the sender's fault, with which anybody could fill the log."""
        error = options.get("exc_info")
        if isinstance(error, _NOT_HTTP):
            log.info("malformed HTTP request", extra={"reason": type(error).__name__})
        elif isinstance(error, asyncio.InvalidStateError) and self._force_close:
            # The connection is being shut down, and its request was completed in the moment in
            # which it was no longer waited for: aiohttp sets the result of a future that it has
            # cancelled.
            log.info("a request was finished while the process stopped")
        else:
            super().log_exception(*args, **options)


class _Server(web.Server):
    makes: Callable[..., RequestHandler] = ServerConnection

    def __call__(self) -> RequestHandler:
        return self.makes(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """A `web.AppRunner` whose answers to malformed requests have the headers too."""

    def __init__(
        self,
        app: web.Application,
        *,
        handler: Callable[..., ServerConnection] = ServerConnection,
        **options: Any,
    ) -> None:
        """Takes a `handler`, which makes a connection and takes the same arguments as aiohttp's
        own."""
        super().__init__(app, auto_decompress=False, **options)
        self._makes = handler

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        server = _Server(made.request_handler, request_factory=made.request_factory, **made._kwargs)
        server.makes = self._makes
        return server
