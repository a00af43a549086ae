"""Servers that speak Redis' protocol and answer what a test wants, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection
from redis.exceptions import MovedError, SlotNotCoveredError

Command = list[bytes]


@dataclass
class Served:
    """One server. What opens a connection (CLIENT SETINFO) is answered and not counted."""

    answer: Callable[[Command], bytes | None] = lambda _: b"+OK\r\n"
    """Returns the answer to a command. None means no answer."""
    asked: list[Command] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> Served:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Ends all connections."""
        for writer in list(self._writers):
            writer.transport.abort()

    def say(self, data: bytes) -> None:
        """Says this on all connections."""
        for writer in self._writers:
            writer.write(data)

    def words(self) -> list[str]:
        """Returns the commands so far as text."""
        return [b" ".join(command).decode() for command in self.asked]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        commands = hiredis.Reader()
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(1 << 16):
                commands.feed(data)
                while (command := commands.gets()) is not False:
                    self._take(command, writer)
        self._writers.discard(writer)
        writer.transport.abort()

    def _take(self, command: Command, writer: asyncio.StreamWriter) -> None:
        if command[0] == b"CLIENT":
            writer.write(b"+OK\r\n")
            return
        self.asked.append(command)
        reply = self.answer(command)
        if reply is not None:
            writer.write(reply)


@dataclass(frozen=True)
class ServedNode:
    port: int

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def connection(self) -> AbstractConnection:
        return Connection(host="127.0.0.1", port=self.port, protocol=2)


@dataclass
class ServedTopology:
    """Tells `HotCommands` which server has which key. It records what it is told, and
    `after_refresh` is what a refresh brings."""

    is_cluster: bool
    owners: dict[str, int]
    """The port of each key's server. The entry "" applies to all keys that are not named."""
    after_refresh: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def node_for(self, channel: str) -> ServedNode:
        port = self.owners.get(channel, self.owners[""])
        if not port:
            raise SlotNotCoveredError("nobody has it")
        return ServedNode(port)

    def node_at(self, host: str, port: int) -> ServedNode:
        return ServedNode(port)

    async def moved(self, error: MovedError) -> None:
        self.told.append(f"moved {error.slot_id}")
        self.owners = dict.fromkeys(self.owners, int(error.port))

    async def refresh(self) -> None:
        self.told.append("refresh")
        self.owners |= self.after_refresh


def numbered(command: Command) -> bytes:
    """Answers a command with its last argument as a number."""
    return b":%d\r\n" % int(command[-1])


def replies(*answers: bytes | None) -> Callable[[Any], bytes | None]:
    """Returns a function that gives these answers one after the other, and repeats the last one."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
