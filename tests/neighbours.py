"""Finds pads whose entries go into the same inbox."""

from padfleet.shared.log.keys import Keyspace


def neighbour_of(keyspace: Keyspace, pad: str) -> str:
    """Returns another pad in the same partition."""
    names = (f"neighbour-{number}" for number in range(1000))
    return next(n for n in names if keyspace.partition_of(n) == keyspace.partition_of(pad))
