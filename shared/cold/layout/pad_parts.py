"""This module reads and writes the parts of one pad in a store of bytes."""

import logging
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress

from padfleet.shared.cold.errors import StoreAway
from padfleet.shared.cold.layout.names import parts_folder
from padfleet.shared.cold.layout.parts import Kind, PartContent, PartRef, decode_part, encode_part
from padfleet.shared.cold.store import ColdStore
from padfleet.shared.cold.turns import in_turn
from padfleet.shared.tasks import all_of

log = logging.getLogger(__name__)

LEFT_OVER_MS = 3_600_000
"""The age at which a part that no head names is left over, since no process can still be about to
write the head that would name it."""


class PartGone(Exception):
    """A part that a head has named does not exist: either the head has been replaced meanwhile, or
    the part is lost."""


class PadParts:
    """Reads the parts of a pad, and writes those for a head that does not exist yet."""

    def __init__(self, store: ColdStore, pad: str) -> None:
        self._store = store
        self._pad = pad
        self._folder = parts_folder(pad)
        self.new: list[PartRef] = []

    async def load(self, kind: Kind, ref: PartRef) -> PartContent:
        """Returns the content of a part. Raises `PartGone`, `CorruptPad`, `StoreAway`."""
        stored = await self._store.get(self._folder + ref.name)
        if stored is None:
            raise PartGone(f"{kind} part {ref.name} of pad {self._pad!r} is missing")
        return await in_turn(len(stored.data), decode_part, self._pad, kind, ref, stored.data)

    async def put(
        self, kind: Kind, content: PartContent, first: int = 0, last: int = 0, chain: bytes = b""
    ) -> PartRef:
        """Writes a part, and reads it back. Raises `StoreAway`, `StoreFull`."""
        size = sum(map(len, content.payloads))
        data, seal = await in_turn(size, encode_part, self._pad, kind, content)
        name = f"{kind[0]}-{int(time.time() * 1000):011x}-{secrets.token_hex(6)}"
        ref = PartRef(name, first, last, len(data), seal, chain)
        self.new.append(ref)
        await self._store.put(self._folder + name, data, over=None)
        there = await self._store.get(self._folder + name)
        if there is None or there.data != data:
            raise StoreAway(f"the cold store has not kept what was written as {self._folder}{name}")
        return ref

    async def drop(self, refs: Iterable[PartRef]) -> None:
        """Removes parts that no head names any more. Parts that cannot be reached are left to
        `sweep`, since the pad does not depend on them."""
        with suppress(StoreAway):
            await all_of(*(self._store.delete(self._folder + ref.name, over=None) for ref in refs))


def is_left_over(name: str, now_ms: float) -> bool:
    """Returns whether a part with this name, which no head names, was left behind by a process that
    has ended."""
    try:
        put = int(name.split("-")[1], 16)
    except (IndexError, ValueError):
        return True  # not written by padfleet
    return put < now_ms - LEFT_OVER_MS
