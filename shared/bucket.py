"""Token buckets: how fast somebody may go on, after a quick start. Pure; the time is passed in."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class Pace(NamedTuple):
    rate: float  #: a second, for as long as one likes
    burst: float  #: at once, after a while of less
    patience: float
    """Seconds that somebody who is too fast is made to wait, at most. Who would have to wait longer
    is refused: a queue is bounded by its time, and by nothing else."""


@dataclass(slots=True)
class Bucket:
    """Full in the beginning. It can be overdrawn: who takes more than there is has to wait until it
    would have been there, and whoever comes after waits for that too, so that order is kept."""

    level: float
    at: float

    def take(self, pace: Pace, now: float, amount: float = 1.0) -> float | None:
        """Seconds to wait before going on; 0: none. None: more than `pace.patience`, and nothing
        was taken."""
        level = min(pace.burst, self.level + (now - self.at) * pace.rate) - amount
        wait = -level / pace.rate if level < 0 else 0.0
        if wait > pace.patience:
            return None
        self.level, self.at = level, now
        return wait

    def is_full(self, pace: Pace, now: float) -> bool:
        return self.level + (now - self.at) * pace.rate >= pace.burst


class Buckets(Generic[K]):
    """One for each of many, who come and go: a full one need not be kept, since that is how a new
    one is. So there are as many as were busy within the last `burst / rate` seconds."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._buckets: dict[K, Bucket] = {}
        self._sweep_at = 0.0

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: K, now: float, amount: float = 1.0) -> float | None:
        """Does what `Bucket.take` does, for the bucket of this key."""
        bucket = self._buckets.get(key)
        if bucket is None:
            self._sweep(now)
            bucket = self._buckets[key] = Bucket(self.pace.burst, now)
        return bucket.take(self.pace, now, amount)

    def _sweep(self, now: float) -> None:
        # Not at each newcomer: looking through all of them is worth it once in the time in which
        # they can have become full.
        if now < self._sweep_at:
            return
        self._sweep_at = now + self.pace.burst / self.pace.rate
        pace = self.pace
        self._buckets = {k: b for k, b in self._buckets.items() if not b.is_full(pace, now)}
