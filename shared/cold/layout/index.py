"""This module looks up the pads that a read-only id or an author leads to. Pairs of such a name and
a pad are stored in pages that many names share.

With one object for each pair, most objects in a store of small pads would be pairs. Each shard,
chosen by a hash of the name, has pages from 0 on, and page 0 says how many there are. New pairs are
added to the last page.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from hashlib import blake2b
from io import BytesIO
from typing import Final, Literal, NamedTuple

from padfleet.shared.archive.frames import BadArchive, FrameWriter, inflated, read_payloads
from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.store import ColdStore, ColdVersion
from padfleet.shared.log.damage import CorruptPad, readable

MAGIC: Final = b"padfleet index 1\n"

PAGE_BYTES: Final = 1 << 16
"""The number of bytes after which a page is full, as it is written whole for each pair added."""

ATTEMPTS: Final = 50
"""How many times a change of a page is attempted. An attempt fails if another process has added to
the same page."""

Kind = Literal["readonly", "authors"]


class _Page(NamedTuple):
    last: int  #: in page 0, this is the number of the last page
    pairs: list[list[str]]


class ColdIndex:
    """The pairs of one kind. Raises `StoreAway`, and `CorruptPad` for a page that is damaged."""

    def __init__(self, store: ColdStore, kind: Kind) -> None:
        self._store = store
        self._kind = kind
        self._waiting: dict[str, list[list[str]]] = {}  #: pairs to be added, by shard
        self._turns: dict[str, asyncio.Lock] = {}  #: there are at most as many as shards

    async def add(self, name: str, pad: str) -> None:
        """Adds a pair, unless it is there already. What several callers want to add to a shard
        while one of them is writing it is added together."""
        shard = self._where(name, 0)
        self._waiting.setdefault(shard, []).append([name, pad])
        async with self._turns.setdefault(shard, asyncio.Lock()):
            # The list has the pairs of all who wait, unless an earlier caller has already added
            # ours.
            wanted = self._waiting.pop(shard, [])
            try:
                if wanted:
                    await self._add(name, wanted)
            except BaseException:
                self._waiting.setdefault(shard, []).extend(wanted)
                raise

    async def _add(self, name: str, wanted: list[list[str]]) -> None:
        for attempt in range(ATTEMPTS):
            first, version, first_size = await self._page(name, 0)
            number = first.last
            page, over, size = (
                await self._page(name, number) if number else (first, version, first_size)
            )
            new = [pair for pair in wanted if pair not in page.pairs]
            if not new:
                return
            try:
                if size > PAGE_BYTES:
                    # If the process is killed here, the new page is still missing; the next caller
                    # begins it.
                    await self._put(name, 0, first._replace(last=number + 1), version)
                    continue
                await self._put(name, number, page._replace(pairs=[*page.pairs, *new]), over)
            except Overwritten:
                await asyncio.sleep(random.random() * 0.01 * attempt)
                continue
            return
        raise StoreAway(f"the list of {self._kind} keeps being changed by others")

    async def remove(self, name: str, pad: str) -> None:
        """Removes a pair, if it is there."""
        number = last = 0
        attempts = 0
        while number <= last:
            page, version, _ = await self._page(name, number)
            last = page.last if number == 0 else last
            kept = [pair for pair in page.pairs if pair != [name, pad]]
            if len(kept) < len(page.pairs):
                try:
                    await self._put(name, number, page._replace(pairs=kept), version)
                except Overwritten:
                    if (attempts := attempts + 1) > ATTEMPTS:
                        raise StoreAway(f"the list of {self._kind} keeps changing") from None
                    continue
            number += 1

    async def find(self, name: str) -> AsyncIterator[str]:
        """Yields the pads, in the order in which they were added."""
        number = last = 0
        while number <= last:
            page, _, _ = await self._page(name, number)
            last = page.last if number == 0 else last
            for found, pad in page.pairs:
                if found == name:
                    yield pad
            number += 1

    async def _page(self, name: str, number: int) -> tuple[_Page, ColdVersion | None, int]:
        where = self._where(name, number)
        stored = await self._store.get(where)
        if stored is None:
            return _Page(0, []), None, 0
        return _decoded(where, stored.data), stored.version, len(stored.data)

    async def _put(self, name: str, number: int, page: _Page, over: ColdVersion | None) -> None:
        await self._store.put(self._where(name, number), _encoded(page), over=over)

    def _where(self, name: str, number: int) -> str:
        digest = blake2b(name.encode(), digest_size=2).hexdigest()[:3]
        return f"index/{self._kind}/{digest[0]}/{digest[1:]}-{number}"


def _encoded(page: _Page) -> bytes:
    file = BytesIO()
    FrameWriter(file, MAGIC).write(list(page))
    return file.getvalue()


def _decoded(where: str, data: bytes) -> _Page:
    said = f"{where} of the cold store"
    try:
        (frame,) = read_payloads(BytesIO(data), MAGIC)
        with readable(said):
            return _Page(*inflated(frame.payload, frame.end))
    except (BadArchive, ValueError) as error:
        raise CorruptPad(f"{said}: {error}") from error
