"""This module makes a pad, and the note that belongs to it, from an Etherpad's records."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from padfleet.shared.archive.entries import PadHead, Revisions
from padfleet.shared.bounds import MOST_SAVED
from padfleet.shared.cold.etherpad.details import (
    authors_of,
    chat_of,
    creator_of,
    deletion_of,
    latest,
    read_only_of,
    time_of,
)
from padfleet.shared.cold.etherpad.histories import HistoryReader, ReadHistory, only_present_text
from padfleet.shared.cold.etherpad.note import (
    LONG,
    Note,
    digest_of,
    epoch_of,
    read_row,
    standing,
)
from padfleet.shared.cold.etherpad.table import Table
from padfleet.shared.cold.pads import ColdPad, ColdState
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.pad.options import normalised
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.log.records import Snapshot
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import dumps

DAMAGED = "damaged"
"""The field in a pad's meta hash that says what is wrong with records that do not fit together.
Only the present text of such a pad is shown, and only for reading."""


@dataclass
class ReadPad:
    """A pad as its records describe it."""

    pad: ColdPad
    note: Note


class TableReader:
    """Reads the pads of one table."""

    def __init__(self, table: Table, histories: HistoryReader) -> None:
        self._table = table
        self._histories = histories

    async def pad(self, pad_id: str, raw: str, note: Note | None) -> ReadPad:
        """Reads a pad from its record and note as they are. The caller has to notice what an
        Etherpad writes meanwhile. Raises `StoreAway`, and `CorruptPad` if not even a text can be
        recovered."""
        key = r.pad_key(pad_id)
        digest = digest_of(raw)
        try:
            record = await aside(len(raw) > LONG, read_row, raw)
            text = r.text_of(record, key)
        except ValueError as error:
            raise CorruptPad(f"{key} cannot be read: {error}") from error
        head = record.get("head") if type(record.get("head")) is int else -1
        last = await self._histories.last(pad_id, note)
        stands = standing(note, digest, head=head, last=last)
        kept = note if stands != "other" else None
        salvaged = ""
        try:
            history = await self._histories.read(pad_id, record, text, kept)
            if kept is not None and not history.goes_on(kept):
                # Another release may have read the pad in another way.
                kept = None
                history = await self._histories.read(pad_id, record, text, None)
        except BadRecord as error:
            at = await time_of(self._table, pad_id, head)
            history, salvaged = await asyncio.to_thread(
                only_present_text, record, key, at, str(error)
            )
            if kept is not None and not history.goes_on(kept):
                kept = None
        document = history.document
        document.epoch = kept.epoch if kept else epoch_of(note, document.time, digest)
        chat, theirs = await chat_of(self._table, pad_id, record)
        made = replace(
            await self._note(pad_id, note, kept, history, digest, salvaged),
            chat=len(chat) - 1,
            chat_offset=theirs - (len(chat) - 1),
        )
        return ReadPad(await self._pad(pad_id, record, made, history, chat), made)

    async def _note(
        self,
        pad_id: str,
        note: Note | None,
        kept: Note | None,
        history: ReadHistory,
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
            creator=kept.creator if kept else await creator_of(self._table, pad_id),
            sessions=note.sessions if note is not None else 0,
            reigns=kept.reigns if kept else "",
            fences=kept.fences if kept else {},
            seen=kept.seen if kept else {},
            more=kept.more if kept else {},
            submitted=kept.submitted if kept else {},
        )

    async def _pad(
        self,
        pad_id: str,
        record: Any,
        note: Note,
        history: ReadHistory,
        chat: list[tuple[str, list[bytes]]],
    ) -> ColdPad:
        document = history.document
        saved = await asyncio.to_thread(r.saved_of, record, "", latest=latest())
        saved = [one for one in saved if one.rev <= document.head][-MOST_SAVED:]
        kept = [one.to_record() for one in saved]
        readonly, deletion = await self._table.get(
            [f"pad2readonly:{pad_id}", f"pad:{pad_id}:deletionToken"]
        )
        names = {*document.authors(), *(one.author for one in saved)} - {"", SYSTEM_AUTHOR}
        snapshot = await asyncio.to_thread(_snapshot, document, note)
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
            await read_only_of(self._table, pad_id, readonly),
            settings=dumps(normalised(record.get("padSettings"))).encode(),
            deletion=deletion_of(deletion),
            chat=note.chat,
            saved=kept[-1] if kept else b"",
            public=record.get("publicStatus") is True,
        )
        return ColdPad(
            note.at(note.there),
            ColdState(head, note.sessions, note.reigns, note.fences, note.seen, more),
            snapshot,
            Revisions(history.first, [one.to_record() for one in history.revisions]),
            chat,
            kept,
            await authors_of(self._table, sorted(names)),
        )


def _snapshot(document: Document, note: Note) -> bytes:
    atext, pool = document.atext, document.pool
    return Snapshot(
        document.head,
        document.epoch,
        atext.text,
        atext.attribs,
        list(pool.pairs()),
        document.time,
        document.chain,
        dict(note.submitted),
    ).to_bytes()
