"""This module works out how often a worker flushes a pad, and how long it pauses in between. It is
pure and has no clock.

The worker (`services/fanout/delivery/pacing.py`) decides with it from flush to flush; the plan
(`services/tools/plan/rhythm.py`) estimates the average.
"""

from typing import Final

LIGHT_SHARE: Final = 0.06
"""The share of the event loop's time that the flushes of one pad may take before the pad is held to
its usual rate. With some dozens of people there is little to save, and they need not wait. A flush
for twenty-four takes 0.5 to 0.7 ms of a slow core if its message is compressed, and they have fifty
revisions a second if each of them makes two."""

LIGHT_TIMES: Final = 3
"""Even then, a pad is flushed at most this many times its usual rate: each flush wakes up clients,
too."""

BUSY_FOR: Final = 0.1
"""How many seconds a pad counts as busy after a flush."""


def pause_after(cost: float, busy: float, share: float) -> float:
    """Returns how many seconds to pause after a flush that took `cost` seconds of the event loop.

    All pads together get `share` of the loop: with `busy` of them, each pauses as if its flush cost
    so many times as much.
    """
    return cost * (busy / share - 1)


def steady_rate(rate: float, cost: float) -> float:
    """Returns how many flushes per second a pad may have in the long run, if one takes `cost`
    seconds; `rate` is the usual number for a pad that is not small."""
    return max(rate, min(LIGHT_TIMES * rate, LIGHT_SHARE / max(cost, 1e-9)))
