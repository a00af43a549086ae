"""This module decides which pages may change something here. It is pure.

A browser sends us its cookies whichever page connects, and says in `Origin` which one it is
(RFC 6455, 10.2). If all pages were admitted, any page in the world could open people's pads with
their cookies. Clients that are not browsers send no Origin, and have nobody else's cookies.

Where a browser sends no Origin, as for the `GET` of an image or a script, it says in
`Sec-Fetch-Site` how the page is related to us.
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
    """The page may do it, but as a newcomer: it must not act as the person who uses the browser."""
    FOREIGN = "foreign"


class RequestOrigin(NamedTuple):
    """What the headers of a request say about where it comes from."""

    origin: str = ""  #: header Origin
    site: str = ""  #: header Sec-Fetch-Site
    mode: str = ""  #: header Sec-Fetch-Mode
    over_socketio: bool = False


def changes_state(method: str, path: str, cookies: str, mode: str) -> bool:
    """Returns whether only one of our own pages may ask for this.

    That holds for sockets in any case; for the operators' page, except for a link to it; for the
    API if the request carries somebody's cookies, because without them only the key counts, which
    no browser adds by itself; and for everything that is not a `GET`.
    """
    if path.startswith("/socket.io/"):
        return True
    if path == "/fleet" or path.startswith("/fleet/"):
        return not (method in _SAFE and mode == "navigate")
    if is_call(path):
        return bool(cookies)
    return method not in _SAFE


def is_call(path: str) -> bool:
    """Returns whether the path is a call of Etherpad's HTTP API, in either of its styles."""
    return path in ("/api", "/rest") or path.startswith(("/api/", "/rest/"))


class Origins:
    def __init__(self, allowed: Iterable[str]) -> None:
        """Takes what is allowed: `same`, `*`, and origins such as `https://wiki.example.org`."""
        self._listed = {_normal(origin) for origin in allowed}

    def lists(self, origin: str) -> bool:
        """Returns whether that origin is listed, or all are."""
        return ANY in self._listed or (bool(origin) and _normal(origin) in self._listed)

    def verdict(self, asks: RequestOrigin, hosts: Iterable[str]) -> OriginVerdict:
        """Decides on a request; `hosts` are the names by which it calls us, in `Host` and, if it
        comes from a proxy of ours, in `X-Forwarded-Host`."""
        if asks.origin and _normal(asks.origin) in self._listed:
            return OriginVerdict.WELCOME
        if not self._is_foreign(asks, hosts):
            return OriginVerdict.WELCOME
        return OriginVerdict.WITHOUT_COOKIES if ANY in self._listed else OriginVerdict.FOREIGN

    def _is_foreign(self, asks: RequestOrigin, hosts: Iterable[str]) -> bool:
        """Returns whether the request comes from a foreign page.

        `same` compares names, and not ports or schemes: behind a proxy that speaks TLS or maps
        ports, those that we see are not the page's. Cookies do not distinguish ports either.

        What a browser says in `Sec-Fetch-Site` is exact. It is not used for sockets that send an
        Origin, because a page may have its sockets on another port of its host, and some browsers
        do not send it for those over WebSocket.
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
