"""Bodies that come packed (`Content-Encoding`), unpacked step by step: pure, no I/O.

A few kilobytes may become a hundred megabytes. aiohttp would unpack whatever comes, whoever asks
for it, in steps that hold the event loop for 60 ms; so it leaves bodies as they are
(`shared.serving`), and only who wants one unpacks it, up to what he takes.
"""

import zlib
from collections.abc import Iterator
from typing import Final

STEP: Final = 1 << 17
"""Bytes that are unpacked, and bytes that are looked at, in one step: a millisecond."""

_BITS: Final = {"gzip": zlib.MAX_WBITS + 16, "x-gzip": zlib.MAX_WBITS + 16, "deflate": 0}
_PLAIN: Final = frozenset({"", "identity"})

TAKEN: Final = "gzip, deflate"
"""The codings that there are, as `Accept-Encoding` names them."""


class NotPacked(ValueError):
    """What came is not packed as it says."""


class UnknownCoding(Exception):
    """A coding that nothing is taken in. The text says which are."""


def is_packed(coding: str) -> bool:
    """Whether a body with this `Content-Encoding` has to be unpacked."""
    return coding.strip().lower() not in _PLAIN


class Unpacker:
    """One body."""

    def __init__(self, coding: str) -> None:
        """Raises `UnknownCoding`."""
        name = coding.strip().lower()
        if name not in _BITS:
            raise UnknownCoding(
                f"no body is taken as {coding[:50]!r}: send it as it is, or {TAKEN}"
            )
        self._bits = _BITS[name]
        self._inflater: zlib._Decompress | None = None

    def steps(self, data: bytes) -> Iterator[bytes]:
        """What comes next, in pieces of `STEP` bytes at most. Raises `NotPacked`."""
        if not data:
            return
        if self._inflater is None:
            # "deflate" means zlib's form of it, and some send it without (RFC 9110, 8.4.1.2).
            bits = self._bits or (zlib.MAX_WBITS if data[0] & 0xF == 8 else -zlib.MAX_WBITS)
            self._inflater = zlib.decompressobj(bits)
        for start in range(0, len(data), STEP):
            pending = data[start : start + STEP]
            full = False
            while pending or full:
                try:
                    made = self._inflater.decompress(pending, STEP)
                except zlib.error as error:
                    raise NotPacked(f"it is not packed as it says: {error}") from None
                if self._inflater.unused_data:
                    raise NotPacked("something stands behind what is packed")
                pending = self._inflater.unconsumed_tail
                full = len(made) == STEP
                yield made

    def end(self) -> None:
        """There is no more. Raises `NotPacked` where something is missing."""
        if self._inflater is None or not self._inflater.eof:
            raise NotPacked("it ends before what is packed does")
