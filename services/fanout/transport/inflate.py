"""Decompresses messages from clients (RFC 7692). Pure: no I/O.

Each message is independent, as is negotiated with every client (`client_no_context_takeover`):
nothing is kept between two.
"""

import zlib

STEP = 16 * 1024
"""How many bytes are decompressed, and how many are looked at, in one step of an `Inflation`. There
are 32 steps of a connection in one turn of the event loop: 3 ms."""

MOST_STREAMS = 16
"""How often a message may end its deflate stream and begin another (7.2.3.4). Nobody needs more
than one; each costs as much as a short message."""

_HISTORY = 1 << 15

_TAIL = b"\x00\x00\xff\xff"
"""The end of a sync flush, which is left out on the wire (7.2.1)."""


class InflatesTooFar(Exception):
    """A message is longer than allowed when decompressed."""


class NotDeflated(Exception):
    """The message is not compressed."""


class Inflation:
    """One compressed message, decompressed step by step: a kilobyte may become a megabyte, and
    others wait for their turn."""

    __slots__ = ("_at", "_inflater", "_limit", "_made", "_payload", "_pending", "_streams", "size")

    def __init__(self, payload: bytes, limit: int) -> None:
        """Takes a compressed message; `limit` is how many bytes it may have when decompressed."""
        self._payload = payload + _TAIL
        self._at = 0
        self._pending = b""  #: input that was looked at and yields more than one step returns
        self._limit = limit
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._streams = 1
        self._made: list[bytes] = []
        self.size = 0  #: bytes inflated so far

    def step(self) -> bool:
        """Continues by at most `STEP` bytes; returns whether that was all.

        Raises `InflatesTooFar` or `NotDeflated`.
        """
        data = self._pending
        if not data:
            data = self._payload[self._at : self._at + STEP]
            self._at += len(data)
        try:
            made = self._inflater.decompress(data, STEP)
        except zlib.error as error:
            raise NotDeflated(str(error)) from None
        self._made.append(made)
        self.size += len(made)
        if self.size > self._limit:
            raise InflatesTooFar(f"a message that inflates to more than {self._limit} bytes")
        if self._inflater.eof:
            self._pending = self._inflater.unused_data
            if self._pending or self._at < len(self._payload):
                self._begin_another()
                return False
            return True
        self._pending = self._inflater.unconsumed_tail
        # If a step is full, there may be more of what has been looked at, and no input left.
        return not self._pending and self._at >= len(self._payload) and len(made) < STEP

    def _begin_another(self) -> None:
        if self._streams == MOST_STREAMS:
            raise NotDeflated(f"more than {MOST_STREAMS} deflate streams in one message")
        self._streams += 1
        before = b"".join(self._made)
        self._made = [before]
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS, zdict=before[-_HISTORY:])

    def result(self) -> bytes:
        """Returns the message, once `step` has returned True."""
        return b"".join(self._made)
