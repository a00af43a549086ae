"""Where what is the operators' alone is listened for, if nobody says it. Pure."""

from typing import Final

LAST_PORT: Final = 65535

_ABOVE: Final = 200


def ops_port(port: int) -> int:
    """The port of metrics, /stats and /fleet of a worker whose clients come to `port`: 200 above
    it, or below it where there is no such port. Another for each worker of a machine, without
    anybody having to count."""
    return port + _ABOVE if port + _ABOVE <= LAST_PORT else port - _ABOVE
