"""This module works out how long a writer pauses between two rounds of commits. It is pure and has
no clock.

A round has a cost whatever it contains: a read of the inboxes, and a wake-up here, in Redis and on
each worker; and so does each commit of a partition. What comes while the writer pauses shares that
cost. Up to a rate at which all of it costs next to nothing, nobody waits. Beyond it the pause grows
with the rate: many people then wait and much is saved, and the pause is short compared with what
the queue alone would make them wait.

The writer (`services/writer/leases/pacing.py`), the plan and the simulation use this.
"""

from typing import Final

FREE_ROUNDS: Final = 400.0
"""The submissions per second, for one reader of inboxes, up to which each may have a round of its
own. At 300, from 150 lone authors, a fleet takes 57 % of a slow core with a round for each, and 52
% with a pause of 7 ms, for which everybody waits. Submissions of one partition in one round count
once."""

FREE_COMMITS: Final = 60.0
"""The same for the commits of one partition. One that is not shared costs some 500 µs, including
what it makes workers do."""


def pause(rate: float, free: float, most: float) -> float:
    """Returns the seconds from the beginning of one round to that of the next, at most `most`, at
    `rate` submissions per second. Without a pause, there are as many rounds as submissions, or as
    many as time allows."""
    return min(most, max(0.0, rate / free - 1) / free)
