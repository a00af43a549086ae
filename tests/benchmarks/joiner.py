"""Joins a pad as one client over a WebSocket, and counts what it is sent, byte by byte."""

import json
import socket
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tests.benchmarks.rig import ready

_TAIL = b"\x00\x00\xff\xff"


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a joiner was sent until it knew everybody."""

    bytes: int  #: on the wire, from the handshake of the WebSocket on
    vars_seconds: float  #: from connecting until it had the pad and could type
    seconds: float  #: from connecting until it knew everybody
    people: int  #: of whom it was told


class Joiner:
    """A client that stays on the pad until `close`."""

    def __init__(
        self,
        port: int,
        pad: str,
        author: str,
        *,
        supports: Sequence[str] = (),
        deflate: bool = False,
        embedded: bool = False,
    ) -> None:
        self._packet = ready(pad, author=author, supports=supports)
        self._lists = "USERS" in supports
        self._inflater = zlib.decompressobj(-15) if deflate else None
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._came = 0
        self._unread = bytearray()
        path = "/socket.io/?EIO=4&transport=websocket" + ("&embed=1" if embedded else "")
        offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if deflate else ""
        self._socket.sendall(
            (
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n"
            ).encode()
        )

    def join(self, people: int) -> Introduction:
        """Returns when it has been told of so many others. ConnectionError if it is turned away."""
        began = time.monotonic()
        known: set[str] = set()
        vars_seconds = 0.0
        for packet in self._packets():
            if packet.startswith("0"):
                self._say("40")
            elif packet.startswith("40"):
                self._say(self._packet)
            elif packet == "2":
                self._say("3")
            elif packet.startswith("42"):
                message = json.loads(packet[2:])[1]
                data = message.get("data") if isinstance(message, dict) else None
                if not isinstance(data, dict):
                    continue
                if message["type"] == "CLIENT_VARS":
                    vars_seconds = time.monotonic() - began
                known |= _told_of(data)
                if len(known) >= people:
                    break
        return Introduction(self._came, vars_seconds, time.monotonic() - began, len(known))

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "Joiner":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- The WebSocket ---------------------------------------------------------------------------

    def _say(self, packet: str) -> None:
        data = packet.encode()
        size = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
        self._socket.sendall(b"\x81" + size + b"\0\0\0\0" + data)

    def _read(self, count: int) -> bytes:
        while len(self._unread) < count:
            more = self._socket.recv(1 << 18)
            if not more:
                raise ConnectionError("the server has closed the connection")
            self._came += len(more)
            self._unread += more
        found = bytes(self._unread[:count])
        del self._unread[:count]
        return found

    def _packets(self) -> Iterator[str]:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(1)
        while True:
            first, length = self._read(2)
            if length >= 126:
                length = int.from_bytes(self._read(2 if length == 126 else 8))
            payload = self._read(length)
            if first & 0x40:
                assert self._inflater is not None
                payload = self._inflater.decompress(payload + _TAIL)
            yield payload.decode()


def _told_of(data: dict[str, Any]) -> set[str]:
    match data:
        case {"type": "USER_NEWINFO", "userInfo": {"userId": str(author)}}:
            return {author}
        case {"type": "USERS"}:
            return {row[0] for row in data.get("users", ())}
    return set()
