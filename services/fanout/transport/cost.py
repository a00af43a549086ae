"""This module says what a packet of a client costs, by whichever transport it comes. It is pure.

A socket's bucket counts messages, and a message is worth what a short one takes of the event loop.
Bytes alone are no measure of a long one: 10 KB of text are read in a quarter of a millisecond, and
10 KB of nested lists in fifteen.
"""

from padfleet.shared.wire.jsontext import MOST_VALUES, values_in

ONE_MORE = 10_000
"""A frame counts as one more message for each such number of bytes in it."""

VALUES_ONE_MORE = 100
"""A packet counts as one more message for each such number of JSON values in it."""

UNITS_A_VALUE = 8
"""How many characters take as long as one value does on its way through a worker."""

SHORT = 400
"""The values of a packet with at most this many characters are not counted. It has not many."""


def values_of(packet: str) -> int:
    """Returns how many JSON values a packet has; 0 for a short one. Raises `BadJson` for more than
    any message may have."""
    if len(packet) <= SHORT:
        return 0
    return values_in(packet, MOST_VALUES)


def cost_of(size: int, values: int) -> float:
    """Returns how many messages a packet of `size` bytes, with so many values, counts as."""
    return 1 + size / ONE_MORE + values / VALUES_ONE_MORE
