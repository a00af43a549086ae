"""Simulates a Sentinel, which names the primary: as much of it as clients ask."""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

import hiredis

from tests.world.redis.call import OK, Reply, Status
from tests.world.redis.replies import encode
from tests.world.redis.store import CommandError

PORT: Final = 26379
SERVICE: Final = "pads"


class Sentinel:
    """Names one server, by the name of its host."""

    def __init__(self, primary: str, port: int) -> None:
        self.primary = primary
        self._port = port

    def connection(self) -> _Client:
        return _Client(self)

    def answer(self, args: list[bytes]) -> Reply:
        match [word.upper() for word in args[:2]]:
            case [b"SENTINEL", b"MASTERS"]:
                return [self._described()]
            case [b"SENTINEL", b"MASTER"]:
                return self._described()
            case [b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME"]:
                return [self.primary.encode(), b"%d" % self._port]
            case [b"PING", *_]:
                return Status("PONG")
            case [b"HELLO", *_]:
                # redis-py speaks RESP3 to sentinels, whichever version it speaks to their servers.
                return {
                    b"server": b"redis",
                    b"version": b"7.2.0",
                    b"proto": 3,
                    b"role": b"sentinel",
                }
            case [b"CLIENT" | b"SELECT", *_]:
                return OK
        raise CommandError(f"ERR unknown command '{args[0].decode()}'")

    def _described(self) -> dict[bytes, bytes]:
        said = {
            "name": SERVICE,
            "ip": self.primary,
            "port": self._port,
            "flags": "master",
            "num-slaves": 1,
            "num-other-sentinels": 2,
            "quorum": 2,
        }
        return {name.encode(): f"{value}".encode() for name, value in said.items()}


class _Client(asyncio.Protocol):
    def __init__(self, sentinel: Sentinel) -> None:
        self._sentinel = sentinel
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (args := self._reader.gets()) is not False:
            answer: Any
            try:
                answer = self._sentinel.answer(args)
            except CommandError as error:
                answer = error
            if self._transport is not None:
                self._transport.write(encode(answer))
