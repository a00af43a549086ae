"""This module implements the server's side of the WebSocket protocol (RFC 6455), with
permessage-deflate. It is pure: it does no I/O.

aiohttp's implementation would work, and did. But its connection keeps the request, two tasks, three
queues and a timer for as long as the socket lives, which takes 19 KB per socket, and each message
wakes a task that hands it to another. Here a connection is a reader of 100 bytes. Ten thousand
sockets are the reason for code of our own; masking is one XOR of two long integers, which is as
fast as C for messages of our size.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from padfleet.services.fanout.transport.inflate import InflatesTooFar, Inflation, NotDeflated

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3

FRAGMENT_COST = 64
"""How many bytes each fragment counts for in addition to its own: empty ones are kept, too."""

MAX_CONTROL = 125

MOST_REASON = MAX_CONTROL - 2
"""How many bytes the reason in a close frame may have; the code has two (5.5.1)."""

RSV1 = 0x40
"""The bit of a frame's first byte that says that the message is deflated."""


class Code(IntEnum):
    """The reasons for which a connection ends (7.4.1)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    INVALID_TEXT = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011


class BadHandshake(ValueError):
    """The request does not open a WebSocket; the text says what is wrong with it."""


class WebSocketError(Exception):
    """The client broke the protocol, or exceeded a limit; the connection has to end with `code`."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


class Ping(NamedTuple):
    """A ping, which has to be answered with a pong that carries the same data."""

    data: bytes


class Closed(NamedTuple):
    """The client ends the connection."""


def accept(headers: Mapping[str, str], extensions: str | None = None) -> bytes:
    """Returns the whole response to a request with these headers (4.2.2).

    Arguments:
        headers: the headers of the request.
        extensions: those that both sides have agreed on.

    Raises `BadHandshake`.
    """
    if headers.get("Sec-WebSocket-Version", "") != "13":
        raise BadHandshake("Sec-WebSocket-Version has to be 13")
    key = headers.get("Sec-WebSocket-Key", "")
    try:
        valid = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        valid = False
    if not valid:
        raise BadHandshake("Sec-WebSocket-Key has to be 16 bytes in base64")
    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    agreed = f"Sec-WebSocket-Extensions: {extensions}\r\n" if extensions else ""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n%b\r\n" % (base64.b64encode(digest), agreed.encode())
    )


def pong(data: bytes) -> bytes:
    return bytes((0x8A, len(data))) + data


def close(code: Code, why: str = "") -> bytes:
    """Returns a close frame. `why` is for whoever reads what programs log; it is cut off after 123
    bytes."""
    reason = why.encode()[:MOST_REASON].decode(errors="ignore").encode()
    return bytes((0x88, 2 + len(reason))) + code.to_bytes(2, "big") + reason


Event = str | Ping | Closed


