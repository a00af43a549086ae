"""This module limits how many requests without a socket one address may make: pages, their files,
exports, imports and calls of the API without its key.

Each of them is bounded in itself, but one address could make them without end. A request costs as
much as it takes of a worker, roughly. Sockets are not counted here: they have limits of their own,
and after a worker has died, everybody behind one address comes back at once. Neither are balancers
and Prometheus, nor requests from the same machine, where a proxy may run that nobody has named.
"""

from time import monotonic

from padfleet.services.fanout.limits.addresses import is_near
from padfleet.services.fanout.limits.origins import is_call
from padfleet.shared import refusals
from padfleet.shared.bucket import Buckets, RateLimit
from padfleet.shared.payers import Payer

BURST = 30
"""How many seconds' worth of requests may come at once: a class opens its pads, each with a page
and some ten files."""

FILE = 0.1
"""The cost of a file of the page: a third of a millisecond, from memory."""

CONVERSION = 10.0
"""The cost of an export or an import. Each is a job of some milliseconds to some seconds for a
separate process."""

REFUSED = 0.1
"""The cost of a request that is refused, where those that are served are free. When a worker has
died, everybody who polls comes to another one with a session that it does not know."""

RETRY_AFTER = 10
"""A client that makes too many requests is asked to come again after this many seconds."""

_FREE = ("/socket.io/", "/health/", "/metrics", "/stats/")
"""How the paths begin that are counted elsewhere, or are for machines."""

_DOCUMENT = "/openapi.json"
"""How the paths end that look like calls of the API, and show what calls there are."""


class RequestRate:
    def __init__(self, per_second: int) -> None:
        """Takes how many requests an address may make per second; 0 means that there is no
        limit."""
        limit = RateLimit(per_second, BURST * per_second, 0.0)
        self._buckets: Buckets[Payer] | None = Buckets(limit) if per_second else None

    def admits(self, payer: Payer, cost: float) -> bool:
        """Takes what a request costs from what its payer has left. Returns False if that is not
        enough: the request is refused."""
        if self._take(payer, cost):
            return True
        refusals.LIMITED.labels("requests").inc()
        return False

    def give_back(self, payer: Payer, cost: float) -> None:
        """Gives back what a request has cost that should have been free, as it turned out."""
        self._take(payer, -cost)

    def _take(self, payer: Payer, cost: float) -> bool:
        if not payer or is_near(payer) or self._buckets is None:
            return True
        return self._buckets.take(payer, monotonic(), cost) is not None


def cost_of(path: str) -> float:
    """Returns the cost of a request for this path, before it is known whether anything serves it.
    It is 0 for requests for sockets, which are counted elsewhere, for calls of the API, which are
    free with its key, and for health checks and metrics."""
    if path.startswith(_FREE):
        return 0.0
    if is_call(path) and path.count("/") > 2 and not path.endswith(_DOCUMENT):
        return 0.0
    if path.startswith("/assets/"):
        return FILE
    if path.startswith("/p/") and ("/export/" in path or path.endswith("/import")):
        return CONVERSION
    return 1.0
