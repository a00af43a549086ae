"""This module decides by which names this fleet may be called. It is pure.

A page of `evil.example` may let its own name resolve to our address (DNS rebinding). To the browser
that page then has the same origin as we do: the browser sends no foreign `Origin`, and lets the
page read our answers. It sends none of our cookies, since those belong to our name; but everything
that is open to anybody who reaches a worker, such as one on the same machine or behind a firewall,
is open to that page, too. Only the header `Host` still contains the foreign name.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

ANY = "*"

_LONGEST_NAME = 260
"""How many characters the longest possible name has, including a port."""


class Hosts:
    def __init__(self, names: Iterable[str], machine: str) -> None:
        """Takes the names of the fleet.

        Arguments:
            names: names such as `pad.example.org`, or `*.example.org` for all below it. Without
                any, every name is accepted from anywhere but this very machine.
            machine: the machine's own name.
        """
        self._names = {_plain(name) for name in names}
        self._machine = _plain(machine)

    def are_ours(self, said: Iterable[str], *, near: bool) -> bool:
        """Returns whether all names by which a request calls us are ours.

        Arguments:
            said: headers `Host`, with a port or without.
            near: whether it comes from this machine, and not by a proxy of ours. It then more
                likely comes from the browser of somebody who tries out the fleet than from anything
                that knows us by another name.
        """
        return all(self._is_ours(host, near=near) for host in said)

    def _is_ours(self, host: str, *, near: bool) -> bool:
        if not host:
            return True  # HTTP/1.0: not a browser
        name, is_address = _read(host) if len(host) <= _LONGEST_NAME else _read.__wrapped__(host)
        if name is None:
            return False
        # Nobody can make an address, or this name, resolve to something else.
        if is_address or name == "localhost" or name.endswith(".localhost"):
            return True
        if not self._names:
            # A name without a dot belongs to this network: no public name server has any.
            return not near or "." not in name or name == self._machine
        if ANY in self._names or name in self._names:
            return True
        return any(
            known.startswith("*.") and name.endswith(known[1:]) and name != known[1:]
            for known in self._names
        )


@lru_cache(maxsize=256)
def _read(host: str) -> tuple[str | None, bool]:
    """Returns the name, and whether it is an address. The results are cached because all clients of
    a fleet use the same few."""
    name = name_in(host)
    return name, name is not None and _is_address(name)


def name_in(host: str) -> str | None:
    """Returns the name in a header `Host`, in lower case and without its port, or None if it has
    none."""
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
