"""Which pages may connect. Pure.

A browser sends cookies to us whatever page it is that connects, and says in `Origin` which one
(RFC 6455, 10.2). Let in from everywhere, any page in the world could open somebody's pads with that
somebody's cookies. Clients that are not browsers send no Origin, and have no cookies of others.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

SAME = "same"
ANY = "*"


class Origins:
    def __init__(self, allowed: Iterable[str]) -> None:
        """`same`, `*`, and origins such as `https://wiki.example.org`."""
        self._listed = {_normal(origin) for origin in allowed}

    def allows(self, origin: str, hosts: Iterable[str]) -> bool:
        """`hosts`: what the request calls us, in `Host` and, from a proxy of ours, in
        `X-Forwarded-Host`.

        `same` looks at names and not at ports or schemes: behind a proxy that speaks TLS, or maps
        ports, those we see are not the page's. Cookies do not tell ports apart either.
        """
        if not origin or ANY in self._listed or _normal(origin) in self._listed:
            return True
        name = _name_in(origin.partition("://")[2])
        return (
            SAME in self._listed
            and name is not None
            and any(name == _name_in(host) for host in hosts)
        )


def _normal(origin: str) -> str:
    return origin.strip().rstrip("/").lower()


def _name_in(host: str) -> str | None:
    try:
        return urlsplit(f"//{host.strip()}").hostname
    except ValueError:
        return None
