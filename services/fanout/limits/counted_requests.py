"""This module is the middleware that counts every request without a socket for its address, and
refuses those of an address that makes too many. `RequestRate` has the counts.

Every request passes here, whether or not anything serves it. What is free is so only if it is
served: whatever nobody serves counts, below any path.
"""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from padfleet.services.fanout.limits.addresses import Trusted
from padfleet.services.fanout.limits.origins import is_call
from padfleet.services.fanout.limits.request_rate import (
    REFUSED,
    RETRY_AFTER,
    RequestRate,
    cost_of,
)
from padfleet.shared.payers import payer_of
from padfleet.shared.wire.jsontext import dumps

CHARGED = web.RequestKey("charged", bool)
"""Every request carries under this key whether it has been counted for its address."""

_REFUSALS = range(400, 429)
"""The answers to requests that make no sense here. What a limit refuses, and what only fails, has a
number from 429 on."""

_TOO_MANY = (
    "These are too many requests from %s: come again in a moment. If many people share that "
    "address, the operator of this fleet names their proxy in PADFLEET_TRUSTED_PROXIES, or raises "
    "PADFLEET_REQUESTS_PER_SECOND_PER_ADDRESS.\n"
)


def counted_requests(trusted: Trusted, rate: RequestRate) -> Middleware:
    """Returns the middleware. It answers 429 to an address that makes too many requests."""

    def too_many(request: web.Request, cost: float) -> web.Response | None:
        """Charges for the request. Returns the answer if its address has made too many."""
        request[CHARGED] = True
        address = trusted.client(request.remote or "", request.headers.items())
        return None if rate.admits(payer_of(address), cost) else _too_many(request, address)

    @web.middleware
    async def counts(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[CHARGED] = False
        if (cost := cost_of(request.path)) and (refusal := too_many(request, cost)) is not None:
            return refusal
        try:
            answer = await handler(request)
        except web.HTTPException as error:
            if not _is_owing(request, error):
                raise
            if (refusal := too_many(request, REFUSED)) is not None:
                return refusal
            raise
        if _is_owing(request, answer):
            return too_many(request, REFUSED) or answer
        return answer

    return counts


def _is_owing(request: web.Request, answer: web.StreamResponse) -> bool:
    """Returns whether the request would have been free, but is refused."""
    return answer.status in _REFUSALS and not request[CHARGED]


def _too_many(request: web.Request, address: str) -> web.Response:
    """Returns the answer to an address that makes too many requests. Its connection is closed, as
    nobody reads the rest of the request."""
    answer = refused(request, 429, _TOO_MANY % address[:200])
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    answer.force_close()
    return answer


def refused(request: web.Request, status: int, why: str) -> web.Response:
    """Returns an answer that says why, in the form that callers of the API expect, or as text."""
    if is_call(request.path):
        text = dumps({"code": 4, "message": why.strip(), "data": None})
        return web.Response(status=status, text=text, content_type="application/json")
    # It may quote a header, whose bytes need not be UTF-8; aiohttp gives those as lone surrogates.
    return web.Response(status=status, text=why.encode(errors="backslashreplace").decode())
