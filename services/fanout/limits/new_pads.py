"""This module limits how many pads somebody may bring into Redis by naming them: pads that do not
exist yet, and pads that have to be fetched from the cold store.

Unlike anything else that a visitor does, a pad takes memory in Redis until somebody removes it, and
fetching one takes the store and the fleet some work. So anybody who opens one such pad after
another has to wait. This is counted by author, and also by address if the operator says that an
address stands for one person (it may stand for a school).
"""

import asyncio
from time import monotonic

from padfleet.services.fanout.limits.allowances import RateExceeded
from padfleet.shared import refusals
from padfleet.shared.bucket import Buckets, RateLimit
from padfleet.shared.payers import Payer
from padfleet.shared.settings.limits import LimitSettings

PATIENCE = 10.0
"""How many seconds a client may have to wait. Beyond that, it is better off with its own
back-off."""


class NewPads:
    def __init__(self, *, per_author: int, per_address: int) -> None:
        """Takes how many pads may be brought per minute, and as many at once; 0 means no limit."""
        self._by_author = _buckets(per_author)
        self._by_address = _buckets(per_address)

    @classmethod
    def of(cls, settings: LimitSettings) -> "NewPads":
        return cls(
            per_author=settings.new_pads_per_minute,
            per_address=settings.new_pads_per_minute_per_address,
        )

    async def wait(self, author: str, payer: Payer) -> None:
        """Waits until both may bring one more pad. The author is empty for somebody who only
        fetches something and is no author yet: then the address counts as one. Raises
        `RateExceeded`."""
        waits = [
            _take(self._by_author, author or f"newcomers/{payer}", "new_pads"),
            _take(self._by_address, payer, "new_pads_per_address") if payer else 0.0,
        ]
        if (longest := max(waits)) > 0:
            await asyncio.sleep(longest)


def _buckets(per_minute: int) -> Buckets[str] | None:
    return Buckets(RateLimit(per_minute / 60, per_minute, PATIENCE)) if per_minute else None


def _take(buckets: Buckets[str] | None, who: str, limit: str) -> float:
    wait = buckets.take(who, monotonic()) if buckets is not None else 0.0
    if wait:
        refusals.LIMITED.labels(limit).inc()
    elif wait is None:
        refusals.LIMITED.labels(limit).inc()
        raise RateExceeded
    return wait
