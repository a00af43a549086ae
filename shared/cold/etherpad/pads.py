"""This module implements `ColdPads` on the database of an Etherpad, in Etherpad's own records.

Whether an Etherpad has written since is seen by the digest of the pad's record, which every edit,
chat message and saved revision changes: the version then differs, so that nothing an Etherpad has
written is ever overwritten.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from padfleet.shared.archive.entries import Revisions
from padfleet.shared.bounds import is_pad_id
from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.etherpad.changing import (
    Append,
    Before,
    NotRead,
    Rows,
    deleted,
    keys_for,
    keys_of,
    renoted,
)
from padfleet.shared.cold.etherpad.details import STEP, time_of
from padfleet.shared.cold.etherpad.histories import HistoryReader
from padfleet.shared.cold.etherpad.mysql import MysqlTable
from padfleet.shared.cold.etherpad.note import (
    LONG,
    Note,
    ascii_json,
    digest_of,
    epoch_of,
    note_key,
    read_row,
    standing,
    values_of,
    version_of,
)
from padfleet.shared.cold.etherpad.postgres import PostgresTable
from padfleet.shared.cold.etherpad.reading import ReadPad, TableReader
from padfleet.shared.cold.etherpad.register import EtherpadRegister
from padfleet.shared.cold.etherpad.table import (
    Looked,
    NoDriver,
    NotText,
    RowChange,
    Table,
    portions,
)
from padfleet.shared.cold.pads import (
    ColdAppend,
    ColdGlance,
    ColdHead,
    ColdListed,
    ColdPad,
    Mark,
    UsedBy,
)
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.bring import MOST_MISSING
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.people.groups import group_of
from padfleet.shared.tasks import aside

USED_BY = "padfleet-used-by"
"""The row in which a fleet says that it uses the database; no pad's note can have this key."""

KEPT_NOTES = 1000
"""How many notes a process keeps. It has worked them out while reading pads, and needs them for the
changes that follow."""

MOST_LISTED = 10_000
"""The maximum number of authors from whose lists a deleted pad is taken. The lists of the others
still name it, which does not trouble Etherpad."""

READ_ATTEMPTS = 3
"""How often reading a pad is attempted if an Etherpad is writing it at the same time."""


def open_etherpad(url: str) -> "EtherpadPads":
    """Opens the pads of the database that a URL names, without sending it anything yet. Raises
    `StoreAway` if its driver is not installed."""
    try:
        if url.startswith(("mysql://", "mariadb://")):
            return EtherpadPads(MysqlTable(url))
        return EtherpadPads(PostgresTable(url))
    except NoDriver as error:
        raise StoreAway(str(error)) from error


