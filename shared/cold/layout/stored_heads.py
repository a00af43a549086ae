"""This module reads and replaces the heads of pads in a store of bytes."""

from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.layout.heads import HeadObject, decode_head, encode_head
from padfleet.shared.cold.layout.names import head_name
from padfleet.shared.cold.layout.recent import RecentHeads
from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.cold.store import ColdStore, ColdVersion
from padfleet.shared.cold.turns import in_turn
from padfleet.shared.easysync.errors import shown


class StoredHeads:
    """The heads of all pads. Those that are likely to be replaced soon are remembered."""

    def __init__(self, store: ColdStore) -> None:
        self._store = store
        self._recent = RecentHeads()

    async def get(self, pad: str, *, keep: bool = False) -> tuple[HeadObject, ColdVersion] | None:
        """Reads the head. `keep` is given by callers that are likely to replace it."""
        stored = await self._store.get(head_name(pad))
        if stored is None:
            return None
        head = await in_turn(len(stored.data), decode_head, stored.data, pad)
        if keep:
            self._recent.keep(pad, head, stored.version, len(stored.data))
        return head, stored.version

    async def known(self, pad: str, over: ColdHead) -> HeadObject:
        """Returns the head that `over` describes. Raises `Overwritten`."""
        if (kept := self._recent.of(pad, over.version)) is not None:
            return kept
        found = await self.get(pad)
        if found is None or found[1] != over.version:
            raise Overwritten(f"pad {shown(pad)} has been changed since it was looked at")
        return found[0]

    async def over(self, pad: str, over: ColdHead | None) -> HeadObject | None:
        """Returns the head that is to be replaced, None if there must not be one. Raises
        `Overwritten` if something else is there."""
        if over is not None:
            return await self.known(pad, over)
        if await self._store.get(head_name(pad)) is not None:
            raise Overwritten(f"there is a pad {shown(pad)} already")
        return None

    async def put(self, pad: str, head: HeadObject, over: ColdHead | None) -> ColdVersion:
        """Writes a head over another one. Raises `Overwritten` if that is not there any more."""
        data = await in_turn(head.inline_size, encode_head, head)
        version = await self._store.put(
            head_name(pad), data, over=over.version if over is not None else None
        )
        if head.mark == "frozen":
            # From now on this may be all that there is of the pad.
            there = await self._store.get(head_name(pad))
            if there is None or (there.version == version and there.data != data):
                raise StoreAway(f"the cold store has not kept what was written of pad {shown(pad)}")
        self._recent.keep(pad, head, version, len(data))
        return version

    async def delete(self, pad: str, over: ColdHead) -> None:
        """Deletes the head that `over` describes. Raises `Overwritten` if it is not there."""
        await self._store.delete(head_name(pad), over=over.version)
        self._recent.forget(pad)
