"""How many pads somebody may make by opening them.

A pad costs memory of Redis for as long as nobody takes it away, unlike anything else that a visitor
does. So whoever opens one new pad after the other waits, by author, and by address where the
operator says that an address is somebody (behind one there may be a school).
"""

import asyncio
from time import monotonic

from padfleet.services.fanout.limits.allowances import RateExceeded
from padfleet.shared import refusals
from padfleet.shared.bucket import Buckets, Pace
from padfleet.shared.settings.limits import LimitSettings

PATIENCE = 10.0
"""Seconds. Longer than that, and the client is better off with its own back-off."""


class Makers:
    def __init__(self, *, per_author: int, per_address: int) -> None:
        """Pads a minute, and as many at once; 0: no limit."""
        self._by_author = _buckets(per_author)
        self._by_address = _buckets(per_address)

    @classmethod
    def of(cls, settings: LimitSettings) -> "Makers":
        return cls(
            per_author=settings.new_pads_per_minute,
            per_address=settings.new_pads_per_minute_per_address,
        )

    async def wait(self, author: str, address: str) -> None:
        """Until both may make one more. Raises `RateExceeded`."""
        waits = [
            _take(self._by_author, author, "new_pads"),
            _take(self._by_address, address, "new_pads_per_address") if address else 0.0,
        ]
        if (longest := max(waits)) > 0:
            await asyncio.sleep(longest)


def _buckets(per_minute: int) -> Buckets[str] | None:
    return Buckets(Pace(per_minute / 60, per_minute, PATIENCE)) if per_minute else None


def _take(buckets: Buckets[str] | None, who: str, limit: str) -> float:
    wait = buckets.take(who, monotonic()) if buckets is not None else 0.0
    if wait:
        refusals.LIMITED.labels(limit).inc()
    elif wait is None:
        refusals.LIMITED.labels(limit).inc()
        raise RateExceeded
    return wait