class WebSocketReader:
    """Takes a client's bytes as they come, and yields its frames one by one. The caller decides how
    many are looked at in one go, and what each of them costs its sender."""

    __slots__ = (
        "_at",
        "_deflated",
        "_inflates",
        "_kept",
        "_limit",
        "_needed",
        "_parts",
        "_parts_size",
        "event",
        "inflation",
    )

    def __init__(self, limit: int, *, inflates: bool = False) -> None:
        """Creates the reader of a connection.

        Arguments:
            limit: the bytes of the longest message that is accepted.
            inflates: whether permessage-deflate has been agreed on.
        """
        self._limit = limit
        self._inflates = inflates
        self._deflated = False  #: whether the message that `_parts` belong to is deflated
        self.inflation: Inflation | None = None
        """A deflated message that has arrived completely. Before anything else is taken, `inflate`
        has to be called until this is None."""
        self._kept: bytes | bytearray = b""  #: received bytes, not taken yet from `_at` on
        self._at = 0
        self._needed = 0  #: how many bytes there must be before another look is worth it
        self._parts: list[bytes] | None = None  #: the fragments of a message so far
        self._parts_size = 0
        self.event: Event | None = None
        """What the last frame completed; None after a fragment and after a pong."""

    def add(self, data: bytes) -> None:
        """Adds bytes that have arrived. `take` will look at them."""
        if not self._kept:
            self._kept = data
            return
        if not isinstance(self._kept, bytearray):
            self._drop_consumed()
        self._kept += data

    def take(self) -> int:
        """Takes the next frame, and sets `event` to what it was.

        Returns how many bytes the frame had, or 0 if none has arrived completely. Raises
        `WebSocketError`.
        """
        kept, at = self._kept, self._at
        if not kept or len(kept) < self._needed:
            return 0
        end = self._frame(kept, at)
        if end == len(kept):
            # Nothing is kept between two messages, which is the state most of the time.
            self._kept, self._at, self._needed = b"", 0, 0
        elif end > at:
            self._at = end
        elif at or not isinstance(kept, bytearray):
            self._drop_consumed()
        return end - at

    @property
    def kept(self) -> int:
        """Returns how many bytes have arrived and wait for more, or to be taken."""
        return len(self._kept) - self._at + self._parts_size

    def forget(self) -> None:
        """Drops everything that has arrived, because nothing of it will be looked at any more."""
        self._kept, self._at, self._needed = b"", 0, 0
        self._parts, self._parts_size, self.event = None, 0, None
        self.inflation = None

    def _drop_consumed(self) -> None:
        self._kept = bytearray(memoryview(self._kept)[self._at :])
        self._needed -= self._at
        self._at = 0

    def feed(self, data: bytes) -> list[Event]:
        """Returns all events that these bytes complete, in order. Raises `WebSocketError`."""
        self.add(data)
        events: list[Event] = []
        while self.take():
            while self.inflation is not None:
                self.inflate()
            if self.event is not None:
                events.append(self.event)
        return events

    def inflate(self) -> int:
        """Takes one step of the message that is being inflated, and returns how many bytes the step
        has yielded. After the last step `event` is the message. Raises `WebSocketError`."""
        inflation = self.inflation
        assert inflation is not None
        before = inflation.size
        try:
            if inflation.step():
                self.event, self.inflation = _text(inflation.result()), None
        except InflatesTooFar as error:
            raise WebSocketError(Code.TOO_BIG, str(error)) from None
        except NotDeflated as error:
            raise WebSocketError(Code.INVALID_TEXT, f"not deflated: {error}") from None
        return inflation.size - before

    def _frame(self, data: bytes | bytearray, at: int) -> int:
        """Takes one frame (5.2) that starts at `at`, and returns where it ends. If it is not yet
        complete, this returns `at`, and `_needed` says how many bytes there must be."""
        have = len(data) - at
        self._needed = at + 2
        if have < 2:
            return at
        first, second = data[at], data[at + 1]
        if first & 0x70 and not (
            first & 0x70 == RSV1 and self._inflates and first & 0x0F in (1, 2)
        ):
            # RSV1 belongs to the first frame of a message (RFC 7692, 6.1).
            raise WebSocketError(Code.PROTOCOL_ERROR, "reserved bits are set")
        if not second & 0x80:
            raise WebSocketError(Code.PROTOCOL_ERROR, "a client's frames have to be masked")
        length = second & 0x7F
        header = 2
        if length >= 126:
            header = 4 if length == 126 else 10
            self._needed = at + header
            if have < header:
                return at
            length = int.from_bytes(data[at + 2 : at + header], "big")
        if length > self._limit:
            raise WebSocketError(Code.TOO_BIG, f"a frame of {length} bytes")
        end = at + header + 4 + length
        self._needed = end
        if end > len(data):
            return at
        mask = data[at + header : at + header + 4]
        self.event = self._event(first, _unmask(mask, bytes(data[at + header + 4 : end])))
        return end

    def _event(self, first: int, payload: bytes) -> Event | None:
        final, opcode = first & 0x80, first & 0x0F
        if opcode >= 8:
            if not final or len(payload) > MAX_CONTROL:
                raise WebSocketError(Code.PROTOCOL_ERROR, "a control frame has to be short")
            if opcode > 10:
                raise WebSocketError(Code.PROTOCOL_ERROR, f"unknown opcode {opcode}")
            return Ping(payload) if opcode == 9 else Closed() if opcode == 8 else None
        if opcode == 1 and self._parts is None:
            self._deflated = bool(first & RSV1)
            if final:
                return self._message(payload)
            self._parts = [payload]
            self._parts_size = len(payload)
        elif opcode == 0 and self._parts is not None:
            self._parts.append(payload)
            self._parts_size += len(payload) + FRAGMENT_COST
            if self._parts_size > self._limit:
                raise WebSocketError(Code.TOO_BIG, "a message in too many or too long frames")
            if final:
                parts, self._parts = self._parts, None
                return self._message(b"".join(parts))
        elif opcode == 2:
            raise WebSocketError(Code.UNSUPPORTED, "binary message")
        else:
            raise WebSocketError(Code.PROTOCOL_ERROR, f"opcode {opcode} out of place")
        return None

    def _message(self, payload: bytes) -> str | None:
        """Returns the text of a complete message, or None if it has to be inflated first."""
        if not self._deflated:
            return _text(payload)
        self.inflation = Inflation(payload, self._limit)
        return None


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise WebSocketError(Code.INVALID_TEXT, "not UTF-8") from None


def _unmask(mask: bytes | bytearray, payload: bytes) -> bytes:
    length = len(payload)
    pattern = int.from_bytes((mask * (length // 4 + 1))[:length], "little")
    return (int.from_bytes(payload, "little") ^ pattern).to_bytes(length, "little")
