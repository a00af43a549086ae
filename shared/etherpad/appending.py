"""How the records of a pad go on behind those that an Etherpad has written. Pure.

What is there stays as it is, but for the pad's own record. Its pool gets what is new behind what it
has, since the changesets that are there have their numbers from it. Its text is moved on from the
one that it has, so that the records agree with each other as Etherpad's own do, whatever we have
made of them: where an old pad names no author of a text, a fleet names the system author.

pad = Appending.behind("pad", record, at=..., chain=...)
rows = dict(pad.add(revision) for revision in revisions)
rows["pad:pad"] = pad.record(...)
"""

from collections.abc import Mapping, Sequence
from typing import Any

from padfleet.shared.bounds import number_of
from padfleet.shared.easysync import AText, EasysyncError
from padfleet.shared.easysync.atext import apply_to_atext
from padfleet.shared.easysync.body import Body
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.log.people.authors import Author
from padfleet.shared.log.records import Revision


def step(document: Document, name: str, revision: Revision) -> tuple[str, dict[str, Any]]:
    """Returns key and record of the document's next revision, which is applied to the document.
    `name` is the id that the pad has in the key. Raises `CorruptPad`; the document is then of no
    more use."""
    change = document.change_of(revision)
    document.replay(revision)
    after = (document.atext, document.pool) if revision.rev % r.KEY_REVISIONS == 0 else None
    return (
        r.revision_key(name, revision.rev),
        r.revision_record(revision, change.changeset, after),
    )


class Appending:
    """The records of a pad, being continued. It is of no more use once `add` has raised."""

    def __init__(self, pad_id: str, document: Document, before: Mapping[str, Any]) -> None:
        """`document` has the numbers that the records have; `before` is the pad's record."""
        self._pad = pad_id
        self._document = document
        self._before = before

    @classmethod
    def anew(cls, pad_id: str, before: Mapping[str, Any] | None = None) -> "Appending":
        """Writes all revisions, over whatever is there. What plugins have put into the record
        `before` stays."""
        kept = {key: value for key, value in (before or {}).items() if key != "savedRevisions"}
        return cls(pad_id, Document(), kept)

    @classmethod
    def behind(cls, pad_id: str, record: Any, *, time: int, chain: bytes) -> "Appending":
        """Continues after what `record`, the pad's record, says. `time` and `chain` are those of
        its head, as a fleet has read it. Raises `BadRecord`."""
        key = r.pad_key(pad_id)
        document = Document()
        document.head = r.head_of(record, key)
        document.time, document.chain = time, chain
        document.pool = r.pool_of(record, key)
        text = r.text_of(record, key)
        try:
            document.body = Body(AText(text, record["atext"].get("attribs", "")))
        except EasysyncError as error:
            raise BadRecord(f"{key}: {error}") from error
        return cls(pad_id, document, record)

    @classmethod
    def instead(
        cls,
        pad_id: str,
        record: Any,
        older: Sequence[Any],
        *,
        rev: int,
        time: int,
        chain: bytes,
    ) -> "Appending":
        """Replaces revision `rev` and all after it. `older` has the records before it, from a key
        revision on; `time` and `chain` are those of the last of them. Raises `BadRecord`."""
        key = r.pad_key(pad_id)
        pool = r.pool_of(record, key)
        try:
            atext = AText(**older[0]["meta"]["atext"])
            for one in older[1:]:
                atext = apply_to_atext(r.changeset_of(one, key)[0], atext, pool)
        except (EasysyncError, LookupError, TypeError) as error:
            raise BadRecord(f"{key}: its text before revision {rev}: {error}") from error
        then = {**record, "atext": atext._asdict(), "head": rev - 1}
        return cls.behind(pad_id, then, time=time, chain=chain)

    @property
    def head(self) -> int:
        """The newest revision; -1 if there is none."""
        return self._document.head

    @property
    def time(self) -> int:
        """When the head was written, in ms since 1970."""
        return self._document.time

    @property
    def chain(self) -> bytes:
        """The running hash over the history up to the head."""
        return self._document.chain

    def add(self, revision: Revision) -> tuple[str, dict[str, Any]]:
        """Returns key and record of the next revision. Raises `CorruptPad` if it does not
        follow."""
        return step(self._document, self._pad, revision)

    def record(
        self,
        *,
        chat_head: int,
        public: bool,
        saved: list[SavedRevision],
        settings: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Returns the pad's record at the head. Saved revisions that it had stay as they were,
        including those for which a fleet has no room. `chat_head` is the number of the newest
        message; -1 if none."""
        atext, pool = self._document.atext, self._document.pool
        made = r.pad_record(
            atext,
            pool,
            self.head,
            chat_head=chat_head,
            public=public,
            saved=[],
            settings=dict(settings),
        )
        return {**self._before, **made, "savedRevisions": self._saved(saved)}

    def _saved(self, saved: list[SavedRevision]) -> list[Any]:
        before = self._before.get("savedRevisions")
        entries: list[Any] = list(before) if isinstance(before, list) else []
        revs = [number_of(e.get("revNum")) if isinstance(e, Mapping) else None for e in entries]
        # Nothing must remain that leads to revisions which were taken back.
        kept = [e for e, rev in zip(entries, revs, strict=True) if rev is None or rev <= self.head]
        return kept + [r.saved_entry(one) for one in saved if one.rev not in revs]


def with_pad(record: Any, author: Author, pad_id: str, time: int) -> dict[str, Any]:
    """Returns the record of an author who has been on the pad, made from the existing one (None:
    none). `time` says when, in ms since 1970."""
    before = dict(record) if isinstance(record, Mapping) else {}
    pads = before.get("padIDs")
    seen = max(time, number_of(before.get("lastSeen")) or 0)
    return {
        **before,
        **r.shown_of(author),
        "timestamp": max(time, number_of(before.get("timestamp")) or 0),
        "lastSeen": seen,
        "padIDs": {**(pads if isinstance(pads, Mapping) else {}), pad_id: 1},
    }


def surplus(pad_id: str, *, before: tuple[int, int], now: tuple[int, int]) -> list[str]:
    """Returns the keys of a history that was replaced by another, beyond the end of the new one.
    `before` and `now` are the heads of revisions and chat."""
    revisions = range(now[0] + 1, before[0] + 1)
    messages = range(now[1] + 1, before[1] + 1)
    return [r.revision_key(pad_id, rev) for rev in revisions] + [
        r.chat_key(pad_id, number) for number in messages
    ]
