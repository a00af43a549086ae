"""This module checks every request to `/socket.io/`: whether it is of a kind that is served, and
whether there is a place for it."""

import logging
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from padfleet.services.fanout.errors import shown
from padfleet.services.fanout.limits.addresses import Trusted
from padfleet.services.fanout.limits.connection_quota import ConnectionQuota, QuotaExceeded
from padfleet.shared import refusals
from padfleet.shared.payers import Payer, payer_of

log = logging.getLogger(__name__)

PATH = "/socket.io/"

RETRY_AFTER = 5
"""A client that found no place is asked to come again after this many seconds."""

ADDRESS = web.RequestKey("address", str)
"""Every request to `PATH` carries the client's address under this key, behind any proxies."""

_FULL = {
    QuotaExceeded.WORKER: (
        503,
        "This worker has as many sockets as it may (PADFLEET_MAX_SOCKETS).\n",
    ),
    QuotaExceeded.ADDRESS: (
        429,
        "There are too many sockets from your address (PADFLEET_MAX_SOCKETS_PER_ADDRESS).\n",
    ),
}

_JSONP = "JSONP is not served: poll without the parameter j.\n"


def note_too_large(what: str, *, sid: str) -> None:
    """Counts and logs that something was refused for its size. The sender may not understand that,
    and send it again and again; with this, an operator sees why somebody cannot stay connected."""
    refusals.LIMITED.labels("message_size").inc()
    log.warning("message too large, refused", extra={"what": shown(what), "sid": shown(sid)})


def gate(
    trusted: Trusted,
    places: ConnectionQuota,
    make_place_for: Callable[[Payer], bool] = lambda _: False,
) -> Middleware:
    """Returns the middleware that checks requests for sockets.

    Arguments:
        trusted: the proxies that we trust.
        places: how many sockets there may be.
        make_place_for: on a full worker, ends a socket for a newcomer of this payer, if there is
            one that may be ended.
    """

    def why_not(payer: Payer) -> QuotaExceeded | None:
        full = places.why_not(payer)
        return None if full is QuotaExceeded.WORKER and make_place_for(payer) else full

    @web.middleware
    async def pass_through(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(PATH):
            return await handler(request)
        if "j" in request.query:
            # On anybody's page, a script tag can read the answer to its request (JSONP).
            return web.Response(status=400, text=_JSONP)
        address = trusted.client(request.remote or "", request.headers.items())
        request[ADDRESS] = address
        if "sid" not in request.query and (full := why_not(payer_of(address))) is not None:
            refusals.LIMITED.labels(full.value).inc()
            status, text = _FULL[full]
            headers = {"Retry-After": str(RETRY_AFTER), "Connection": "close"}
            return web.Response(status=status, text=text, headers=headers)
        size = request.content_length or 0
        if size > request.client_max_size:
            note_too_large(f"a request of {size} bytes", sid=request.query.get("sid", ""))
            raise web.HTTPRequestEntityTooLarge(request.client_max_size, size)
        return await handler(request)

    return pass_through
