"""This module is the one middleware through which every request passes, and which checks where it
comes from.

`RequestRate` says whether its address has made too many, `Hosts` whether it is meant for us, and
`Origins` whether the page that makes a browser send it may do so. After this, nothing looks at
`Origin`, `Sec-Fetch-Site` or `Cookie` again, except for the guard of the operators' page, which is
stricter.
"""

from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from padfleet.services.fanout.limits.addresses import Trusted, is_near
from padfleet.services.fanout.limits.hosts import Hosts
from padfleet.services.fanout.limits.origins import (
    Origins,
    OriginVerdict,
    RequestOrigin,
    changes_state,
    is_call,
)
from padfleet.services.fanout.limits.request_rate import RETRY_AFTER, RequestRate, cost_of
from padfleet.shared import refusals
from padfleet.shared.wire.jsontext import dumps

COOKIES = web.RequestKey("cookies", str)
"""Every request carries those of its cookies that count under this key."""

_FOR_MACHINES = ("/health/", "/metrics", "/stats/")
"""Balancers, probes and Prometheus may call us by any name, and learn nothing about anybody."""

_FOREIGN = (
    "Pages of %s may not do this here. If they should, its operator lists that origin in "
    "PADFLEET_CORS; or a proxy in front has to pass on the Host header.\n"
)

_NOT_US = (
    "Nobody here is called %s. If this fleet is, its operator lists that name in PADFLEET_HOSTS, "
    "or the proxy that passes it on in PADFLEET_TRUSTED_PROXIES.\n"
)


_TOO_MANY = (
    "These are too many requests from %s: come again in a moment. If many people share that "
    "address, the operator of this fleet names their proxy in PADFLEET_TRUSTED_PROXIES, or raises "
    "PADFLEET_REQUESTS_PER_SECOND_PER_ADDRESS.\n"
)


def doorman(trusted: Trusted, hosts: Hosts, origins: Origins, rate: RequestRate) -> Middleware:
    """Returns the middleware. It answers 429 to an address that makes too many requests, 421 to
    requests for another host, and 403 to pages that may not do what they ask for."""

    @web.middleware
    async def asks(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_FOR_MACHINES):
            return await handler(request)
        peer = request.remote or ""
        if cost := cost_of(request.path):
            address = trusted.client(peer, request.headers.items())
            if not rate.admits(address, cost):
                return _too_many(request, address)
        proxied = trusted.knows(peer)
        names = _names_of_ours(request, proxied=proxied)
        near = is_near(peer) and not proxied
        if not hosts.are_ours(names, near=near):
            refusals.LIMITED.labels("host").inc()
            return _refused(request, 421, _NOT_US % ", ".join(names)[:200])
        cookies = request.headers.get("Cookie", "")
        if changes_state(request.method, request.path, cookies, _mode(request)):
            verdict = origins.verdict(_from(request), names)
            if verdict is OriginVerdict.FOREIGN:
                refusals.LIMITED.labels("origin").inc()
                origin = request.headers.get("Origin", "") or "other sites"
                return _refused(request, 403, _FOREIGN % origin[:200])
            if verdict is OriginVerdict.WITHOUT_COOKIES:
                cookies = ""
        request[COOKIES] = cookies
        return await handler(request)

    return asks


def _names_of_ours(request: web.Request, *, proxied: bool) -> Sequence[str]:
    """Returns the names by which the request calls us: the one it came with, and the one that a
    proxy of ours says it was called by."""
    said = [request.headers.get("Host", "")]
    if proxied and (forwarded := request.headers.get("X-Forwarded-Host", "")):
        said.append(forwarded.rpartition(",")[2].strip())
    return said


def _from(request: web.Request) -> RequestOrigin:
    return RequestOrigin(
        origin=request.headers.get("Origin", ""),
        site=request.headers.get("Sec-Fetch-Site", ""),
        mode=_mode(request),
        over_socketio=request.path.startswith("/socket.io/"),
    )


def _mode(request: web.Request) -> str:
    return request.headers.get("Sec-Fetch-Mode", "")


def _too_many(request: web.Request, address: str) -> web.Response:
    """Returns the answer to an address that makes too many requests. Its connection is closed, as
    nobody reads the rest of the request."""
    answer = _refused(request, 429, _TOO_MANY % address[:200])
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    answer.force_close()
    return answer


def _refused(request: web.Request, status: int, why: str) -> web.Response:
    if is_call(request.path):
        text = dumps({"code": 4, "message": why.strip(), "data": None})
        return web.Response(status=status, text=text, content_type="application/json")
    return web.Response(status=status, text=why)
