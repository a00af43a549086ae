"""This module implements token buckets, which limit a rate but allow a burst. It is pure; the time
is passed in."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class RateLimit(NamedTuple):
    rate: float  #: units per second, in the long run
    burst: float  #: units at once, after a time of less use
    patience: float
    """The maximum number of seconds that a client is made to wait if it is too fast. A caller that
    would have to wait longer is refused: a queue is bounded by its time, and by nothing else."""


@dataclass(slots=True)
class TokenBucket:
    """A bucket, which is full in the beginning. It can be overdrawn: a caller that takes more than
    there is has to wait until that would have been there, and later callers wait for that too, so
    that the order is kept."""

    level: float
    at: float

    def take(self, pace: RateLimit, now: float, amount: float = 1.0) -> float | None:
        """Returns how many seconds to wait before going on, or 0 for no wait. None means that this
        is more than `pace.patience`, and that nothing was taken."""
        level = min(pace.burst, self.level + (now - self.at) * pace.rate) - amount
        wait = -level / pace.rate if level < 0 else 0.0
        if wait > pace.patience:
            return None
        self.level, self.at = level, now
        return wait

    def is_full(self, pace: RateLimit, now: float) -> bool:
        return self.level + (now - self.at) * pace.rate >= pace.burst


class Buckets(Generic[K]):
    """A bucket for each of many clients that come and go. A full bucket need not be kept, since a
    new one is full as well, so only the buckets of clients that were busy within the last `burst /
    rate` seconds are kept."""

    def __init__(self, pace: RateLimit) -> None:
        self.pace = pace
        self._buckets: dict[K, TokenBucket] = {}
        self._sweep_at = 0.0

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: K, now: float, amount: float = 1.0) -> float | None:
        """Does what `TokenBucket.take` does, for the bucket of this key."""
        bucket = self._buckets.get(key)
        if bucket is None:
            self._sweep(now)
            bucket = self._buckets[key] = TokenBucket(self.pace.burst, now)
        return bucket.take(self.pace, now, amount)

    def _sweep(self, now: float) -> None:
        # This does not run for each new client: looking through all buckets is worthwhile once in
        # the time in which they can have become full.
        if now < self._sweep_at:
            return
        self._sweep_at = now + self.pace.burst / self.pace.rate
        pace = self.pace
        self._buckets = {k: b for k, b in self._buckets.items() if not b.is_full(pace, now)}
