"""Helps tests with real processes: whether they live, and on which ports they may listen."""

from __future__ import annotations

import random
import socket
from pathlib import Path
from typing import Final

import psutil


def alive(pid: int) -> bool:
    """Returns whether the process runs; one that only waits to be reaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def memory(pid: int, field: str = "VmRSS") -> int:
    """Returns how many bytes a process has now, or (`VmHWM`) has had at most so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith(f"{field}:"))
    return int(kilobytes) * 1024


LOWEST: Final = 12_000
HIGHEST: Final = 32_000
"""The range of ports, below those that the kernel gives to outgoing connections: any connection
could take one of those before the process that a port was found for listens on it."""

_SYSTEM: Final = random.SystemRandom()
"""A source of random numbers other than Hypothesis's, which gives every test the same ones."""

_flags: list[socket.socket] = []
"""Sockets that are held while this process runs: they reserve the ports that it has found against
all other tests."""


def free_ports(count: int) -> list[int]:
    """Returns neighbouring ports on the loopback address on which nobody listens, and which no test
    is given again while this process runs."""
    while True:
        first = _SYSTEM.randrange(LOWEST, HIGHEST - count)
        ports = range(first, first + count)
        if all(map(_reserve, ports)):
            return list(ports)


def _reserve(port: int) -> bool:
    # A name in Linux's abstract namespace belongs to one socket, and is free again when that socket
    # is closed.
    flag = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        flag.bind(f"\0padfleet-test-port-{port}")
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        flag.close()
        return False
    _flags.append(flag)
    return True
