"""What tells a pad from any other that has had its name, or will have it.

A pad's *epoch* is the number of its history. It grows when the pad is deleted or replaced, for as
long as the pad's meta says what it was; but whoever empties Redis, or takes a pad's keys away by
hand, takes that away too. Had the next pad of the name begun to count from the start again, a page
that was away meanwhile would be let in, for all that it says is right, and be on a history of its
own for good. So every history begins with an epoch that none has had: its birth.

It is a number like the epochs of earlier releases, which counted from 0, and greater than any of
them: a pad that has one of these keeps it until it is deleted or replaced.
"""

import secrets
import time

RANDOM_BITS = 10
"""How many bits of a birth are random. The rest are the milliseconds since 1970, so that all of it
stays a number that JSON and Lua have exactly (below 2^53) until the year 2248."""


def new_birth() -> int:
    """An epoch that no pad has had, above those of the pads that have gone: unless the clock goes
    back, but it is another even then."""
    return at(int(time.time() * 1000), secrets.randbits(RANDOM_BITS))


def at(milliseconds: int, number: int) -> int:
    """The birth at this time since 1970, of those that may be in the same millisecond."""
    return (milliseconds << RANDOM_BITS) + number
