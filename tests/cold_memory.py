"""Keeps cold stores in memory, for tests that are about something else than a store.

`MemoryStore` holds bytes, `MemoryPads` pads. Both behave as their interfaces require
(`padfleet.shared.cold`), and `away` makes every call fail until it is unset.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count

from padfleet.shared.archive.entries import Revisions
from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.pads import (
    ColdAppend,
    ColdGlance,
    ColdHead,
    ColdListed,
    ColdPad,
    ColdState,
    Mark,
    UsedBy,
    with_authors,
)
from padfleet.shared.cold.store import ColdVersion, StoredObject
from padfleet.shared.log.damage import CorruptPad, RevisionMissing
from padfleet.shared.log.records import Revision, Snapshot


class MemoryStore:
    """A `ColdStore` that holds its bytes in memory."""

    def __init__(self) -> None:
        self.away: Exception | None = None
        self._held: dict[str, StoredObject] = {}
        self._versions = count(1)

    def _check(self) -> None:
        if self.away is not None:
            raise self.away

    async def get(self, name: str) -> StoredObject | None:
        self._check()
        return self._held.get(name)

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> ColdVersion:
        self._check()
        known = self._held.get(name)
        if (known.version if known is not None else None) != over:
            raise Overwritten(name)
        version = str(next(self._versions))
        self._held[name] = StoredObject(data, version)
        return version

    async def delete(self, name: str, *, over: ColdVersion | None) -> None:
        self._check()
        known = self._held.get(name)
        if over is not None and (known is None or known.version != over):
            raise Overwritten(name)
        self._held.pop(name, None)

    async def names(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        self._check()
        for name in sorted(self._held):
            if name.startswith(prefix) and name > after:
                yield name

    async def aclose(self) -> None:
        pass


@dataclass
class _Held:
    head: ColdHead
    state: ColdState
    revisions: list[bytes] = field(default_factory=list)
    snapshot: bytes | None = None
    chat: dict[str, list[bytes]] = field(default_factory=dict)
    saved: list[bytes] = field(default_factory=list)
    authors: dict[str, list[bytes]] = field(default_factory=dict)


class MemoryPads:
    """A `ColdPads` in memory. `away` makes every call fail, `damaged` those that name one of these
    pads."""

    def __init__(self, *, now: int = 1) -> None:
        self.away: Exception | None = None
        self.damaged: set[str] = set()
        self.calls: list[tuple[str, str]] = []
        self.now = now
        self._held: dict[str, _Held] = {}
        self._versions = count(1)
        self._used_by: UsedBy | None = None

    def _check(self, call: str, pad: str) -> None:
        self.calls.append((call, pad))
        if self.away is not None:
            raise self.away
        if pad in self.damaged:
            raise CorruptPad(f"what the cold store has of {pad} is damaged")

    def _known(self, pad: str, over: ColdHead | None) -> _Held | None:
        held = self._held.get(pad)
        if (held.head if held is not None else None) != over:
            raise Overwritten(pad)
        return held

    async def look(self, pad: str) -> ColdHead | None:
        self._check("look", pad)
        held = self._held.get(pad)
        return held.head if held is not None else None

    async def glance(self, pad: str) -> ColdGlance | None:
        self._check("glance", pad)
        held = self._held.get(pad)
        if held is None:
            return None
        return ColdGlance(
            held.head, held.state.pad, sum(map(len, held.revisions)), len(held.authors)
        )

    async def read(self, pad: str) -> ColdPad | None:
        self._check("read", pad)
        held = self._held.get(pad)
        if held is None:
            return None
        after = -1 if held.snapshot is None else Snapshot.from_bytes(held.snapshot).rev
        first = min(after + 1, held.head.head)
        return ColdPad(
            held.head,
            held.state,
            held.snapshot,
            Revisions(first, held.revisions[first:]),
            list(held.chat.items()),
            list(held.saved),
            list(held.authors.items()),
        )

    async def revisions(
        self, pad: str, epoch: int, first: int, last: int
    ) -> AsyncIterator[Revisions]:
        self._check("revisions", pad)
        held = self._held.get(pad)
        if held is None or held.head.epoch != epoch:
            raise Overwritten(pad)
        if last > held.head.head:
            raise RevisionMissing(f"revision {held.head.head + 1} is missing")
        for start in range(first, last + 1, 500):
            yield Revisions(start, held.revisions[start : min(start + 500, last + 1)])

    async def append(
        self, pad: str, over: ColdHead | None, part: ColdAppend, mark: Mark = "live"
    ) -> ColdHead:
        self._check("append", pad)
        held = self._known(pad, over)
        told = part.state.pad
        if held is not None and held.head.epoch != told.epoch:
            held = None
        first, records = part.revisions
        kept = held.revisions[:first] if held is not None else []
        assert len(kept) == first, "there would be a hole"
        revisions = kept + list(records)
        assert len(revisions) - 1 == told.head, "they lead elsewhere"
        assert Revision.from_record(told.head, revisions[-1]).chain == told.chain
        snapshot = part.snapshot
        if snapshot is None and held is not None and held.snapshot is not None:
            known = Snapshot.from_bytes(held.snapshot)
            snapshot = held.snapshot if known.rev < first else None
        chat = {**(held.chat if held is not None else {}), **dict(part.chat)}
        chat = {i: flat for i, flat in chat.items() if int(i.partition("-")[0]) <= told.chat}
        saved = held.saved if part.saved is None and held is not None else list(part.saved or ())
        authors = with_authors(held.authors if held is not None else {}, part.authors)
        head = ColdHead(
            told.epoch,
            told.head,
            told.chain,
            mark,
            over.edition + 1 if over is not None else 1,
            self.now,
            str(next(self._versions)),
        )
        self._held[pad] = _Held(head, part.state, revisions, snapshot, chat, saved, authors)
        return head

    async def set_mark(self, pad: str, over: ColdHead, mark: Mark) -> ColdHead:
        self._check("set_mark", pad)
        held = self._known(pad, over)
        assert held is not None
        held.head = over._replace(mark=mark, version=str(next(self._versions)))
        return held.head

    async def was_removed_by_others(self, pad: str) -> bool:
        self._check("was_removed_by_others", pad)
        return False

    async def delete(self, pad: str, over: ColdHead) -> None:
        self._check("delete", pad)
        self._known(pad, over)
        del self._held[pad]

    async def pads(self, after: str = "", match: str = "*") -> AsyncIterator[ColdListed]:
        self._check("pads", "")
        for pad in sorted(self._held):
            if pad > after and fnmatchcase(pad, match):
                held = self._held[pad]
                size = sum(map(len, held.revisions))
                yield ColdListed(pad, held.head.head, held.state.pad.time, size, held.head.mark)

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        self._check("pad_of_read_only", "")
        for pad, held in self._held.items():
            if held.state.pad.read_only_id == read_only_id:
                return pad
        return None

    async def pads_of_author(self, author: str) -> AsyncIterator[str]:
        self._check("pads_of_author", "")
        for pad in sorted(self._held):
            if author in self._held[pad].authors:
                yield pad

    async def used_by(self) -> UsedBy | None:
        self._check("used_by", "")
        return self._used_by

    async def use(self, fleet: str) -> None:
        self._check("use", "")
        self._used_by = UsedBy(fleet, str(next(self._versions)))

    async def check(self) -> None:
        self._check("check", "")

    async def aclose(self) -> None:
        pass


def away() -> StoreAway:
    return StoreAway("the cold store does not answer")
