"""This module works out how a pad's records change when a fleet writes behind, freezes, thaws or
deletes it. It is pure.

Each change is decided from the rows as they are in the transaction that makes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from padfleet.shared.cold.errors import Overwritten, WrittenThere
from padfleet.shared.cold.etherpad.note import (
    HistoryPlace,
    Note,
    ascii_json,
    digest_of,
    is_changeable,
    note_key,
    places_after,
    read_row,
    value_of,
    version_of,
)
from padfleet.shared.cold.etherpad.table import MOST_ROW, RowChange
from padfleet.shared.cold.pads import ColdAppend, ColdHead, Mark
from padfleet.shared.easysync import to_units
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.appending import Appending, surplus, with_pad
from padfleet.shared.etherpad.bring import MOST_MISSING
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.options import normalised
from padfleet.shared.log.pad.saved import readable
from padfleet.shared.log.people.author_records import stored_author
from padfleet.shared.log.people.groups import group_of
from padfleet.shared.log.records import Snapshot
from padfleet.shared.wire.jsontext import loads

Rows = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Before:
    """The history that precedes revisions which replace others."""

    place: HistoryPlace
    records: Sequence[Any]  #: from the key revision on from which the text is computed


class NotRead(Overwritten):
    """The pad is unchanged since it was looked at, but its contents have not been read."""


def stand(rows: Rows, pad_id: str, over: ColdHead | None, known: Note | None) -> Note | None:
    """Returns the pad's note, if the pad is as `over` says. Raises `Overwritten`."""
    raw, said = rows[r.pad_key(pad_id)], rows[note_key(pad_id)]
    note = Note.from_text(said)
    if over is None:
        if raw is not None:
            raise Overwritten("there is a pad of this name")
        return None
    if raw is None:
        raise Overwritten("the pad has been deleted, perhaps by an Etherpad")
    digest, change = digest_of(raw), note.change if note else ""
    if version_of(change, digest) != over.version:
        raise Overwritten("somebody has written, perhaps an Etherpad")
    # A process that has read the pad in its present form knows more than the stored note does: that
    # its records are damaged, for example.
    if known is not None and (known.there, known.change) == (digest, change):
        return known
    if note is None or note.there != digest:
        raise NotRead("it has not been read as it is now")
    return note


def written_there(rows: Rows, pad_id: str) -> bool:
    """Returns whether an Etherpad has written on the pad since a fleet last did."""
    raw, said = rows[r.pad_key(pad_id)], rows[note_key(pad_id)]
    note = Note.from_text(said)
    return raw is not None and (note is None or note.there != digest_of(raw))


def keys_for(pad_id: str, part: ColdAppend) -> list[str]:
    """Returns the keys of the rows from which an `append` is decided."""
    found = [*keys_of(pad_id), f"pad2readonly:{pad_id}", f"pad:{pad_id}:deletionToken"]
    if part.state.pad.read_only_id is not None:
        found.append(f"readonly2pad:{part.state.pad.read_only_id}")
    found += [r.author_key(author) for author, _ in part.authors]
    group = group_of(pad_id)
    if group is not None:
        found += [f"group:{group}", "groups"]
    return found


def keys_of(pad_id: str) -> list[str]:
    return [r.pad_key(pad_id), note_key(pad_id)]


