"""This module implements `ColdPads` for files and buckets: pads as objects in a store of bytes.

Parts are written first and the head last, in place of the head that was looked at: before that
write, the pad is what it was, and after it, the new one. A part that no head names was left by a
process that was killed or overtaken; `sweep` removes it.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from padfleet.shared.archive.entries import Revisions
from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.layout import appending
from padfleet.shared.cold.layout.appending import (
    Contents,
    read_beside,
)
from padfleet.shared.cold.layout.blocks import from_block
from padfleet.shared.cold.layout.heads import HeadObject, decode_head
from padfleet.shared.cold.layout.index import ColdIndex
from padfleet.shared.cold.layout.names import HEADS, USED_BY, head_name, pad_of
from padfleet.shared.cold.layout.pad_parts import PadParts, PartGone
from padfleet.shared.cold.layout.reading import blocks_between, read_pad
from padfleet.shared.cold.layout.stored_heads import StoredHeads
from padfleet.shared.cold.layout.sweeping import sweep
from padfleet.shared.cold.pads import (
    ColdAppend,
    ColdGlance,
    ColdHead,
    ColdListed,
    ColdPad,
    Mark,
    UsedBy,
)
from padfleet.shared.cold.probing import probe
from padfleet.shared.cold.store import ColdStore, ColdVersion
from padfleet.shared.easysync.errors import shown
from padfleet.shared.log.damage import CorruptPad, RevisionMissing, readable
from padfleet.shared.tasks import all_of
from padfleet.shared.wire.jsontext import dumps, loads

log = logging.getLogger(__name__)

NONCE_BYTES: Final = 8
"""How many random bytes tell two writes of the same thing apart."""

PAGE: Final = 500
"""How many revisions are handed out at once."""


class ObjectPads:
    """Implements `ColdPads` on a store of bytes."""

    def __init__(self, store: ColdStore) -> None:
        self._store = store
        self._read_only = ColdIndex(store, "readonly")
        self._authors = ColdIndex(store, "authors")
        self._heads = StoredHeads(store)

    # --- One pad ---------------------------------------------------------------------------------

    async def look(self, pad: str) -> ColdHead | None:
        found = await self._heads.get(pad, keep=True)
        return found[0].cold_head(found[1]) if found is not None else None

    async def glance(self, pad: str) -> ColdGlance | None:
        seen: ColdVersion | None = None
        while (found := await self._heads.get(pad)) is not None:
            head, version = found
            parts = PadParts(self._store, pad)
            try:
                authors = await read_beside(parts, head.beside, "authors") or ()
            except PartGone as error:
                if version == seen:
                    raise CorruptPad(str(error)) from error
                seen = version
                continue
            return ColdGlance(head.cold_head(version), head.state.pad, head.size, len(authors))
        return None

    async def read(self, pad: str) -> ColdPad | None:
        seen: ColdVersion | None = None
        while (found := await self._heads.get(pad, keep=True)) is not None:
            head, version = found
            try:
                return await read_pad(PadParts(self._store, pad), head, version)
            except PartGone as error:
                # If there is a new head by now, the part was merged meanwhile.
                if version == seen:
                    raise CorruptPad(str(error)) from error
                seen = version
        return None

    async def revisions(
        self, pad: str, epoch: int, first: int, last: int
    ) -> AsyncIterator[Revisions]:
        at = max(first, 0)
        seen: ColdVersion | None = None
        while at <= last:
            found = await self._heads.get(pad)
            if found is None or found[0].state.pad.epoch != epoch:
                raise Overwritten(f"pad {shown(pad)} is another one by now, or gone")
            head, version = found
            if last > head.state.pad.head:
                raise RevisionMissing(f"revision {head.state.pad.head + 1} is missing")
            try:
                async for block, chain in blocks_between(
                    PadParts(self._store, pad), head, at, last
                ):
                    records = await asyncio.to_thread(from_block, block, chain)
                    while at <= min(block.last, last):
                        end = min(at + PAGE, block.last + 1, last + 1)
                        yield Revisions(at, records[at - block.first : end - block.first])
                        at = end
            except PartGone as error:
                if version == seen:
                    raise CorruptPad(str(error)) from error
                seen = version

    async def append(
        self, pad: str, over: ColdHead | None, part: ColdAppend, mark: Mark = "live"
    ) -> ColdHead:
        before = await self._heads.over(pad, over)
        pad_head = part.state.pad
        if pad_head.pad != pad:
            raise ValueError(f"{pad_head.pad!r} is not {pad!r}")
        goes_on = before is not None and before.state.pad.epoch == pad_head.epoch
        contents = Contents.of(before if goes_on else None)
        parts = PadParts(self._store, pad)
        try:
            await appending.append(parts, contents, part)
            head = HeadObject(
                secrets.token_bytes(NONCE_BYTES),
                mark,
                over.edition + 1 if over is not None else 1,
                int(time.time() * 1000),
                part.state,
                tuple(contents.parts),
                tuple(contents.blocks),
                tuple(contents.chat_parts),
                contents.chat,
                contents.beside,
                contents.snapshot_rev,
            )
            await self._enter(before, contents, part)
            version = await self._heads.put(pad, head, over)
        except PartGone as error:
            await parts.drop(parts.new)
            await self._heads.over(pad, over)
            raise CorruptPad(str(error)) from error
        except (Overwritten, CorruptPad):
            await parts.drop(parts.new)
            raise
        known = {*(before.refs() if before is not None else ()), *parts.new}
        if known:  # most pads are one object
            await parts.drop(known.difference(head.refs()))
        return head.cold_head(version)

    async def set_mark(self, pad: str, over: ColdHead, mark: Mark) -> ColdHead:
        before = await self._heads.known(pad, over)
        head = replace(before, nonce=secrets.token_bytes(NONCE_BYTES), mark=mark)
        return head.cold_head(await self._heads.put(pad, head, over))

    async def was_removed_by_others(self, pad: str) -> bool:
        del pad
        return False

    async def delete(self, pad: str, over: ColdHead) -> None:
        before = await self._heads.known(pad, over)
        parts = PadParts(self._store, pad)
        names: list[str] = []
        with suppress(PartGone, CorruptPad):
            names = [name for name, _ in await read_beside(parts, before.beside, "authors") or ()]
        await self._heads.delete(pad, over)
        await parts.drop(before.refs())
        try:
            for name in names:
                await self._authors.remove(name, pad)
            if before.state.pad.read_only_id is not None:
                await self._read_only.remove(before.state.pad.read_only_id, pad)
        except (StoreAway, CorruptPad) as error:
            # Readers that follow these entries find that there is no such pad.
            log.warning("index entries not removed", extra={"error": str(error)})

    # --- All of them -----------------------------------------------------------------------------

    async def pads(self, after: str = "", match: str = "*") -> AsyncIterator[ColdListed]:
        async for name in self._store.names(HEADS, head_name(after) if after else ""):
            pad = pad_of(name.removeprefix(HEADS))
            if pad is None:
                pad = await self._pad_of_long_name(name)
            if pad is not None and fnmatchcase(pad, match):
                yield ColdListed(pad, -1, 0, 0, None)

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        async for pad in self._read_only.find(read_only_id):
            found = await self._heads.get(pad)
            if found is not None and found[0].state.pad.read_only_id == read_only_id:
                return pad
        return None

    async def pads_of_author(self, author: str) -> AsyncIterator[str]:
        for pad in sorted({pad async for pad in self._authors.find(author)}):
            yield pad

    async def used_by(self) -> UsedBy | None:
        stored = await self._store.get(USED_BY)
        if stored is None:
            return None
        with readable(f"{USED_BY} of the cold store"):
            return UsedBy(loads(stored.data)["fleet"], stored.version)

    async def use(self, fleet: str) -> None:
        stored = await self._store.get(USED_BY)
        said = {"fleet": fleet, "said": secrets.token_hex(NONCE_BYTES)}
        with suppress(Overwritten):
            await self._store.put(
                USED_BY, dumps(said).encode(), over=stored.version if stored is not None else None
            )

    async def check(self) -> None:
        await probe(self._store)

    async def sweep(self) -> int:
        """Removes parts that no pad needs. Returns how many. Raises `StoreAway`."""
        return await sweep(self._store)

    async def aclose(self) -> None:
        await self._store.aclose()

    async def _enter(self, before: HeadObject | None, contents: Contents, part: ColdAppend) -> None:
        """Adds the pad to the lists that do not have it yet. This comes before the head: a list may
        name a pad that does not exist, but no pad may be missing from its lists."""
        pad = part.state.pad
        adding = [self._authors.add(name, pad.pad) for name in contents.new_authors]
        if pad.read_only_id and (
            before is None or before.state.pad.read_only_id != pad.read_only_id
        ):
            adding.append(self._read_only.add(pad.read_only_id, pad.pad))
        await all_of(*adding)

    async def _pad_of_long_name(self, name: str) -> str | None:
        stored = await self._store.get(name)
        with suppress(CorruptPad):
            if stored is not None:
                return decode_head(stored.data).state.pad.pad
        return None
