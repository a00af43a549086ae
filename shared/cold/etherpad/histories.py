"""This module reads the histories of pads from an Etherpad's records."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from padfleet.shared.archive.entries import Revisions
from padfleet.shared.bounds import LAST_DATE
from padfleet.shared.cold.etherpad.details import STEP, latest
from padfleet.shared.cold.etherpad.note import (
    HistoryPlace,
    Note,
    digest_of,
    places_after,
    read_row,
    value_of,
    values_of,
)
from padfleet.shared.cold.etherpad.table import Table, portions
from padfleet.shared.easysync import AText, AttributePool, EasysyncError
from padfleet.shared.easysync.body import Body
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.converting import Converter, present_text
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.records import Revision


@dataclass
class ReadHistory:
    """The end of a history, from the beginning of one of its chunks on."""

    converter: Converter
    document: Document
    first: int
    revisions: list[Revision] = field(default_factory=list)
    places: tuple[HistoryPlace, ...] = ()
    last: str = ""  #: `digest_of` the newest record
    known: Revision | None = None  #: the revision that the note has as its head
    regular: bool = False  #: `is_regular` of the pad's pool

    def goes_on(self, kept: Note) -> bool:
        """Returns whether this history begins with the one that the note describes."""
        if kept.head == self.document.head:
            return kept.chain == self.document.chain
        return self.known is not None and self.known.chain == kept.chain


class HistoryReader:
    """Reads the histories of the pads of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def last(self, pad_id: str, note: Note | None) -> str | None:
        """Returns `digest_of` the record that the note has as its head, or None if there is
        none."""
        if note is None or note.head < 0:
            return None
        (raw,) = await self._table.get([r.revision_key(pad_id, note.head)])
        return digest_of(raw) if raw is not None else None

    async def read(self, pad_id: str, record: Any, text: str, kept: Note | None) -> ReadHistory:
        """Reads the end of a history, and checks that it leads to the text. What the note says of
        what precedes it is used if it is `kept`. Raises `BadRecord`."""
        key = r.pad_key(pad_id)
        head = r.head_of(record, key)
        pool, regular = await asyncio.to_thread(_pool_of, record, key)
        if not text.endswith("\n"):
            raise BadRecord(f"{key}: the text does not end in a newline")
        history = await self._begun(pad_id, pool, kept, regular=regular)
        try:
            async for found, last in self._converted(
                pad_id, history.converter, history.first, head + 1
            ):
                await asyncio.to_thread(self._take, history, found, kept)
                history.last = digest_of(last)
        except CorruptPad as error:
            raise BadRecord(f"{key}: {error}") from error
        reached = await asyncio.to_thread(history.document.body.to_atext)
        if reached.text != text:
            raise BadRecord(f"{key}: its revisions do not lead to the text that it has")
        return history

    async def _begun(
        self, pad_id: str, pool: AttributePool, kept: Note | None, *, regular: bool
    ) -> ReadHistory:
        """Returns the history to read into. It begins at the last chunk if everything before it is
        known and needs no repair."""
        if kept is not None and kept.plain and kept.places and regular:
            place = kept.places[-1]
            key = r.revision_key(pad_id, place.rev)
            (record,) = await values_of(await self._table.get([key]))
            atext = _text_in(record)
            if atext is not None:
                document = Document()
                try:
                    document.body = await asyncio.to_thread(Body, atext)
                    converter = Converter.behind(
                        pool,
                        latest=latest(),
                        rev=place.rev - 1,
                        time=place.time,
                        chain=place.chain,
                    )
                    document.pool = pool.clone()
                    document.head = place.rev
                    return ReadHistory(
                        converter, document, place.rev, places=kept.places, regular=regular
                    )
                except EasysyncError:
                    pass  # so it is read from the beginning
        birth = kept.birth if kept is not None else None
        converter = Converter(pool, latest=latest(), birth=birth)
        return ReadHistory(converter, Document(), 0, regular=regular)

    async def _converted(
        self, pad_id: str, converter: Converter, begin: int, end: int
    ) -> AsyncIterator[tuple[list[Revision], str]]:
        """Yields the revisions from `begin` up to `end`, some at a time, each time with the row of
        the last one."""

        def convert(keys: Sequence[str], raws: list[str | None]) -> list[Revision]:
            return [
                converter.revision(value_of(raw), key) for key, raw in zip(keys, raws, strict=True)
            ]

        for start in range(begin, end, STEP):
            wanted = [r.revision_key(pad_id, rev) for rev in range(start, min(start + STEP, end))]
            async for keys, raws in portions(self._table, wanted):
                yield await asyncio.to_thread(convert, keys, raws), raws[-1] or ""

    @staticmethod
    def _take(history: ReadHistory, revisions: list[Revision], kept: Note | None) -> None:
        document = history.document
        for revision in revisions:
            if kept is not None and revision.rev == kept.head:
                history.known = revision
            if not 0 <= revision.time <= LAST_DATE:
                raise CorruptPad(f"revision {revision.rev} has an impossible time")
            if revision.rev > document.head:
                document.replay(revision)
            else:  # the text from which reading began contains it
                document.time, document.chain = revision.time, revision.chain
            if revision.rev % CHUNK_REVISIONS == 0:
                history.revisions, history.first = [], revision.rev
            history.revisions.append(revision)
            if not any(place.rev == revision.rev + 1 for place in history.places[-1:]):
                history.places = places_after(history.places, revision)

    async def revisions(
        self, pad_id: str, raw: str, note: Note, first: int, last: int
    ) -> AsyncIterator[Revisions]:
        """Yields the revisions first…last of a pad that stands as the note says."""
        key = r.pad_key(pad_id)
        places = [place for place in note.places if place.rev <= first]
        try:
            pool, _ = await asyncio.to_thread(lambda: _pool_of(read_row(raw), key))
            if places:
                begin = places[-1]
                converter = Converter.behind(
                    pool,
                    latest=latest(),
                    rev=begin.rev - 1,
                    time=begin.time,
                    chain=begin.chain,
                )
            else:
                begin = HistoryPlace(0, 0, b"")
                converter = Converter(pool, latest=latest(), birth=note.birth)
            async for found, _ in self._converted(pad_id, converter, begin.rev, last + 1):
                wanted = [revision for revision in found if revision.rev >= first]
                if wanted:
                    yield Revisions(wanted[0].rev, [one.to_record() for one in wanted])
        except ValueError as error:
            raise CorruptPad(str(error)) from error

    async def before(self, pad_id: str, raw: str, note: Note, rev: int) -> HistoryPlace:
        """Returns the state of the history just before one of its revisions."""
        place = HistoryPlace(0, 0, b"")
        if rev > 0:
            async for part in self.revisions(pad_id, raw, note, rev - 1, rev - 1):
                (revision,) = part.revisions()
                place = HistoryPlace(rev, revision.time, revision.chain)
        return place


