"""This module says on which other ports a fleet listens, besides those of its clients, unless they
are set. It is pure."""

from typing import Final

LAST_PORT: Final = 65535


def ops_port(port: int) -> int:
    """Returns the port of metrics, /stats and /fleet of a worker whose clients come to `port`. It
    is different for each worker of a machine, without anybody having to count."""
    return _beside(port, 200)


def writer_port(port: int) -> int:
    """Returns the port of the first writer of `padfleet up`, whose first worker has `port`."""
    return _beside(port, 100)


def redis_port(port: int) -> int:
    """Returns the port of the Redis that `padfleet up` runs, if its first worker has `port`."""
    return _beside(port, 300)


def _beside(port: int, distance: int) -> int:
    """Returns the port this far above, or below if there is no such port above."""
    return port + distance if port + distance <= LAST_PORT else port - distance
