"""This module makes birth numbers, which distinguish a pad from every other pad that has had its
name or ever will.

A pad's *epoch* is the number of its history. It grows when the pad is deleted or replaced, as long
as the pad's meta still holds it. But somebody who empties Redis, or deletes a pad's keys by hand,
removes the epoch as well. If the next pad of that name counted from the start again, a page that
was away meanwhile would be let in, since everything that it says is right, and it would stay on a
history that nobody else has. So every history begins with an epoch that no other has had: its
birth.

A birth is a number like the epochs of earlier releases, which counted from 0, and greater than any
of them. A pad that has one of those keeps it until it is deleted or replaced.
"""

import secrets
import time

RANDOM_BITS = 10
"""The number of random bits of a birth. The rest are milliseconds since 1970, so that a birth
remains a number that JSON and Lua can represent exactly (below 2^53) until the year 2248."""


def new_birth() -> int:
    """Returns an epoch that no pad has had, larger than those of all earlier pads. If the clock
    goes back, the epoch may be smaller, but it is still different."""
    return at(int(time.time() * 1000), secrets.randbits(RANDOM_BITS))


def at(milliseconds: int, number: int) -> int:
    """Returns a birth at this time in ms since 1970; `number` distinguishes births in the same
    millisecond."""
    return (milliseconds << RANDOM_BITS) + number
