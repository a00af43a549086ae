"""How long a writer pauses between two rounds of commits: pure, no clock.

A round costs something whatever is in it: a read of the inboxes, a wake-up here, in Redis and on
each worker; and so does each commit of a partition. What comes while the writer pauses shares that.
Up to a rate at which all of it costs nothing to speak of, nobody waits. Beyond it the pause grows
with the rate: then many wait who save much by it, and a pause is short against what the queue alone
would make them wait.

The writer (`services/writer/pacing.py`), the plan and the simulation go by this.
"""

from typing import Final

FREE_ROUNDS: Final = 400.0
"""Submissions per second of one reader of inboxes up to which each may have a round of its own. At
300 from 150 lone authors a fleet takes 57 % of a slow core with a round for each, and 52 % with a
pause of 7 ms, which everybody waits for. Those of one partition in one round count once."""

FREE_COMMITS: Final = 60.0
"""The same for the commits of one partition. One that is not shared costs some 500 µs, with what it
makes workers do."""


def pause(rate: float, free: float, most: float) -> float:
    """Seconds from the beginning of one round to that of the next, `most` at most, at `rate`
    submissions per second. With none, rounds are as many as the submissions, or as have time."""
    return min(most, max(0.0, rate / free - 1) / free)
