"""Where a fleet listens besides the ports of its clients, if nobody says it. Pure."""

from typing import Final

LAST_PORT: Final = 65535


def ops_port(port: int) -> int:
    """The port of metrics, /stats and /fleet of a worker whose clients come to `port`: another for
    each worker of a machine, without anybody having to count."""
    return _beside(port, 200)


def writer_port(port: int) -> int:
    """The port of the first writer of `padfleet up`, whose first worker has `port`."""
    return _beside(port, 100)


def redis_port(port: int) -> int:
    """The port of the Redis that `padfleet up` brings, likewise."""
    return _beside(port, 300)


def _beside(port: int, distance: int) -> int:
    """So far above the port, or below it where there is no such port."""
    return port + distance if port + distance <= LAST_PORT else port - distance