@dataclass
class Append:
    """Appends what is new. `made` is the note that the pad has afterwards."""

    pad: str
    over: ColdHead | None
    part: ColdAppend
    mark: Mark
    now: int  #: ms since 1970
    known: Note | None = None
    before: Before | None = None  #: None if nothing is replaced
    made: Note | None = None
    digest: str = ""  #: the digest of the pad's record after the change

    def decide(self, rows: Rows) -> RowChange:
        """Returns the change. Raises `Overwritten`, and `CorruptPad` if what is appended does not
        follow."""
        note = stand(rows, self.pad, self.over, self.known)
        raw = rows[r.pad_key(self.pad)]
        if note is not None and note.salvaged:
            brought = self.part.state.pad
            if (brought.epoch, brought.head, brought.chain) != (note.epoch, note.head, note.chain):
                raise WrittenThere("the pad's records are damaged, and not to be written over")
            return self._only_noted(note, digest_of(raw or ""))
        if written_there(rows, self.pad) and not self._goes_on(note):
            raise WrittenThere("an Etherpad has written on the pad, on which this fleet has too")
        record = read_row(raw) if raw is not None else None
        changes: dict[str, str | None] = {}
        state = self.part.state
        same = note is not None and note.epoch == state.pad.epoch
        try:
            pad, birth, places = self._begun(note if same else None, record)
        except BadRecord as error:
            raise CorruptPad(str(error)) from error
        for revision in self.part.revisions.revisions():
            if revision.rev == 0:
                birth = _birth(revision.wire)
            key, value = pad.add(revision)
            changes[key] = ascii_json(value)
            places = places_after(places, revision)
        offset = note.chat_offset if note is not None and same else 0
        changes |= self._chat(offset)
        chat_head = state.pad.chat + offset if state.pad.chat >= 0 or offset > 0 else -1
        if record is not None and note is not None:
            # What the record says of its chat may be any number, and only counts what was read.
            was = (note.head, note.chat + min(note.chat_offset, MOST_MISSING))
            gone = surplus(self.pad, before=was, now=(pad.head, chat_head))
            changes |= dict.fromkeys(gone)
        saved = readable(self.part.saved) if self.part.saved is not None else []
        whole = pad.record(
            chat_head=chat_head,
            public=state.pad.public,
            saved=saved,
            settings=self._settings(record),
        )
        text = ascii_json(whole)
        if len(text) > MOST_ROW:
            raise ValueError(
                f"the record of the pad has {len(text):,} bytes, of {MOST_ROW:,} at most"
            )
        changes[r.pad_key(self.pad)] = text
        self.digest = digest_of(text)
        newest = changes.get(r.revision_key(self.pad, pad.head))
        last = digest_of(newest) if newest is not None else note.last if note else ""
        self.made = self._note(note, pad, birth, places, last, offset, same=same)
        changes[note_key(self.pad)] = self.made.to_text()
        changes |= self._beside(rows)
        return RowChange(changes)

    def _goes_on(self, note: Note | None) -> bool:
        """Returns whether what is appended directly continues the stored history."""
        if note is None or self.part.state.pad.epoch != note.epoch:
            return False
        revisions = self.part.revisions.revisions()
        if not revisions:
            brought = self.part.state.pad
            return (brought.head, brought.chain) == (note.head, note.chain)
        first = revisions[0]
        return first.rev == note.head + 1 and first.follows(note.chain)

    def _begun(
        self, note: Note | None, record: Any
    ) -> tuple[Appending, int | None, tuple[HistoryPlace, ...]]:
        """Returns the records to continue, the history's birth, and its places. `note` is that of
        the history that is continued, or None."""
        first = self.part.revisions.first
        if note is None or first == 0:
            if first != 0:
                raise CorruptPad(f"a history begins with revision {first}")
            return Appending.anew(self.pad, record), None, ()
        if first == note.head + 1:
            pad = Appending.behind(self.pad, record, time=note.time, chain=note.chain)
            return pad, note.birth, note.places
        if self.before is None or self.before.place.rev != first:
            raise CorruptPad(f"revision {first} does not follow {note.head}")
        place = self.before.place
        pad = Appending.instead(
            self.pad,
            record,
            self.before.records,
            rev=first,
            time=place.time,
            chain=place.chain,
        )
        return pad, note.birth, tuple(one for one in note.places if one.rev <= first)

    def _settings(self, record: Any) -> Any:
        settings = self.part.state.pad.settings
        before = record.get("padSettings") if isinstance(record, Mapping) else None
        return loads(settings) if settings else before or normalised(None)

    def _chat(self, offset: int) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for message_id, flat in self.part.chat:
            number = int(message_id.partition("-")[0])
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            message = ChatMessage.from_record(number, fields[b"m"])
            found[r.chat_key(self.pad, number + offset)] = ascii_json(r.chat_record(message))
        return found

    def _note(
        self,
        note: Note | None,
        pad: Appending,
        birth: int | None,
        places: tuple[HistoryPlace, ...],
        last: str,
        offset: int,
        *,
        same: bool,
    ) -> Note:
        state, snapshot = self.part.state, self.part.snapshot
        submitted = note.submitted if note is not None and same else {}
        if snapshot is not None:
            submitted = Snapshot.from_bytes(snapshot).sessions
        if (pad.head, pad.chain) != (state.pad.head, state.pad.chain):
            raise CorruptPad(f"what has come leads to {pad.head}, and not to {state.pad.head}")
        return Note(
            self.digest,
            last,
            state.pad.epoch,
            pad.head,
            pad.chain,
            pad.time,
            mark=self.mark,
            edition=note.edition + 1 if note is not None else 1,
            written=self.now,
            birth=birth,
            chat=state.pad.chat,
            chat_offset=offset,
            plain=note.plain if note is not None and same else True,
            places=places,
            creator=state.pad.creator,
            sessions=state.sessions,
            reigns=state.reigns,
            fences=dict(state.fences),
            seen=dict(state.seen),
            more=dict(state.more),
            submitted=submitted,
        ).changed()

    def _beside(self, rows: Rows) -> dict[str, str | None]:
        """Returns the rows that belong to the pad but are stored under other keys."""
        head, changes = self.part.state.pad, dict[str, str | None]()
        if head.read_only_id is not None:
            # A pad that already has a read-only id keeps it; both ids lead to the pad.
            if rows[f"pad2readonly:{self.pad}"] is None:
                changes[f"pad2readonly:{self.pad}"] = ascii_json(head.read_only_id)
            # An id that leads to another pad goes on leading there.
            if rows[f"readonly2pad:{head.read_only_id}"] is None:
                changes[f"readonly2pad:{head.read_only_id}"] = ascii_json(to_units(self.pad))
        token = f"pad:{self.pad}:deletionToken"
        if head.deletion and head.deletion not in (rows[token] or "").encode():
            token_record = {"createdAt": self.now, "hash": head.deletion.decode()}
            changes[token] = ascii_json(token_record)
        for author, items in self.part.authors:
            stored = stored_author(author, items)
            key = r.author_key(author)
            if stored is not None and is_changeable(rows[key]):
                there = with_pad(value_of(rows[key]), stored, to_units(self.pad), head.time)
                changes[key] = ascii_json(there)
        group = group_of(self.pad)
        if group is not None:
            changes |= _in_group(rows, group, self.pad)
        return changes

    def _only_noted(self, note: Note, digest: str) -> RowChange:
        """Changes only the note, for a pad whose records padfleet cannot read entirely: these are
        never overwritten."""
        self.digest = digest
        self.made = note.changed(mark=self.mark, edition=note.edition + 1, written=self.now)
        return RowChange({note_key(self.pad): self.made.to_text()})


