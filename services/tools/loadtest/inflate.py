"""Inflates the messages that thousands of sockets in one process receive deflated (RFC 7692).

An inflater for each socket would take 10 KB, and 5 µs per message, and a server that deflates once
for all of them would be measured by a rig that inflates for each. The meaning of a message depends
only on its bytes and on the receiver's window, so each pair of these is inflated with zlib once and
looked up after that.
"""

import zlib

WINDOW_BITS = 12
"""The window that is requested: as large as that of a server that refers back only to the message
before."""

OFFER = f"permessage-deflate; server_max_window_bits={WINDOW_BITS}; client_no_context_takeover"

MOST_KEPT = 4096
"""How many pairs are remembered."""

MAX_MESSAGE = 256 << 20

_TAIL = b"\x00\x00\xff\xff"


class InflateError(Exception):
    """The server has sent data that cannot be inflated."""


class SharedInflater:
    """The cache that the sockets of a process share."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}
        self._windows: dict[bytes, bytes] = {}

    def inflate(self, window: bytes, payload: bytes, size: int) -> tuple[bytes, bytes]:
        """Returns the message, and the window of `size` bytes after it. Raises `InflateError`."""
        key = (window, payload)
        found = self._known.get(key)
        if found is None:
            inflater = zlib.decompressobj(-15, zdict=window)
            try:
                text = inflater.decompress(payload + _TAIL, MAX_MESSAGE)
            except zlib.error as error:
                raise InflateError(f"what came is not deflated: {error}") from None
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
                self._windows.clear()
            after = (window + text)[-size:]
            # Equal windows share one object, so that a lookup compares addresses.
            after = self._windows.setdefault(after, after)
            found = self._known[key] = (text, after)
        return found


class Inflating:
    """One socket, and its current window."""

    __slots__ = ("_inflater", "_keeps", "_size", "_window")

    def __init__(self, inflater: SharedInflater, answer: str) -> None:
        """Takes the server's answer to `OFFER`. Raises `InflateError` if it is invalid."""
        name, *parameters = (part.strip().lower() for part in answer.split(";"))
        given = dict(parameter.partition("=")[::2] for parameter in parameters)
        bits = given.get("server_max_window_bits", "15").strip('"')
        if name != "permessage-deflate" or bits not in map(str, range(8, 16)):
            raise InflateError(f"the server agrees on what was not offered: {answer[:80]}")
        self._inflater = inflater
        self._keeps = "server_no_context_takeover" not in given
        self._size = 1 << int(bits)
        self._window = b""

    def message(self, payload: bytes) -> bytes:
        """Returns the next message, which came deflated. Raises `InflateError`."""
        text, after = self._inflater.inflate(self._window, payload, self._size)
        if self._keeps:
            self._window = after
        return text
