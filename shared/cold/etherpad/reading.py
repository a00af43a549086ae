"""This module makes a pad, and the note that belongs to it, from an Etherpad's records."""

import asyncio
import time as clock
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from padfleet.shared.archive.entries import PadHead, Revisions
from padfleet.shared.bounds import DAY_MS, LAST_DATE, MOST_BROUGHT_MESSAGES, MOST_SAVED
from padfleet.shared.cold.etherpad.note import (
    HistoryPlace,
    Note,
    digest_of,
    epoch_of,
    places_after,
    standing,
    value_of,
)
from padfleet.shared.cold.etherpad.table import Table
from padfleet.shared.cold.pads import ColdPad, ColdState
from padfleet.shared.easysync import AText, AttributePool, EasysyncError
from padfleet.shared.easysync.body import Body
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.bring import MOST_MISSING
from padfleet.shared.etherpad.converting import Converter, present_text
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS
from padfleet.shared.log.pad.document import CorruptPad, Document
from padfleet.shared.log.pad.options import normalised
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR, author_items
from padfleet.shared.log.records import Revision, Snapshot
from padfleet.shared.wire.jsontext import dumps, loads

DAMAGED = "damaged"
"""The field in a pad's meta hash that says what is wrong with records that do not fit together.
Only the present text of such a pad is shown, and only for reading."""

STEP = 200
"""How many records are read and converted at a time."""


@dataclass
class Read:
    """A pad as its records describe it."""

    pad: ColdPad
    note: Note


@dataclass
class _History:
    """The end of a history, from the beginning of one of its chunks on."""

    converter: Converter
    document: Document
    first: int
    revisions: list[Revision] = field(default_factory=list)
    places: tuple[HistoryPlace, ...] = ()
    last: str = ""  #: `digest_of` the newest record
    known: Revision | None = None  #: the revision that the note has as its head
    regular: bool = False  #: `is_regular` of the pad's pool


