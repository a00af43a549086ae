"""Implements WebSocket frames as a client needs them (RFC 6455), without I/O.

A library would do, if thousands of sockets did not have to share one process: aiohttp's reader
takes several times as long for a frame as everything else that the rig does with it.
"""

import base64
import hashlib
import secrets

from padfleet.services.tools.loadtest.inflate import InflateError, Inflating

_ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_FINAL = 0x80
_DEFLATED = 0x40  # RSV1
_WHOLE_TEXT = _FINAL | _TEXT
_WHOLE_DEFLATED = _WHOLE_TEXT | _DEFLATED

MAX_FRAME = 256 << 20
"""The most bytes of a frame; with more, the other side is presumed not to be a server."""


MAX_HEAD = 16 * 1024
"""The most bytes of the answer to the upgrade; more is not an answer."""


class LoadSocketError(Exception):
    """The other side does not speak WebSocket as a server should."""


class FrameReader:
    """Splits input into messages. Call `feed` with data as it comes, in pieces of any size."""

    __slots__ = (
        "_chunks",
        "_deflated",
        "_kept",
        "_message",
        "_wanted",
        "closed",
        "inflating",
        "pings",
    )

    def __init__(self) -> None:
        self.inflating: Inflating | None = None  #: once permessage-deflate is agreed on
        self._deflated = False  #: whether the message in several frames is deflated
        self.pings: list[bytes] = []  #: to be answered with `pong`, and taken out, by the caller
        self.closed: int | None = None  #: the code of the server's close frame (1005: it had none)
        self._chunks: list[bytes] = []
        self._kept = 0  # bytes in `_chunks`
        self._wanted = 0  # with fewer bytes than this there is no need to look
        self._message: list[bytes] | None = None  # what has come of a message in several frames

    def feed(self, data: bytes) -> list[bytes]:  # noqa: C901
        """Returns the text messages that `data` completes. Raises `LoadSocketError`."""
        if self._chunks:
            # The chunks are joined once, when a frame is complete: a large one comes in hundreds of
            # pieces.
            self._chunks.append(data)
            self._kept += len(data)
            if self._kept < self._wanted:
                return []
            data = b"".join(self._chunks)
            self._chunks.clear()
            self._wanted = 0
        messages: list[bytes] = []
        at, end = 0, len(data)
        while end - at >= 2:
            first, length = data[at], data[at + 1]
            start = at + 2
            if length > 125:
                start = at + (4 if length == 126 else 10)
                if length > 127:
                    raise LoadSocketError("a masked frame from a server")
                if end < start:
                    break
                length = int.from_bytes(data[at + 2 : start], "big")
                if length > MAX_FRAME:
                    raise LoadSocketError(f"a frame of {length} bytes")
            stop = start + length
            if stop > end:
                self._wanted = stop - at
                break
            if first == _WHOLE_TEXT and self._message is None:
                messages.append(data[start:stop])
            elif first == _WHOLE_DEFLATED and self._message is None:
                messages.append(self._inflated(data[start:stop]))
            else:
                self._take_unusual(first, data[start:stop], messages)
            at = stop
        if at < end:
            self._chunks.append(data[at:] if at else data)
            self._kept = end - at
        return messages

    def _inflated(self, payload: bytes) -> bytes:
        if self.inflating is None:
            raise LoadSocketError("a deflated frame, which was not agreed on")
        try:
            return self.inflating.message(payload)
        except InflateError as error:
            raise LoadSocketError(str(error)) from None

    def _take_unusual(self, first: int, payload: bytes, messages: list[bytes]) -> None:
        final, opcode = first & _FINAL, first & ~_FINAL
        if opcode == _TEXT | _DEFLATED and self._message is None:
            self._deflated, opcode = True, _TEXT
        elif opcode == _TEXT:
            self._deflated = False
        if opcode in (_CLOSE, _PING, _PONG) and not final:
            raise LoadSocketError("a control frame in pieces")
        if opcode == _CLOSE:
            self.closed = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
        elif opcode == _PING:
            self.pings.append(payload)
        elif opcode == _TEXT and self._message is None:
            self._message = [payload]
        elif opcode == 0 and self._message is not None:
            self._message.append(payload)
            if final:
                message = b"".join(self._message)
                messages.append(self._inflated(message) if self._deflated else message)
                self._message = None
        elif opcode != _PONG:
            raise LoadSocketError(f"a frame with first byte {first:#04x}, which was not to come")


