"""Decompresses bodies that come compressed (`Content-Encoding`), step by step. Pure, no I/O.

A few kilobytes may become a hundred megabytes. aiohttp would decompress anything that comes, for
anybody, in steps that hold the event loop for 60 ms; so it is set to leave bodies as they are
(`shared.serving`), and only code that wants a body decompresses it, up to the size that it accepts.
"""

import zlib
from collections.abc import Iterator
from typing import Final

STEP: Final = 1 << 17
"""How many bytes are decompressed, and how many are looked at, in one step of a millisecond."""

_BITS: Final = {"gzip": zlib.MAX_WBITS + 16, "x-gzip": zlib.MAX_WBITS + 16, "deflate": 0}
_PLAIN: Final = frozenset({"", "identity"})

TAKEN: Final = "gzip, deflate"
"""The codings that are supported, as `Accept-Encoding` names them."""


class NotPacked(ValueError):
    """The data is not compressed as it says."""


class UnknownCoding(Exception):
    """The coding is not supported. The text says which ones are."""


def is_packed(coding: str) -> bool:
    """Returns whether a body with this `Content-Encoding` has to be decompressed."""
    return coding.strip().lower() not in _PLAIN


class Unpacker:
    """Decompresses one body."""

    def __init__(self, coding: str) -> None:
        """Raises `UnknownCoding` for a coding that is not supported."""
        name = coding.strip().lower()
        if name not in _BITS:
            raise UnknownCoding(
                f"no body is taken as {coding[:50]!r}: send it as it is, or {TAKEN}"
            )
        self._bits = _BITS[name]
        self._inflater: zlib._Decompress | None = None

    def steps(self, data: bytes) -> Iterator[bytes]:
        """Yields the decompressed content of `data`, in pieces of at most `STEP` bytes. Raises
        `NotPacked`."""
        if not data:
            return
        if self._inflater is None:
            # "deflate" means the zlib format, but some clients send raw deflate data (RFC 9110,
            # 8.4.1.2).
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
        """Ends the body. Raises `NotPacked` if something is missing."""
        if self._inflater is None or not self._inflater.eof:
            raise NotPacked("it ends before what is packed does")
