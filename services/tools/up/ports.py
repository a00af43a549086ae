"""Finds out whether ports are free before anything is started."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable


def problems(host: str, ports: Iterable[int]) -> list[str]:
    """Returns one line for each port that cannot be listened on, or one for the address itself."""
    found = []
    for port in ports:
        try:
            _try(host, port)
        except socket.gaierror as error:
            return [f"{host!r} is not an address of this machine: {error.strerror}"]
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return [f"{host!r} is not an address of this machine"]
            found.append(f"port {port} on {host}: {(error.strerror or str(error)).lower()}")
    return found


def reachable(host: str) -> str:
    """Returns the address, in the form for URLs, by which this machine reaches a server on
    `host`."""
    if host in ("0.0.0.0", ""):
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def _try(host: str, port: int) -> None:
    family, kind, proto, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, proto) as probe:
        # Servers set this too: a connection that was closed a moment ago does not make the port
        # taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)
