"""Runs the servers that the worker is compared with. They send what they are told to, to
everybody."""

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.benchmarks.native import program

NODE = Path(__file__).parent / "node"


class NoNode(Exception):
    """Node or its packages are missing; the text says what would help."""


class Rival:
    """A server process that listens on a port of its own and takes orders by standard input."""

    def __init__(self, *command: str, folder: Path | None = None) -> None:
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first:
            raise RuntimeError(f"{command[0]} ended at start with status {self._process.wait()}")
        self.port: int = json.loads(first)["port"]

    @property
    def pid(self) -> int:
        return self._process.pid

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        rest = memoryview(line + b"\n")
        while rest:  # a pipe without buffer takes what fits
            rest = rest[self._process.stdin.write(rest) or 0 :]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class CServer(Rival):
    """The server in C, `native/broadcast_server.c`."""

    def __init__(self) -> None:
        """Raises `NoCompiler`."""
        super().__init__(str(program("broadcast_server")))

    def broadcast(self, message: dict[str, Any]) -> None:
        self.packet("42" + json.dumps(["message", message], separators=(",", ":")))

    def packet(self, packet: str) -> None:
        """Sends the packet to everybody as it stands."""
        self._write(packet.encode())

    def __enter__(self) -> "CServer":
        return self


class NodeServer(Rival):
    """Runs `node/server.mjs`, Node.js's socket.io."""

    def __init__(self) -> None:
        """Raises `NoNode`."""
        if shutil.which("node") is None:
            raise NoNode("there is no node")
        if not (NODE / "node_modules").is_dir():
            raise NoNode("socket.io is not installed (make bench does it, given npm)")
        super().__init__("node", "server.mjs", folder=NODE)

    def emit(self, message: dict[str, Any]) -> None:
        """Emits the message to each socket by itself."""
        self._tell("emit", message)

    def room(self, message: dict[str, Any]) -> None:
        """Emits the message to a room that all are in."""
        self._tell("room", message)

    def _tell(self, how: str, message: dict[str, Any]) -> None:
        self._write(json.dumps({"how": how, "message": message}).encode())

    def __enter__(self) -> "NodeServer":
        return self
