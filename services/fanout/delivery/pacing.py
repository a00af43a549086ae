"""Decides when a pad may be flushed again. Pure: no I/O and no clock.

A pad that is quiet or small is flushed immediately. On a busy one the flush waits, so that one
message carries more revisions: the cost of a flush hardly grows with its revisions, so the pause
makes the cost of a pad depend on its sockets rather than on authors × sockets. Etherpad's own
attempt to batch (#7768) waited for sessions to fall behind; a session that is served immediately
never does.

Times are seconds of a monotonic clock.
"""

from dataclasses import dataclass

from padfleet.shared.flushes import pause_after, steady_rate
from padfleet.shared.settings import FanoutSettings


@dataclass(frozen=True, slots=True)
class PacingRules:
    """How fan-out shares the event loop with everything else."""

    share: float = FanoutSettings.flush_share
    """The share of the event loop's time that flushes may take."""
    floor: float = FanoutSettings.flush_pause_min_ms / 1000
    """The shortest pause after a flush; with 0, a pad that is seldom flushed does not pause."""
    ceiling: float = FanoutSettings.flush_pause_max_ms / 1000
    """The longest pause that the cost of flushes may cause. Beyond it, flushes take more than their
    share, because latency is what is promised."""
    rate: float = FanoutSettings.flush_rate
    """The flushes per second of a pad that has more revisions than that, and is not small. A page
    gains nothing from more, and each wakes up every client."""
    burst: int = 8
    """How many flushes may come closer together than `rate` after a time with fewer."""

    @classmethod
    def of(cls, settings: FanoutSettings) -> "PacingRules":
        return cls(
            share=settings.flush_share,
            floor=settings.flush_pause_min_ms / 1000,
            ceiling=settings.flush_pause_max_ms / 1000,
            rate=settings.flush_rate,
        )


class FlushPace:
    """The pace of one pad. `wait` says how long to wait; `flushed` records a flush."""

    __slots__ = ("_not_before", "_rules", "_slot")

    def __init__(self, rules: PacingRules) -> None:
        self._rules = rules
        self._not_before = float("-inf")
        self._slot = float("-inf")
        """The time at which the flushes so far would have been due at an even rate (the generic
        cell rate algorithm, ITU-T I.371)."""

    def wait(self, now: float) -> float:
        """Returns the seconds until the next flush; with 0 or less, it may begin now."""
        early = (self._rules.burst - 1) / self._rules.rate
        return max(self._not_before, self._slot - early) - now

    def flushed(self, started: float, ended: float, cost: float, busy: int) -> None:
        """Notes a flush that took `cost` seconds of the event loop between these times; `busy` pads
        of this worker are flushing at the moment, including this one.
        """
        rules = self._rules
        pause = pause_after(cost, max(busy, 1), rules.share)
        self._not_before = ended + min(max(pause, rules.floor), rules.ceiling)
        self._slot = max(self._slot, started) + 1 / steady_rate(rules.rate, cost)
