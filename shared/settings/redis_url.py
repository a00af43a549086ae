"""This module reads where Redis is from a single text, which has the hosts, the credentials, and
how the servers work together.

    redis://[user:password@]host[:6379][/db]            one server
    unix://[user:password@]/path/to.sock[?db=0]         one server, by its socket
    redis+sentinel://[…@]host[:26379],host…/service     the primary that the sentinels name
    redis+cluster://[…@]host[:6379],host…               a cluster, found from any of its nodes

`rediss` in place of `redis` means TLS, for the sentinels as well. If the machine's own certificates
are not enough, the necessary files follow:

    rediss://…?ca=/etc/redis/ca.pem&cert=/etc/padfleet/client.pem&key=/etc/padfleet/client.key

`ca` is the authority that has signed the servers' certificates; `cert` and `key` are the client's,
for servers that require a certificate. The credentials are those of the data servers.
Percent-encode what a URL cannot hold. `urllib.parse` alone cannot read the lists of hosts; that is
why this module exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, unquote

Kind = Literal["single", "unix", "sentinel", "cluster"]

_SCHEMES: Final[dict[str, tuple[Kind, bool]]] = {
    "redis": ("single", False),
    "rediss": ("single", True),
    "unix": ("unix", False),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
_DEFAULT_PORT: Final[dict[Kind, int]] = {
    "single": 6379,
    "unix": 0,
    "sentinel": 26379,
    "cluster": 6379,
}
_HOST: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<name>[^\s:/\[\]@,]+))(?::(?P<port>.*))?"
)


@dataclass(frozen=True)
class RedisUrl:
    """The parts of a Redis URL. Only the fields that `kind` uses are filled."""

    kind: Kind
    tls: bool
    hosts: tuple[tuple[str, int], ...] = ()
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    db: int = 0
    service: str = ""
    path: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""

    @property
    def tls_options(self) -> dict[str, Any]:
        """The options for TLS of redis-py's clients, which are the same for one server, for
        sentinels and for a cluster."""
        if not self.tls:
            return {}
        files = {"ssl_ca_certs": self.ca, "ssl_certfile": self.cert, "ssl_keyfile": self.key}
        # The host name must be that of the certificate; otherwise, any certificate of the same
        # authority would be accepted.
        return {"ssl": True, "ssl_check_hostname": True} | {k: v for k, v in files.items() if v}


def parse(url: str) -> RedisUrl:
    """Reads a Redis URL. Raises ValueError, which says what is wrong with it, and never repeats a
    password."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise ValueError(
            "not a Redis URL; it starts with " + ", ".join(f"{s}://" for s in _SCHEMES)
        )
    kind, tls = _SCHEMES[scheme.lower()]
    rest, _, query = rest.partition("?")
    # The last "@" ends the credentials, so a password with an unencoded "@" is read whole.
    credentials, at, place = rest.rpartition("@")
    username, password = _credentials(credentials) if at else (None, None)
    if kind == "unix":
        if not place.startswith("/"):
            raise ValueError("a unix:// URL needs an absolute path, as in unix:///run/redis.sock")
        return RedisUrl(kind, tls, (), username, password, _unix_db(query), path=unquote(place))
    files = _tls_files(query, tls)
    names, _, tail = place.partition("/")
    hosts = tuple(_host(name, kind) for name in names.split(","))
    if kind == "sentinel":
        service, _, db = tail.partition("/")
        if not service:
            raise ValueError(
                "names no service; it follows the hosts, as in redis+sentinel://host:26379/mymaster"
            )
        return RedisUrl(kind, tls, hosts, username, password, _db(db), unquote(service), **files)
    if kind == "cluster":
        if tail not in ("", "0"):
            raise ValueError("Redis Cluster has only database 0: remove what follows the hosts")
        return RedisUrl(kind, tls, hosts, username, password, **files)
    if len(hosts) != 1:
        raise ValueError("lists several hosts; use redis+sentinel:// or redis+cluster:// for that")
    return RedisUrl(kind, tls, hosts, username, password, _db(tail), **files)


def problem_with(url: str) -> str | None:
    """Returns why `url` is refused, or None. The empty text is accepted: not every process needs a
    Redis."""
    if not url:
        return None
    try:
        parse(url)
    except ValueError as error:
        return str(error)
    return None


def mask(text: str) -> str:
    """Returns `text` as it may be logged: a URL loses its password, and anything else is hidden
    completely."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return "***" if text else ""
    rest, question, _ = rest.partition("?")
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    shown = (user + ":***" if colon else "***") + "@" if at else ""
    return scheme + separator + shown + place + (question + "***" if question else "")


def _credentials(text: str) -> tuple[str | None, str | None]:
    user, colon, password = text.partition(":")
    if not colon:
        raise ValueError(
            "has a user but no password before the @; write a password alone as :password@"
        )
    return unquote(user) or None, unquote(password) or None


def _host(text: str, kind: Kind) -> tuple[str, int]:
    match = _HOST.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a host; write host or host:port, and [::1]:port for IPv6"
        )
    port = match["port"]
    if port is None:
        return match["v6"] or match["name"], _DEFAULT_PORT[kind]
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError(f"{port!r} is not a port (1 to 65535)")
    return match["v6"] or match["name"], int(port)


def _db(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise ValueError(
            f"{text!r} is not a database number; it is what follows the host, as in /0"
        )
    return int(text)


def _unix_db(query: str) -> int:
    return _db(_options(query, {"db"}).get("db", ""))


def _tls_files(query: str, tls: bool) -> dict[str, Any]:
    options = _options(query, {"ca", "cert", "key"})
    if options and not tls:
        raise ValueError(f"has ?{min(options)}=…, but no TLS: write rediss instead of redis")
    for name, path in options.items():
        if not path.startswith("/"):
            raise ValueError(f"?{name}= needs an absolute path")
    if ("cert" in options) != ("key" in options):
        raise ValueError("?cert= and ?key= belong together")
    return options


def _options(query: str, supported: set[str]) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - supported)
    if unknown:
        raise ValueError(f"has options that are not supported: ?{unknown[0]}=…")
    return options