def renoted(
    rows: Rows, pad_id: str, over: ColdHead, known: Note | None, **values: Any
) -> tuple[Note, RowChange]:
    """Returns the pad's note with these values, and the change that stores it. The pad's records
    are left alone. Raises `Overwritten`."""
    note = stand(rows, pad_id, over, known)
    if note is None:
        raise Overwritten("there is no pad of this name")
    made = note.changed(**values)
    return made, RowChange({note_key(pad_id): made.to_text()})


def deleted(
    rows: Rows, pad_id: str, over: ColdHead, known: Note | None, there: tuple[int, int]
) -> RowChange:
    """Returns the change that removes what Etherpad removes along with a pad. Raises `Overwritten`.

    Arguments:
        rows: among others, all other records that are changed.
        there: the numbers of the last revision and of the last chat message that exist.
    """
    stand(rows, pad_id, over, known)
    gone = [*keys_of(pad_id), f"pad2readonly:{pad_id}", f"pad:{pad_id}:deletionToken"]
    changes: dict[str, str | None] = dict.fromkeys(
        gone + surplus(pad_id, before=there, now=(-1, -1))
    )
    read_only = value_of(rows[f"pad2readonly:{pad_id}"])
    if isinstance(read_only, str):
        changes[f"readonly2pad:{read_only}"] = None
    for key, raw in rows.items():
        value = value_of(raw)
        place = "padIDs" if key.startswith("globalAuthor:") else "pads"
        if key.startswith(("globalAuthor:", "group:")) and isinstance(value, dict):
            listed = value.get(place)
            if isinstance(listed, dict) and listed.pop(to_units(pad_id), None) is not None:
                changes[key] = ascii_json(value)
    return RowChange(changes)


def _in_group(rows: Rows, group: str, pad_id: str) -> dict[str, str | None]:
    """Returns the change that adds the pad to its group's list, and makes sure that the group
    exists."""
    changes: dict[str, str | None] = {}
    key = f"group:{group}"
    if is_changeable(rows[key]):
        value = value_of(rows[key]) or {"pads": {}, "mappings": {}}
        pads = value.get("pads")
        pads = pads if isinstance(pads, dict) else {}
        changes[key] = ascii_json({**value, "pads": {**pads, to_units(pad_id): 1}})
    if is_changeable(rows["groups"]):
        changes["groups"] = ascii_json({**(value_of(rows["groups"]) or {}), group: 1})
    return changes


def _birth(wire: bytes) -> int | None:
    birth = loads(wire).get("birth")
    return birth if type(birth) is int else None
