"""This module reads a pad in the cold store without bringing it back into Redis."""

from bisect import bisect_left, bisect_right
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

from padfleet.shared.archive.entries import Revisions
from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.pads import ColdPad, ColdPads
from padfleet.shared.log import reigns
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad, readable
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.chat import StreamEntry
from padfleet.shared.log.pad.history import READ_STEP, HistoryEnds
from padfleet.shared.log.pad.meta import PadMeta
from padfleet.shared.log.pad.pad_store import StoredFacts
from padfleet.shared.log.people import authors as records_of_authors
from padfleet.shared.log.people.author_records import Author, stored_author
from padfleet.shared.log.people.identities import stored_authors
from padfleet.shared.log.records import Revision, Snapshot


class ColdReader:
    """Implements `PadReader`. It reads the pad as it was when it was `found`, when nobody can have
    been writing on it. If the pad is brought back meanwhile, its history grows, but what was there
    stays. If it is deleted or replaced, revisions that have not been read yet are missing, as they
    are with a pad in Redis."""

    def __init__(self, redis: Redis, keys: PadKeys, found: ColdPad, cold: ColdPads) -> None:
        """Takes the pad that was `found`. The names of authors whom the fleet knows are read from
        `redis`."""
        self.keys = keys
        self.meta = _meta(found)
        self._redis = redis
        self._found = found
        self._cold = cold

    async def facts(self) -> StoredFacts:
        pad_head = self._found.state.pad
        newest = self._found.saved[-1] if self._found.saved else b""
        kept = pad_head.settings, pad_head.deletion, pad_head.public, pad_head.chat
        return StoredFacts(*kept, newest)

    async def snapshot(self) -> Snapshot | None:
        with readable(self.keys.snap):
            data = self._found.snapshot
            return Snapshot.from_bytes(data) if data is not None else None

    async def pages(
        self, first: int, last: int, *, step: int = READ_STEP
    ) -> AsyncGenerator[list[Revision], None]:
        at, chain = max(first, 0), None
        async with aclosing(self._parts(at, last)) as parts:
            async for part in parts:
                for start in range(0, len(part.records), step):
                    some = Revisions(part.first + start, part.records[start : start + step])
                    with readable(self.keys.revs):
                        page = some.revisions()
                    # The chain has not been checked yet at the border of two parts.
                    if page[0].rev != at or (chain is not None and not page[0].follows(chain)):
                        raise CorruptPad(f"revision {at} is not what the cold store says it is")
                    yield page
                    at, chain = page[-1].rev + 1, page[-1].chain

    async def _parts(self, first: int, last: int) -> AsyncGenerator[Revisions, None]:
        newest = self._found.revisions
        if first < newest.first:
            pad, head = self.keys.pad_id, self._found.head
            end = min(last, newest.first - 1)
            try:
                async for part in self._cold.revisions(pad, head.epoch, first, end):
                    yield part
            except Overwritten as error:
                raise HistoryEnds("it was deleted, or replaced, while it was read") from error
            first = newest.first
        if first <= last:
            some = slice(first - newest.first, last + 1 - newest.first)
            yield Revisions(first, newest.records[some])

    async def chat(self, first: int, last: int) -> list[StreamEntry]:
        chat = self._found.chat
        start, end = bisect_left(chat, first, key=_number), bisect_right(chat, last, key=_number)
        return [(entry_id.encode(), _fields(flat)) for entry_id, flat in chat[start:end]]

    async def saved(self) -> list[bytes]:
        return [*self._found.saved]

    async def authors(self, names: Iterable[str]) -> dict[str, Author]:
        wanted = list(names)
        found = await records_of_authors.read(self._redis, wanted)
        kept = dict(self._found.authors)
        for name in wanted:
            if name not in found and name in kept:
                author = stored_author(name, kept[name])
                if author is not None:
                    found[name] = author
        return found

    async def author_records(self, names: Sequence[str]) -> dict[str, dict[bytes, bytes]]:
        known = await stored_authors(self._redis, names)
        kept = dict(self._found.authors)
        return {
            name: known[name] if name in known else _fields(kept[name])
            for name in names
            if known.get(name) or kept.get(name)
        }


def _meta(found: ColdPad) -> PadMeta:
    pad_head = found.state.pad
    snap = Snapshot.rev_of(found.snapshot) if found.snapshot is not None else -1
    with readable("the record of reigns"):
        record = reigns.parse(found.state.reigns)
    return PadMeta(
        pad_head.head,
        pad_head.epoch,
        pad_head.time,
        pad_head.chain,
        pad_head.creator,
        pad_head.read_only_id,
        found.revisions.first,
        snap,
        # The reign under which revisions mean the same: a cold pad has none, but is unchanged as
        # long as its edition is.
        f"cold-{found.head.edition}",
        record,
        "0-0",
        "0-0",
        found.state.more.get("damaged", b"").decode("utf-8", "replace"),
    )


def _number(message: tuple[str, Sequence[bytes]]) -> int:
    return int(message[0].partition("-")[0])


def _fields(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
