"""This module keeps the heads of pads that were read or written last, for callers that are about to
replace them."""

from collections import OrderedDict
from typing import Final

from padfleet.shared.cold.layout.heads import HeadObject
from padfleet.shared.cold.store import ColdVersion

MOST_BYTES: Final = 4 << 20
"""The maximum number of bytes of heads that are kept, as stored: the heads of some hundred busy
pads."""


class RecentHeads:
    """The recent heads. They are trusted only together with their version: a put over another
    version than the store has is refused there."""

    def __init__(self) -> None:
        self._heads: OrderedDict[str, tuple[HeadObject, ColdVersion, int]] = OrderedDict()
        self._bytes = 0

    def keep(self, pad: str, head: HeadObject, version: ColdVersion, size: int) -> None:
        """Keeps this head in place of the pad's previous one. `size` is in bytes."""
        self.forget(pad)
        self._heads[pad] = head, version, size
        self._bytes += size
        while self._bytes > MOST_BYTES:
            _, (_, _, gone) = self._heads.popitem(last=False)
            self._bytes -= gone

    def of(self, pad: str, version: ColdVersion) -> HeadObject | None:
        """Returns the head of this version, or None if it is not kept."""
        head, kept, _ = self._heads.get(pad, (None, "", 0))
        return head if kept == version else None

    def forget(self, pad: str) -> None:
        """Drops the pad's head, which is of no more use."""
        if (found := self._heads.pop(pad, None)) is not None:
            self._bytes -= found[2]
