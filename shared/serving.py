"""This module serves HTTP for every process, with headers that all answers have, including errors
and refusals.

    app = web.Application()
    add_safe_headers(app)
    runner = Runner(app, access_log=None)

`nosniff`: content written by other people is never treated as a script. `Cross-Origin-Resource-
Policy`: no page of another site can make a browser load an answer, as an image or a script that it
then measures.

In addition, nothing of a malformed request gets into a log, an address and the headers have a
maximum length, and compressed bodies stay compressed until a handler wants them
(`services.web.api.unpacking`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

log = logging.getLogger(__name__)

NOSNIFF: Final = ("X-Content-Type-Options", "nosniff")
RESOURCE_POLICY: Final = "Cross-Origin-Resource-Policy"

_NOT_HTTP: Final = (HttpProcessingError, web.RequestPayloadError)
"""Errors that are the sender's fault: in a request, and in its body."""

MOST_PATH: Final = 2_000
"""The most characters of a path, without its query. Ours have 700 or so at most: a pad's name of 50
characters, each of them four bytes that are escaped. aiohttp looks a path up once for each slash in
it, each time from its beginning: a megabyte of slashes held a process for minutes."""

MOST_QUERY: Final = 16_000
"""The most characters of a query, unless the application takes longer ones. A token may have some
thousands."""

MOST_PARAMETERS: Final = 200
"""The most parameters of a query. Reading 250,000 of them takes a third of a second."""

MOST_HEADERS: Final = 64_000
"""The most bytes of all headers of a request together. aiohttp bounds each of them and how many
there are, which are a megabyte together, and some headers are lists whose entries take long to
read. Proxies pass on half as much."""

Policy = Callable[[web.BaseRequest], bool]
"""Whether pages of other origins may load the answer to this request."""

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def _nobody(_request: web.BaseRequest) -> bool:
    return False


def _never(_path: str) -> bool:
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
            # The library still has the error in the frame where it came up, so the two would keep
            # each other, with all that has arrived, until the garbage collector finds them.
            exc.__traceback__ = None
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


class _TooLong(NamedTuple):
    """What of a request is too long, and the status of the answer that says so."""

    status: HTTPStatus
    what: str


def _is_too_long(request: web.BaseRequest, takes_long: Callable[[str], bool]) -> _TooLong | None:
    path, query = request.rel_url.raw_path, request.rel_url.raw_query_string
    if len(path) > MOST_PATH:
        return _TooLong(HTTPStatus.REQUEST_URI_TOO_LONG, "path")
    if query.count("&") >= MOST_PARAMETERS or (len(query) > MOST_QUERY and not takes_long(path)):
        return _TooLong(HTTPStatus.REQUEST_URI_TOO_LONG, "query")
    if sum(len(name) + len(value) for name, value in request.raw_headers) > MOST_HEADERS:
        return _TooLong(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers")
    return None


def _bounded(handle: Handle, takes_long: Callable[[str], bool]) -> Handle:
    """Refuses requests whose address or headers are too long, before anything looks at them.
    Requests that come together on one connection have a turn of the event loop each: from Python
    3.12 on, aiohttp begins a request at once, and would answer thousands of them without a
    pause."""

    async def bounded(request: web.BaseRequest) -> web.StreamResponse:
        if request.protocol._messages:
            await asyncio.sleep(0)
        too_long = _is_too_long(request, takes_long)
        if too_long is None:
            try:
                return await handle(request)
            except web.HTTPException as refusal:
                return _answer_of(refusal)
        status, what = too_long
        log.info("malformed HTTP request", extra={"reason": f"long {what}", "status": int(status)})
        response = web.Response(status=status, text=f"too long: {what}\n")
        put_on(response)
        response.force_close()
        return response

    return bounded


def _answer_of(refusal: web.HTTPException) -> web.Response:
    """Returns the answer that the error stands for. aiohttp would send the error itself, which
    refers to the request, whose frames refer to the error: only the garbage collector could free
    them, and a flood of requests for pages that do not exist would keep it busy."""
    refusal.__traceback__ = None
    return web.Response(
        status=refusal.status,
        reason=refusal.reason,
        headers=refusal.headers,
        body=refusal.body,
    )


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
        takes_long: Callable[[str], bool] = _never,
        **options: Any,
    ) -> None:
        """Makes a server of `app`.

        Arguments:
            handler: makes a connection, and takes the same arguments as aiohttp's own.
            takes_long: says whether the query after this path may be long.
        """
        super().__init__(app, auto_decompress=False, **options)
        self._makes = handler
        self._takes_long = takes_long

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        handler = _bounded(made.request_handler, self._takes_long)
        server = _Server(handler, request_factory=made.request_factory, **made._kwargs)
        server.makes = self._makes
        return server
