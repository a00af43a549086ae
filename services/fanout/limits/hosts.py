"""By which names this fleet may be called. Pure.

A page of `evil.example` may have its own name lead to our address (DNS rebinding). To the browser
it is then of the same origin as we are: it sends no foreign `Origin`, and lets the page read what
we answer. It brings none of our cookies, since those are for our name; but what is open to whoever
reaches a worker, such as one on the same machine or behind a firewall, is open to that page too.
Only the header `Host` still says the foreign name.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

ANY = "*"

_LONGEST_NAME = 260
"""Characters of the longest name that there may be, with a port."""


class Hosts:
    def __init__(self, names: Iterable[str], machine: str) -> None:
        """`names`: such as `pad.example.org`, or `*.example.org` for all below that; none: what is
        asked for, as long as it does not come from this very machine. `machine`: its own name."""
        self._names = {_plain(name) for name in names}
        self._machine = _plain(machine)

    def are_ours(self, said: Iterable[str], *, near: bool) -> bool:
        """Whether all that a request calls us is ours: headers `Host`, with a port or without.

        `near`: it comes from this machine, and not by a proxy of ours. There a browser of somebody
        who tries the fleet out is more likely than anything that is known by another name.
        """
        return all(self._is_ours(host, near=near) for host in said)

    def _is_ours(self, host: str, *, near: bool) -> bool:
        if not host:
            return True  # HTTP/1.0: no browser
        name, is_address = _read(host) if len(host) <= _LONGEST_NAME else _read.__wrapped__(host)
        if name is None:
            return False
        # Nobody can make an address, or this name, lead elsewhere.
        if is_address or name == "localhost" or name.endswith(".localhost"):
            return True
        if not self._names:
            # A name without a dot is of this network: no public name server has any.
            return not near or "." not in name or name == self._machine
        if ANY in self._names or name in self._names:
            return True
        return any(
            known.startswith("*.") and name.endswith(known[1:]) and name != known[1:]
            for known in self._names
        )


@lru_cache(maxsize=256)
def _read(host: str) -> tuple[str | None, bool]:
    """The name, and whether it is an address. All clients of a fleet say the same few."""
    name = name_in(host)
    return name, name is not None and _is_address(name)


def name_in(host: str) -> str | None:
    """The name in a header `Host`, in lower case and without its port; None if there is none."""
    try:
        name = urlsplit(f"//{host.strip()}").hostname
    except ValueError:
        return None
    return _plain(name) if name else None


def _plain(name: str) -> str:
    return name.strip().rstrip(".").lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