class TableReader:
    """Reads the pads of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def pad(self, pad_id: str, raw: str, note: Note | None) -> Read:
        """Reads a pad from its record and note as they are. The caller has to notice what an
        Etherpad writes meanwhile. Raises `StoreAway`, and `CorruptPad` if not even a text can be
        recovered."""
        key = r.pad_key(pad_id)
        digest = digest_of(raw)
        try:
            record = loads(raw)
            text = r.text_of(record, key)
        except ValueError as error:
            raise CorruptPad(f"{key} cannot be read: {error}") from error
        head = record.get("head") if type(record.get("head")) is int else -1
        last = await self.last(pad_id, note)
        stands = standing(note, digest, head=head, last=last)
        kept = note if stands != "other" else None
        salvaged = ""
        try:
            history = await self._history(pad_id, record, text, kept)
            if kept is not None and not self._goes_on(kept, history):
                # Another release may have read the pad in another way.
                kept = None
                history = await self._history(pad_id, record, text, None)
        except BadRecord as error:
            at = await self.time(pad_id, head)
            history, salvaged = self._present_text(record, key, at, str(error))
            if kept is not None and not self._goes_on(kept, history):
                kept = None
        document = history.document
        document.epoch = kept.epoch if kept else epoch_of(note, document.time, digest)
        chat, theirs = await self._chat(pad_id, record)
        made = replace(
            await self._note(pad_id, note, kept, history, digest, salvaged),
            chat=len(chat) - 1,
            chat_offset=theirs - (len(chat) - 1),
        )
        return Read(await self._pad(pad_id, record, made, history, chat), made)

    async def revisions(
        self, pad_id: str, raw: str, note: Note, first: int, last: int
    ) -> AsyncIterator[Revisions]:
        """Yields the revisions first…last of a pad that stands as the note says."""
        key = r.pad_key(pad_id)
        places = [place for place in note.places if place.rev <= first]
        try:
            pool = r.pool_of(loads(raw), key)
            if places:
                begin = places[-1]
                converter = Converter.behind(
                    pool,
                    latest=_latest(),
                    rev=begin.rev - 1,
                    time=begin.time,
                    chain=begin.chain,
                )
            else:
                begin = HistoryPlace(0, 0, b"")
                converter = Converter(pool, latest=_latest(), birth=note.birth)
            for start in range(begin.rev, last + 1, STEP):
                end = min(start + STEP, last + 1)
                found, _ = await self._converted(pad_id, converter, start, end)
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

    # --- History ---------------------------------------------------------------------------------

    async def last(self, pad_id: str, note: Note | None) -> str | None:
        """Returns `digest_of` the record that the note has as its head, or None if there is
        none."""
        if note is None or note.head < 0:
            return None
        (raw,) = await self._table.get([r.revision_key(pad_id, note.head)])
        return digest_of(raw) if raw is not None else None

    async def _history(self, pad_id: str, record: Any, text: str, kept: Note | None) -> _History:
        """Reads the history. Raises `BadRecord`."""
        key = r.pad_key(pad_id)
        head = r.head_of(record, key)
        pool = r.pool_of(record, key)
        if not text.endswith("\n"):
            raise BadRecord(f"{key}: the text does not end in a newline")
        history = await self._begun(pad_id, pool, kept)
        begin = history.first
        try:
            for start in range(begin, head + 1, STEP):
                found, raws = await self._converted(
                    pad_id, history.converter, start, min(start + STEP, head + 1)
                )
                await asyncio.to_thread(self._take, history, found, kept)
                history.last = digest_of(raws[-1])
        except CorruptPad as error:
            raise BadRecord(f"{key}: {error}") from error
        if history.document.body.to_atext().text != text:
            raise BadRecord(f"{key}: its revisions do not lead to the text that it has")
        return history

    async def _begun(self, pad_id: str, pool: AttributePool, kept: Note | None) -> _History:
        """Returns the history to read into. It begins at the last chunk if everything before it is
        known and needs no repair."""
        regular = is_regular(pool)
        if kept is not None and kept.plain and kept.places and regular:
            place = kept.places[-1]
            key = r.revision_key(pad_id, place.rev)
            (raw,) = await self._table.get([key])
            record = value_of(raw)
            found = record.get("meta") if isinstance(record, dict) else None
            atext = found.get("atext") if isinstance(found, dict) else None
            if isinstance(atext, dict):
                document = Document()
                try:
                    document.body = Body(AText(atext.get("text", ""), atext.get("attribs", "")))
                    converter = Converter.behind(
                        pool,
                        latest=_latest(),
                        rev=place.rev - 1,
                        time=place.time,
                        chain=place.chain,
                    )
                    document.pool = pool.clone()
                    document.head = place.rev
                    return _History(
                        converter, document, place.rev, places=kept.places, regular=regular
                    )
                except EasysyncError:
                    pass  # so it is read from the beginning
        birth = kept.birth if kept is not None else None
        converter = Converter(pool, latest=_latest(), birth=birth)
        return _History(converter, Document(), 0, regular=regular)

    async def _converted(
        self, pad_id: str, converter: Converter, start: int, end: int
    ) -> tuple[list[Revision], list[str]]:
        keys = [r.revision_key(pad_id, rev) for rev in range(start, end)]
        raws = await self._table.get(keys)

        def convert() -> list[Revision]:
            return [
                converter.revision(value_of(raw), key) for key, raw in zip(keys, raws, strict=True)
            ]

        return await asyncio.to_thread(convert), [raw or "" for raw in raws]

    @staticmethod
    def _take(history: _History, revisions: list[Revision], kept: Note | None) -> None:
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

    @staticmethod
    def _goes_on(kept: Note, history: _History) -> bool:
        if kept.head == history.document.head:
            return kept.chain == history.document.chain
        return history.known is not None and history.known.chain == kept.chain

    @staticmethod
    def _present_text(record: Any, key: str, at: int, why: str) -> tuple[_History, str]:
        """Returns the present text as if it had been written at once, and the reason for it; see
        `bring_pad`."""
        revision, damage = present_text(record, key, at)
        document = Document()
        document.replay(revision)
        converter = Converter(AttributePool(), latest=_latest())
        return _History(converter, document, 0, [revision]), f"{why}; {damage}" if damage else why

    # --- What belongs to it ----------------------------------------------------------------------

    async def _note(
        self,
        pad_id: str,
        note: Note | None,
        kept: Note | None,
        history: _History,
        digest: str,
        salvaged: str,
    ) -> Note:
        document = history.document
        return Note(
            digest,
            history.last,
            document.epoch,
            document.head,
            document.chain,
            document.time,
            mark=note.mark if note is not None else "frozen",
            edition=note.edition if note is not None else 1,
            written=note.written if note and note.there == digest else document.time,
            change=note.change if note is not None else "",
            birth=kept.birth if kept else None,
            plain=not salvaged
            and history.converter.plain
            and (kept is None or kept.plain or history.first == 0)
            and history.regular,
            places=history.places,
            salvaged=salvaged,
            creator=kept.creator if kept else await self._creator(pad_id),
            sessions=note.sessions if note is not None else 0,
            reigns=kept.reigns if kept else "",
            fences=kept.fences if kept else {},
            seen=kept.seen if kept else {},
            more=kept.more if kept else {},
            submitted=kept.submitted if kept else {},
        )

    async def time(self, pad_id: str, rev: int) -> int:
        """Returns when a revision was written, in ms since 1970; 1 if the record does not say."""
        key = r.revision_key(pad_id, rev)
        (raw,) = await self._table.get([key])
        try:
            return max(1, min(r.changeset_of(value_of(raw), key)[2], _latest()))
        except BadRecord:
            return 1

    async def _creator(self, pad_id: str) -> str:
        key = r.revision_key(pad_id, 0)
        (raw,) = await self._table.get([key])
        try:
            return r.changeset_of(value_of(raw), key)[1] or SYSTEM_AUTHOR
        except BadRecord:
            return SYSTEM_AUTHOR

    async def _pad(
        self,
        pad_id: str,
        record: Any,
        note: Note,
        history: _History,
        chat: list[tuple[str, list[bytes]]],
    ) -> ColdPad:
        document = history.document
        saved = r.saved_of(record, "", latest=_latest())
        saved = [one for one in saved if one.rev <= document.head][-MOST_SAVED:]
        kept = [one.to_record() for one in saved]
        readonly, deletion = await self._table.get(
            [f"pad2readonly:{pad_id}", f"pad:{pad_id}:deletionToken"]
        )
        names = {*document.authors(), *(one.author for one in saved)} - {"", SYSTEM_AUTHOR}
        atext, pool = document.atext, document.pool
        snapshot = Snapshot(
            document.head,
            document.epoch,
            atext.text,
            atext.attribs,
            list(pool.pairs()),
            document.time,
            document.chain,
            dict(note.submitted),
        )
        more = dict(note.more)
        if note.salvaged:
            more[DAMAGED] = note.salvaged.encode("utf-8", "replace")
        head = PadHead(
            pad_id,
            document.epoch,
            document.head,
            document.chain,
            document.time,
            note.creator,
            read_only_of(readonly),
            settings=dumps(normalised(record.get("padSettings"))).encode(),
            deletion=deletion_of(deletion),
            chat=note.chat,
            saved=kept[-1] if kept else b"",
            public=record.get("publicStatus") is True,
        )
        return ColdPad(
            note.at(note.there),
            ColdState(head, note.sessions, note.reigns, note.fences, note.seen, more),
            snapshot.to_bytes(),
            Revisions(history.first, [one.to_record() for one in history.revisions]),
            chat,
            kept,
            await self._authors(sorted(names)),
        )

    async def _chat(self, pad_id: str, record: Any) -> tuple[list[tuple[str, list[bytes]]], int]:
        """Returns the messages, and the number of the newest one in the records."""
        count = r.chat_count(record, "")
        first = max(0, count - MOST_BROUGHT_MESSAGES)
        found: list[tuple[str, list[bytes]]] = []
        for start in range(first, count, STEP):
            if start - first - len(found) > len(found) + MOST_MISSING:
                break
            keys = [r.chat_key(pad_id, number) for number in range(start, min(start + STEP, count))]
            for raw in await self._table.get(keys):
                # Where messages are missing, the following ones move up, since padfleet's numbering
                # has no gaps.
                message = r.message_of(value_of(raw), len(found), latest=_latest())
                if message is not None:
                    found.append((f"{len(found)}-1", [b"m", message.to_record()]))
        return found, count - 1

    async def _authors(self, names: list[str]) -> list[tuple[str, list[bytes]]]:
        found: list[tuple[str, list[bytes]]] = []
        for start in range(0, len(names), STEP):
            part = names[start : start + STEP]
            raws = await self._table.get([r.author_key(name) for name in part])
            for name, raw in zip(part, raws, strict=True):
                author = r.author_of(value_of(raw), name)
                if author is not None:
                    found.append((name, author_items(author)))
        return found


def is_regular(pool: AttributePool) -> bool:
    """Returns whether the pool's numbers are those that its attributes would get if they were added
    one by one."""
    again = AttributePool()
    return all(again.put(*pair) == number for number, pair in enumerate(pool.pairs())) and (
        len(pool) == 0 or pool.has(len(pool) - 1)
    )


def read_only_of(raw: str | None) -> str | None:
    """Returns the pad's read-only id from the row that holds it, or None if there is none."""
    found = value_of(raw)
    return found if isinstance(found, str) and found.startswith("r.") else None


def deletion_of(raw: str | None) -> bytes:
    """Returns the hash of the deletion token from its record, or empty bytes if there is none."""
    found = value_of(raw)
    hashed = found.get("hash") if isinstance(found, dict) else None
    if not isinstance(hashed, str) or len(hashed) != 64 or not hashed.isascii():
        return b""
    return hashed.encode()


def _latest() -> int:
    return int(clock.time() * 1000) + DAY_MS
