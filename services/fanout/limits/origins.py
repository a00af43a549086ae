"""Which pages may change something here. Pure.

A browser sends cookies to us whatever page it is that connects, and says in `Origin` which one
(RFC 6455, 10.2). Let in from everywhere, any page in the world could open somebody's pads with that
somebody's cookies. Clients that are not browsers send no Origin, and have no cookies of others.

Where a browser sends no Origin, as for the `GET` of an image or a script, it says in
`Sec-Fetch-Site` how that page and we belong together.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from padfleet.services.fanout.limits.hosts import name_in

SAME = "same"
ANY = "*"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginVerdict(Enum):
    WELCOME = "welcome"
    WITHOUT_COOKIES = "without cookies"
    """It may, as somebody who has just come: who is behind the browser is none of its business."""
    FOREIGN = "foreign"


class From(NamedTuple):
    """Where a request says that it comes from."""

    origin: str = ""  #: header Origin
    site: str = ""  #: header Sec-Fetch-Site
    mode: str = ""  #: header Sec-Fetch-Mode
    over_socketio: bool = False


def changes_state(method: str, path: str, cookies: str, mode: str) -> bool:
    """Whether it has to be one of our pages that asks for this.

    Sockets in any way. The operators' page, but for a link to it. The API where somebody's cookies
    go along: without them, only the key counts, which no browser adds by itself. And whatever is
    no `GET`.
    """
    if path.startswith("/socket.io/"):
        return True
    if path == "/fleet" or path.startswith("/fleet/"):
        return not (method in _SAFE and mode == "navigate")
    if is_call(path):
        return bool(cookies)
    return method not in _SAFE


def is_call(path: str) -> bool:
    """Whether it is one of Etherpad's HTTP API, in either of its styles."""
    return path in ("/api", "/rest") or path.startswith(("/api/", "/rest/"))


class Origins:
    def __init__(self, allowed: Iterable[str]) -> None:
        """`same`, `*`, and origins such as `https://wiki.example.org`."""
        self._listed = {_normal(origin) for origin in allowed}

    def lists(self, origin: str) -> bool:
        """Whether that origin is named, or all are."""
        return ANY in self._listed or (bool(origin) and _normal(origin) in self._listed)

    def verdict(self, asks: From, hosts: Iterable[str]) -> OriginVerdict:
        """`hosts`: what the request calls us, in `Host` and, from a proxy of ours, in
        `X-Forwarded-Host`."""
        if asks.origin and _normal(asks.origin) in self._listed:
            return OriginVerdict.WELCOME
        if not self._is_foreign(asks, hosts):
            return OriginVerdict.WELCOME
        return OriginVerdict.WITHOUT_COOKIES if ANY in self._listed else OriginVerdict.FOREIGN

    def _is_foreign(self, asks: From, hosts: Iterable[str]) -> bool:
        """`same` looks at names and not at ports or schemes: behind a proxy that speaks TLS, or
        maps ports, those we see are not the page's. Cookies do not tell ports apart either.

        A browser's own word is exact. It is not taken where sockets say their Origin: a page may
        have its sockets on another port of its host, and of those over WebSocket some browsers
        do not say it.
        """
        says_so = asks.site in ("cross-site", "same-site")
        if asks.origin:
            if not self._is_same(asks.origin, hosts):
                return True
            return says_so and not asks.over_socketio
        return says_so

    def _is_same(self, origin: str, hosts: Iterable[str]) -> bool:
        name = name_in(origin.partition("://")[2])
        return (
            SAME in self._listed
            and name is not None
            and any(name == name_in(host) for host in hosts)
        )


def _normal(origin: str) -> str:
    return origin.strip().rstrip("/").lower()