def only_present_text(record: Any, key: str, at: int, why: str) -> tuple[ReadHistory, str]:
    """Returns the present text as if it had been written at once, and the reason for it; see
    `bring_pad`."""
    revision, damage = present_text(record, key, at)
    document = Document()
    document.replay(revision)
    converter = Converter(AttributePool(), latest=latest())
    return ReadHistory(converter, document, 0, [revision]), f"{why}; {damage}" if damage else why


def _text_in(record: Any) -> AText | None:
    """Returns the text in the record of a key revision, or None if there is none."""
    meta = record.get("meta") if isinstance(record, dict) else None
    found = meta.get("atext") if isinstance(meta, dict) else None
    match found:
        case {"text": str(text), "attribs": str(attribs)}:
            return AText(text, attribs)
    return None


def _pool_of(record: Any, key: str) -> tuple[AttributePool, bool]:
    """Returns the pool in a pad's record, and whether it `is_regular`. Raises `BadRecord`."""
    pool = r.pool_of(record, key)
    return pool, is_regular(pool)


def is_regular(pool: AttributePool) -> bool:
    """Returns whether the pool's numbers are those that its attributes would get if they were added
    one by one."""
    again = AttributePool()
    return all(again.put(*pair) == number for number, pair in enumerate(pool.pairs())) and (
        len(pool) == 0 or pool.has(len(pool) - 1)
    )
