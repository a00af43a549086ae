"""How HTTP is served by every process: what stands on all answers, errors and refusals included.

    app = web.Application()
    add_safe_headers(app)
    runner = Runner(app, access_log=None)

`nosniff`: what somebody else has written is never taken for a script. `Cross-Origin-Resource-
Policy`: no page of another site makes a browser load it, as an image or a script that it then
measures.

And nothing of a request that is none gets into a log, and bodies that come packed stay so until
somebody wants them (`services.web.api.unpacking`).
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
"""Faults of who sends: of a request, and of its body."""

Policy = Callable[[web.BaseRequest], bool]
"""Whether pages of other origins may load the answer to this request."""


def _nobody(_request: web.BaseRequest) -> bool:
    return False


def add_safe_headers(app: web.Application, lets_others: Policy = _nobody) -> None:
    """Puts the headers on every answer of `app`, where a handler has not said otherwise."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        put_on(response, others=lets_others(request))

    app.on_response_prepare.append(prepare)


def put_on(response: web.StreamResponse, *, others: bool = False) -> None:
    name, value = NOSNIFF
    response.headers.setdefault(name, value)
    response.headers.setdefault(RESOURCE_POLICY, "cross-origin" if others else "same-origin")


class ServerConnection(RequestHandler):
    """What is no request of HTTP is answered before there is an application to answer it."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, web.RequestPayloadError):
            status = 400  # whoever the handler is: it wanted a body, and there is none
        if isinstance(exc, _NOT_HTTP):
            # Its text, which the library logs and answers with, quotes the request: an API key may
            # stand in the part that it quotes.
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
        """What has failed outside of a handler. The rest of a body that cannot be read, which
        nobody wanted, is its sender's fault; anybody could fill the log with it."""
        error = options.get("exc_info")
        if isinstance(error, _NOT_HTTP):
            log.info("malformed HTTP request", extra={"reason": type(error).__name__})
        elif isinstance(error, asyncio.InvalidStateError) and self._force_close:
            # The connection is being shut down, and its request was done in the moment in which it
            # was not waited for any longer: aiohttp sets what it has cancelled.
            log.info("a request was finished while the process stopped")
        else:
            super().log_exception(*args, **options)


class _Server(web.Server):
    makes: Callable[..., RequestHandler] = ServerConnection

    def __call__(self) -> RequestHandler:
        return self.makes(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """`web.AppRunner`, whose answers to malformed requests have the headers too."""

    def __init__(
        self,
        app: web.Application,
        *,
        handler: Callable[..., ServerConnection] = ServerConnection,
        **options: Any,
    ) -> None:
        """`handler` makes a connection, of what aiohttp's own takes."""
        super().__init__(app, auto_decompress=False, **options)
        self._makes = handler

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        server = _Server(made.request_handler, request_factory=made.request_factory, **made._kwargs)
        server.makes = self._makes
        return server
