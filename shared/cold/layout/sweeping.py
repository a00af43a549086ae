"""This module removes what no pad needs from a store of bytes."""

import time

from padfleet.shared.cold.layout.heads import decode_head
from padfleet.shared.cold.layout.names import HEADS, PARTS
from padfleet.shared.cold.layout.pad_parts import is_left_over
from padfleet.shared.cold.store import ColdStore
from padfleet.shared.log.damage import CorruptPad


async def sweep(store: ColdStore) -> int:
    """Removes parts that no head names because the process that wrote them was killed before it
    wrote the head. Returns how many were removed. Raises `StoreAway`."""
    removed = 0
    now = time.time() * 1000
    async for name in store.names(PARTS):
        stem, _, part = name.removeprefix(PARTS).rpartition("/")
        if not is_left_over(part, now):
            continue
        stored = await store.get(HEADS + stem)
        try:
            named = _names_in(stored.data) if stored is not None else set[str]()
        except CorruptPad:
            continue  # which parts this head needs is not known
        if part not in named:
            await store.delete(name, over=None)
            removed += 1
    return removed


def _names_in(data: bytes) -> set[str]:
    return {ref.name for ref in decode_head(data).refs()}
