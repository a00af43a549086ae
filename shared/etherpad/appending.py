"""This module continues the records of a pad that an Etherpad has written. It is pure.

Existing records stay as they are, except for the pad's own record. New attributes are added at the
end of its pool, because the existing changesets refer to the pool's numbers. Its text is developed
from the text that it has, so that the records agree with each other as Etherpad's own do, whatever
padfleet has made of them: for example, where an old pad names no author of a text, a fleet names
the system author.

pad = Appending.behind("pad", record, time=..., chain=...)
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
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.records import Revision


def step(document: Document, name: str, revision: Revision) -> tuple[str, dict[str, Any]]:
    """Applies the next revision to the document, and returns the revision's key and record.

    Arguments:
        name: the id that the pad has in the key.

    Raises `CorruptPad`, after which the document must not be used any more.
    """
    change = document.change_of(revision)
    document.replay(revision)
    after = (document.atext, document.pool) if revision.rev % r.KEY_REVISIONS == 0 else None
    return (
        r.revision_key(name, revision.rev),
        r.revision_record(revision, change.changeset, after),
    )


class Appending:
    """The records of a pad that are being continued. After `add` has raised an exception, the
    object must not be used any more."""

    def __init__(self, pad_id: str, document: Document, before: Mapping[str, Any]) -> None:
        """Takes the `document` with the attribute numbers that the records use, and `before`, the
        pad's record."""
        self._pad = pad_id
        self._document = document
        self._before = before

    @classmethod
    def anew(cls, pad_id: str, before: Mapping[str, Any] | None = None) -> "Appending":
        """Returns an object that writes all revisions anew, over any that exist. What plugins have
        put into the record `before` is kept."""
        kept = {key: value for key, value in (before or {}).items() if key != "savedRevisions"}
        return cls(pad_id, Document(), kept)

    @classmethod
    def behind(cls, pad_id: str, record: Any, *, time: int, chain: bytes) -> "Appending":
        """Returns an object that continues after the head in `record`, the pad's record. `time` and
        `chain` are those of this head, as a fleet has read it.

        Raises `BadRecord`.
        """
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
        """Returns an object that replaces revision `rev` and all later ones.

        Arguments:
            record: the pad's record.
            older: the records of the revisions before `rev`, from a key revision on.
            time: the time of the last of these, in ms since 1970.
            chain: the chain at the last of these.

        Raises `BadRecord`.
        """
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
        """The newest revision, or -1 if there is none."""
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
        """Returns the key and record of the next revision. Raises `CorruptPad` if the revision does
        not follow the head."""
        return step(self._document, self._pad, revision)

    def record(
        self,
        *,
        chat_head: int,
        public: bool,
        saved: list[SavedRevision],
        settings: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Returns the pad's record at the head. Saved revisions that the record had stay as they
        were, even more of them than a fleet has room for.

        Arguments:
            chat_head: the number of the newest chat message; -1 if there is none.
        """
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
        # Saved revisions must not refer to revisions that no longer exist.
        kept = [e for e, rev in zip(entries, revs, strict=True) if rev is None or rev <= self.head]
        return kept + [r.saved_entry(one) for one in saved if one.rev not in revs]


def with_pad(record: Any, author: Author, pad_id: str, time: int) -> dict[str, Any]:
    """Returns the record of an author who has been on the pad.

    Arguments:
        record: the author's existing record, or None.
        time: when the author was on the pad, in ms since 1970.
    """
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
    """Returns the keys of a replaced history that lie beyond the end of the new one. `before` and
    `now` are pairs: the head of the revisions and that of the chat."""
    revisions = range(now[0] + 1, before[0] + 1)
    messages = range(now[1] + 1, before[1] + 1)
    return [r.revision_key(pad_id, rev) for rev in revisions] + [
        r.chat_key(pad_id, number) for number in messages
    ]
