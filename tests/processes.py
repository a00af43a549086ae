"""Real processes in tests: whether they live, and where they may listen."""

from __future__ import annotations

import socket

import psutil


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def free_ports(count: int) -> list[int]:
    """Neighbouring ports that were free a moment ago, on the loopback address."""
    while True:
        held: list[socket.socket] = []
        try:
            held.append(socket.create_server(("127.0.0.1", 0)))
            first = held[0].getsockname()[1]
            held += [
                socket.create_server(("127.0.0.1", first + offset)) for offset in range(1, count)
            ]
        except (OSError, OverflowError):
            continue
        else:
            return list(range(first, first + count))
        finally:
            for listener in held:
                listener.close()
