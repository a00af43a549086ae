"""This module limits how many requests without a socket one address may make: pages, their files,
exports, imports and calls of the API without its key.

Each of them is bounded in itself, but one address could make them without end. A request costs as
much as it takes of a worker, roughly. Sockets are not counted here: they have limits of their own,
and after a worker has died, everybody behind one address comes back at once. Neither are balancers
and Prometheus, nor requests from the same machine, where a proxy may run that nobody has named.
"""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from time import monotonic

from padfleet.services.fanout.limits.addresses import is_near
from padfleet.services.fanout.limits.origins import is_call
from padfleet.shared import refusals
from padfleet.shared.bucket import Buckets, RateLimit

BURST = 30
"""How many seconds' worth of requests may come at once: a class opens its pads, each with a page
and some ten files."""

FILE = 0.1
"""The cost of a file of the page: a third of a millisecond, from memory."""

CONVERSION = 10.0
"""The cost of an export or an import. Each is a job of some milliseconds to some seconds for a
separate process."""

RETRY_AFTER = 10
"""A client that makes too many requests is asked to come again after this many seconds."""

_SOCKETS = "/socket.io/"
_DOCUMENT = "/openapi.json"
"""How the paths end that look like calls of the API, and show what calls there are."""


class RequestRate:
    def __init__(self, per_second: int) -> None:
        """Takes how many requests an address may make per second; 0 means that there is no
        limit."""
        limit = RateLimit(per_second, BURST * per_second, 0.0)
        self._buckets: Buckets[str] | None = Buckets(limit) if per_second else None

    def admits(self, address: str, cost: float) -> bool:
        """Takes what a request costs from what the address has left. Returns False if that is not
        enough: the request is refused."""
        if self._take(address, cost):
            return True
        refusals.LIMITED.labels("requests").inc()
        return False

    def give_back(self, address: str, cost: float) -> None:
        """Gives back what a request has cost that should have been free, as it turned out."""
        self._take(address, -cost)

    def _take(self, address: str, cost: float) -> bool:
        if not address or is_near(address) or self._buckets is None:
            return True
        return self._buckets.take(payer(address), monotonic(), cost) is not None


def cost_of(path: str) -> float:
    """Returns the cost of a request for this path. It is 0 for those that are counted elsewhere:
    requests for sockets, and calls of the API, which are free with its key."""
    if path.startswith(_SOCKETS):
        return 0.0
    if is_call(path) and path.count("/") > 2 and not path.endswith(_DOCUMENT):
        return 0.0
    if path.startswith("/assets/"):
        return FILE
    if path.startswith("/p/") and ("/export/" in path or path.endswith("/import")):
        return CONVERSION
    return 1.0


@lru_cache(maxsize=10_000)
def payer(address: str) -> str:
    """Returns whom an address counts as: itself, or for IPv6 its network of 64 bits, in which every
    machine may choose from more addresses than could ever be counted."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found) >> 64 << 64, 64)))