class EtherpadPads:
    """Implements `ColdPads` on one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._histories = HistoryReader(table)
        self._reader = TableReader(table, self._histories)
        self.register = EtherpadRegister(table)
        """The people, groups and sessions in the same database."""
        self._known: OrderedDict[str, Note] = OrderedDict()

    async def look(self, pad: str) -> ColdHead | None:
        value, digest = await self._looked(pad)
        if digest is None:
            return None
        note = Note.from_text(value)
        if note is not None and note.there == digest:
            return note.at(digest)
        return await self._look_closer(pad)

    async def _looked(self, pad: str) -> Looked:
        try:
            return await self._table.look(note_key(pad), r.pad_key(pad))
        except NotText as error:
            raise CorruptPad(f"{r.pad_key(pad)} cannot be read: {error}") from error

    async def _look_closer(self, pad: str) -> ColdHead | None:
        """Looks at a pad that an Etherpad has written on since, or that no fleet has had. Its chain
        is not known before the pad has been read."""
        raw, value = await self._table.get(keys_of(pad))
        if raw is None:
            return None
        note, digest = Note.from_text(value), digest_of(raw)
        try:
            record = await aside(len(raw) > LONG, read_row, raw)
            head = record["head"] if type(record["head"]) is int else -1
        except (ValueError, TypeError, LookupError) as error:
            raise CorruptPad(f"{r.pad_key(pad)} cannot be read: {error}") from error
        last = await self._histories.last(pad, note)
        at = await time_of(self._table, pad, head)
        stands = standing(note, digest, head=head, last=last)
        goes_on = note is not None and stands != "other"
        return ColdHead(
            note.epoch if note is not None and goes_on else epoch_of(note, at, digest),
            head,
            b"",
            note.mark if note is not None else "frozen",
            note.edition if note is not None else 1,
            at,
            version_of(note.change if note is not None else "", digest),
        )

    async def glance(self, pad: str) -> ColdGlance | None:
        found = await self.read(pad)
        if found is None:
            return None
        # All of its revisions are rows of the table, and those that were read are a sample of them.
        read = found.revisions.records
        each = sum(map(len, read)) // len(read) if read else 0
        size = each * (found.head.head + 1)
        return ColdGlance(found.head, found.state.pad, size, len(found.authors))

    async def read(self, pad: str) -> ColdPad | None:
        found = await self._read(pad)
        return found[0].pad if found is not None else None

    async def _read(self, pad: str) -> tuple[ReadPad, str] | None:
        """Reads the pad, and returns it with its record as it was read."""
        for _ in range(READ_ATTEMPTS):
            raw, value = await self._table.get(keys_of(pad))
            if raw is None:
                return None
            note = Note.from_text(value)
            found = await self._reader.pad(pad, raw, note)
            # The read is of one moment if the digest is unchanged, since a change to any of the
            # pad's records also changes its own record.
            _, digest = await self._looked(pad)
            if digest == found.note.there:
                self._remember(pad, found.note)
                return found, raw
        raise StoreAway("somebody keeps writing on the pad, perhaps an Etherpad")

    async def revisions(
        self, pad: str, epoch: int, first: int, last: int
    ) -> AsyncIterator[Revisions]:
        note, raw = await self._noted(pad)
        if note.epoch != epoch:
            raise Overwritten("there is another history in the place of the pad's")
        async for part in self._histories.revisions(pad, raw, note, first, last):
            yield part

    async def _noted(self, pad: str) -> tuple[Note, str]:
        """Returns the note that the pad has, or would have, and its record."""
        raw, value = await self._table.get(keys_of(pad))
        if raw is None:
            raise Overwritten("there is no pad of this name")
        note = Note.from_text(value)
        for found in (note, self._known.get(pad)):
            if found is not None and found.there == digest_of(raw):
                return found, raw
        read = await self._read(pad)
        if read is None:
            raise Overwritten("there is no pad of this name")
        return read[0].note, read[1]

    async def append(
        self, pad: str, over: ColdHead | None, part: ColdAppend, mark: Mark = "live"
    ) -> ColdHead:
        now = int(time.time() * 1000)
        before = None
        first = part.revisions.first
        if over is not None and part.state.pad.epoch == over.epoch and 0 < first <= over.head:
            before = await self._before(pad, first)
        append = Append(pad, over, part, mark, now, self._known.get(pad), before)
        try:
            await self._table.change(keys_for(pad, part), append.decide)
        except NotRead:
            await self._read(pad)
            append.known = self._known.get(pad)
            await self._table.change(keys_for(pad, part), append.decide)
        assert append.made is not None
        self._remember(pad, append.made)
        return append.made.at(append.digest)

    async def _before(self, pad: str, rev: int) -> Before:
        note, raw = await self._noted(pad)
        place = await self._histories.before(pad, raw, note, rev)
        start = (rev - 1) // r.KEY_REVISIONS * r.KEY_REVISIONS
        keys = [r.revision_key(pad, number) for number in range(start, rev)]
        records: list[Any] = []
        try:
            async for _, raws in portions(self._table, keys):
                records += await asyncio.to_thread(_read_rows, raws)
        except ValueError as error:
            raise CorruptPad(f"the records before revision {rev}: {error}") from error
        return Before(place, records)

    async def set_mark(self, pad: str, over: ColdHead, mark: Mark) -> ColdHead:
        return await self._renote(pad, over, mark=mark)

    async def adopt(self, pad: str, over: ColdHead, epoch: int) -> ColdHead:
        """Records that the pad, which has been read, now has this epoch and is in Redis."""
        return await self._renote(pad, over, mark="live", epoch=epoch)

    async def _renote(self, pad: str, over: ColdHead, **values: Any) -> ColdHead:
        await self._must_know(pad, over)
        made: list[Note] = []

        def decide(rows: Rows) -> RowChange:
            note, change = renoted(rows, pad, over, self._known.get(pad), **values)
            made[:] = [note]
            return change

        await self._table.change(keys_of(pad), decide)
        self._remember(pad, made[0])
        return made[0].at(made[0].there)

    async def written_there(self, pads: Sequence[str]) -> list[str]:
        """Returns those of the given pads (a few hundred, all in Redis) on which an Etherpad has
        written."""
        return await self._table.unlike_noted(pads)

    async def _must_know(self, pad: str, over: ColdHead) -> None:
        """Reads a pad whose note is not known yet. Raises `Overwritten` if the pad is not as `over`
        says."""
        value, digest = await self._looked(pad)
        note = Note.from_text(value)
        if digest is None or version_of(note.change if note else "", digest) != over.version:
            raise Overwritten("somebody has written, perhaps an Etherpad")
        known = self._known.get(pad)
        if (note is None or note.there != digest) and (known is None or known.there != digest):
            await self._read(pad)

    async def was_removed_by_others(self, pad: str) -> bool:
        # An Etherpad removes a pad's records, and leaves the note that it does not know.
        raw, note = await self._table.get(keys_of(pad))
        return raw is None and note is not None

    async def delete(self, pad: str, over: ColdHead) -> None:
        await self._must_know(pad, over)
        note, raw = await self._noted(pad)
        keys = [*keys_of(pad), f"pad2readonly:{pad}"]
        record = await aside(len(raw) > LONG, read_row, raw)
        authors = await aside(len(raw) > LONG, _authors_in, record)
        keys += [r.author_key(author) for author in authors]
        group = group_of(pad)
        if group is not None:
            keys.append(f"group:{group}")
        there = (
            await self._last_there(note.head, r.head_of_any(record), partial(r.revision_key, pad)),
            await self._last_there(
                note.chat, r.chat_count(record, "") - 1, partial(r.chat_key, pad)
            ),
        )
        await self._table.change(keys, lambda rows: deleted(rows, pad, over, note, there))
        self._known.pop(pad, None)

    async def _last_there(self, known: int, said: int, key: Callable[[int], str]) -> int:
        """Returns the number of the last record of this kind that exists. A pad's record may name
        any number, so beyond the `known` one it is only believed as far as there are records, with
        at most `MOST_MISSING` missing in a row."""
        last = known
        for start in range(known + 1, said + 1, STEP):
            if start > last + MOST_MISSING:
                break
            numbers = range(start, min(start + STEP, said + 1))
            sizes = await self._table.sizes([key(number) for number in numbers])
            last = max(
                (n for n, size in zip(numbers, sizes, strict=True) if size is not None),
                default=last,
            )
        return last

    async def pads(self, after: str = "", match: str = "*") -> AsyncIterator[ColdListed]:
        async for key in self._table.pad_keys(r.pad_key(after) if after else ""):
            name = key.removeprefix("pad:")
            if fnmatchcase(name, match):
                yield ColdListed(name, -1, 0, 0, None)

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        (found,) = await values_of(await self._table.get([f"readonly2pad:{read_only_id}"]))
        pad = r.plain(found) if isinstance(found, str) else ""
        return pad if is_pad_id(pad) else None

    async def pads_of_author(self, author: str) -> AsyncIterator[str]:
        (found,) = await values_of(await self._table.get([r.author_key(author)]))
        listed = found.get("padIDs") if isinstance(found, dict) else None
        for name in sorted(filter(is_pad_id, r.names_in(listed))):
            yield name

    async def used_by(self) -> UsedBy | None:
        (raw,) = await self._table.get([USED_BY])
        (said,) = await values_of([raw])
        fleet = said.get("fleet") if isinstance(said, dict) else None
        return UsedBy(fleet, raw or "") if isinstance(fleet, str) else None

    async def use(self, fleet: str) -> None:
        said = ascii_json({"fleet": fleet, "said": time.time_ns()})
        with suppress(Overwritten):
            await self._table.change([USED_BY], lambda _: RowChange({USED_BY: said}))

    async def check(self) -> None:
        await self._table.check()
        key = f"padfleet:check:{time.time_ns()}"
        for value in ("1", "2", None):
            await self._table.change([key], lambda _, value=value: RowChange({key: value}))  # type: ignore[misc]
            if await self._table.get([key]) != [value]:
                raise ValueError("what is written to the database is not there when it is read")

    async def aclose(self) -> None:
        await self._table.aclose()

    def _remember(self, pad: str, note: Note) -> None:
        self._known[pad] = note
        self._known.move_to_end(pad)
        if len(self._known) > KEPT_NOTES:
            self._known.popitem(last=False)


def _read_rows(raws: Sequence[str | None]) -> list[Any]:
    """Returns the values in the rows, with None for one that is missing. Raises ValueError."""
    return [read_row(raw) if raw is not None else None for raw in raws]


def _authors_in(record: Any) -> list[str]:
    """Returns the authors in the pool of a pad's record, at most `MOST_LISTED` of them."""
    try:
        return list(r.pool_of(record, "").authors())[:MOST_LISTED]
    except r.BadRecord:
        return []
