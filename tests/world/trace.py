"""What has happened in a run: a hash over all of it, and lines for people."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from struct import Struct
from typing import Final

KEPT: Final = 400
"""Lines that are kept of a run which is not shown: the last ones before something went wrong."""

_MOMENT: Final = Struct("<dI").pack


class Trace:
    """Whatever makes two runs differ goes into it, so equal digests mean equal runs."""

    def __init__(self, show: Callable[[str], None] | None = None) -> None:
        """`show` is given each line as it comes."""
        self._hash = blake2b(digest_size=16)
        self._show = show
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.counts = 0

    def bytes(self, now: float, what: str, data: bytes | memoryview) -> None:
        """Goes into the digest only."""
        self._hash.update(_MOMENT(now, len(data)))
        self._hash.update(what.encode())
        self._hash.update(data)
        self.counts += 1

    def line(self, now: float, where: str, text: str) -> None:
        """For people, too."""
        line = f"{now:10.6f} {where:<10} {text}"
        self._hash.update(line.encode(errors="surrogatepass"))
        self.lines.append(line)
        if self._show is not None:
            self._show(line)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
