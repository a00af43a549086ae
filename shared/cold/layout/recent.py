"""Heads of pads as they were read or put last, for who is about to replace them."""

from collections import OrderedDict
from typing import Final

from padfleet.shared.cold.layout.heads import HeadObject
from padfleet.shared.cold.store import ColdVersion

MOST_BYTES: Final = 4 << 20
"""Bytes of the heads that are kept, as they lie in the store: some hundred busy pads."""


class RecentHeads:
    """They are believed only together with their version: what is put over another than the store
    has is refused there."""

    def __init__(self) -> None:
        self._heads: OrderedDict[str, tuple[HeadObject, ColdVersion, int]] = OrderedDict()
        self._bytes = 0

    def keep(self, pad: str, head: HeadObject, version: ColdVersion, size: int) -> None:
        """In the place of the one that was kept of the pad. `size` is in bytes."""
        self.forget(pad)
        self._heads[pad] = head, version, size
        self._bytes += size
        while self._bytes > MOST_BYTES:
            _, (_, _, gone) = self._heads.popitem(last=False)
            self._bytes -= gone

    def of(self, pad: str, version: ColdVersion) -> HeadObject | None:
        """None: it is not here."""
        head, kept, _ = self._heads.get(pad, (None, "", 0))
        return head if kept == version else None

    def forget(self, pad: str) -> None:
        """What was kept of the pad is of no more use."""
        if (found := self._heads.pop(pad, None)) is not None:
            self._bytes -= found[2]