def text_frame(payload: bytes) -> bytes:
    """Returns a message to the server as a frame."""
    return _frame(_WHOLE_TEXT, payload)


def pong(payload: bytes) -> bytes:
    return _frame(_FINAL | _PONG, payload)


def close_frame(code: int = 1000) -> bytes:
    return _frame(_FINAL | _CLOSE, code.to_bytes(2, "big"))


def _frame(first: int, payload: bytes) -> bytes:
    # A client has to mask with an unpredictable key, so that a page cannot make a browser send what
    # a proxy on the way would misinterpret (RFC 6455, 10.3). No page determines what the rig sends,
    # and masked with zero a payload stays as it is.
    length = len(payload)
    if length < 126:
        return b"%c%c\0\0\0\0%b" % (first, 0x80 | length, payload)
    if length < 1 << 16:
        return b"%c\xfe%b\0\0\0\0%b" % (first, length.to_bytes(2, "big"), payload)
    return b"%c\xff%b\0\0\0\0%b" % (first, length.to_bytes(8, "big"), payload)


def upgrade_request(host: str, target: str, key: bytes, offer: str = "") -> bytes:
    """Returns a request for a WebSocket at `target` (path and query). `key` has 16 bytes; the
    answer proves that the server has read them. `offer` lists the extensions that are offered."""
    extensions = f"Sec-WebSocket-Extensions: {offer}\r\n" if offer else ""
    return (
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(key).decode()}\r\n"
        f"{extensions}\r\n"
    ).encode()


class Upgrade:
    """Opens a connection: asks for a WebSocket, and reads the answer, which may come in pieces."""

    __slots__ = ("_head", "_key", "_offer", "agreed", "done")

    def __init__(self, offer: str = "") -> None:
        """Prepares a request that offers the extensions in `offer`."""
        self.done = False
        self.agreed = ""  #: the extensions that the server has agreed on
        self._offer = offer
        self._key = secrets.token_bytes(16)
        self._head = b""

    def request(self, host: str, target: str) -> bytes:
        return upgrade_request(host, target, self._key, self._offer)

    def feed(self, data: bytes) -> bytes:
        """Takes more of the answer. Once the answer is complete (`done`), returns whatever came
        after it. Raises `LoadSocketError`."""
        head, end, rest = (self._head + data).partition(b"\r\n\r\n")
        if end:
            self.agreed = check_upgrade(head, self._key)
            if self.agreed and not self._offer:
                raise LoadSocketError("the server agrees on an extension that was not offered")
            self.done = True
        elif len(head) > MAX_HEAD:
            raise LoadSocketError("the answer is not HTTP")
        else:
            self._head = head
        return rest


def check_upgrade(head: bytes, key: bytes) -> str:
    """Checks `head`, the answer up to its empty line. Returns the extensions that are agreed on;
    raises `LoadSocketError` if the server refuses."""
    status, *lines = head.decode("latin-1").split("\r\n")
    words = status.split(" ", 2)
    if not words[0].startswith("HTTP/1."):
        raise LoadSocketError("the answer is not HTTP")
    if words[1:2] != ["101"]:
        raise LoadSocketError(f"no WebSocket here: {' '.join(words[1:]) or 'no status'}")
    fields = {name.strip().lower(): value.strip() for name, _, value in map(_split, lines)}
    digest = hashlib.sha1(base64.b64encode(key) + _ACCEPT_SALT, usedforsecurity=False).digest()
    if fields.get("sec-websocket-accept") != base64.b64encode(digest).decode():
        raise LoadSocketError("the server's answer is to somebody else's request")
    return fields.get("sec-websocket-extensions", "")


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")
