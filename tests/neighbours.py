"""Pads whose entries go the same way."""

from padfleet.shared.log.keys import Keyspace


def neighbour_of(keyspace: Keyspace, pad: str) -> str:
    """Another pad of the same partition."""
    names = (f"neighbour-{number}" for number in range(1000))
    return next(n for n in names if keyspace.partition_of(n) == keyspace.partition_of(pad))
