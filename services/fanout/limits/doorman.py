"""This module is the one middleware through which every request passes, and which checks where it
comes from.

`Hosts` says whether it is meant for us, and `Origins` whether the page that makes a browser send it
may do so. After this, nothing looks at `Origin`, `Sec-Fetch-Site` or `Cookie` again, except for the
guard of the operators' page, which is stricter.
"""

from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from padfleet.services.fanout.limits.addresses import Trusted, is_near
from padfleet.services.fanout.limits.counted_requests import refused
from padfleet.services.fanout.limits.hosts import Hosts
from padfleet.services.fanout.limits.origins import (
    Origins,
    OriginVerdict,
    RequestOrigin,
    changes_state,
)
from padfleet.shared import refusals

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


def doorman(trusted: Trusted, hosts: Hosts, origins: Origins) -> Middleware:
    """Returns the middleware. It answers 421 to requests for another host, and 403 to pages that
    may not do what they ask for."""

    @web.middleware
    async def asks(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_FOR_MACHINES):
            return await handler(request)
        peer = request.remote or ""
        proxied = trusted.knows(peer)
        names = _names_of_ours(request, proxied=proxied)
        near = is_near(peer) and not proxied
        if not hosts.are_ours(names, near=near):
            refusals.LIMITED.labels("host").inc()
            return refused(request, 421, _NOT_US % ", ".join(names)[:200])
        cookies = request.headers.get("Cookie", "")
        if changes_state(request.method, request.path, cookies, _mode(request)):
            verdict = origins.verdict(_from(request), names)
            if verdict is OriginVerdict.FOREIGN:
                refusals.LIMITED.labels("origin").inc()
                origin = request.headers.get("Origin", "") or "other sites"
                return refused(request, 403, _FOREIGN % origin[:200])
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
