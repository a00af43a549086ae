"""Records what has happened in a run: a hash over all of it, and lines for people."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from struct import Struct
from typing import Final

KEPT: Final = 400
"""How many lines of a run that is not shown are kept: the last ones before something went wrong."""

_MOMENT: Final = Struct("<dI").pack

TOGETHER: Final = 1000
"""How many pieces are hashed at once."""


class Trace:
    """The trace of a run. It includes everything that may make two runs differ, so equal digests
    mean equal runs."""

    def __init__(self, show: Callable[[str], None] | None = None) -> None:
        """Starts a trace; `show` is called with each line as it comes."""
        self._hash = blake2b(digest_size=16)
        self._pieces: list[bytes] = []  #: those that are not hashed yet
        self._show = show
        self.lines: deque[str] = deque(maxlen=KEPT)

    def bytes(self, now: float, what: bytes, data: bytes) -> None:
        """Adds bytes to the digest only."""
        pieces = self._pieces
        pieces += (_MOMENT(now, len(data)), what, data)
        if len(pieces) > TOGETHER:
            self._digest_pieces()

    def _digest_pieces(self) -> None:
        self._hash.update(b"".join(self._pieces))
        self._pieces.clear()

    def line(self, now: float, where: str, text: str) -> None:
        """Adds a line, which is also for people."""
        line = f"{now:10.6f} {where:<10} {text}"
        self._pieces.append(line.encode(errors="surrogatepass"))
        self.lines.append(line)
        if self._show is not None:
            self._show(line)

    @property
    def digest(self) -> str:
        self._digest_pieces()
        return self._hash.hexdigest()
