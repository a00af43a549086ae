"""This module converts Etherpad's revisions to padfleet's, one after the other. It is pure."""

from typing import Any

from padfleet.shared import bounds
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    attribs_of,
    iter_ops,
    make_atext,
    move_ops_to_new_pool,
    pack,
    replacing,
    unpack,
)
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.attributes import attribs_string
from padfleet.shared.etherpad.records import BadRecord, changeset_of, pool_of, text_of
from padfleet.shared.log.form import encode_wire
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.log.records import Revision, chain_of


class Converter:
    """Converts the revisions of one pad in their order. It keeps what a revision needs from those
    before it: the chain and the time."""

    def __init__(self, pool: AttributePool, *, latest: int, birth: int | None = None) -> None:
        """Takes the pad's pool, to which the attribute numbers in all of its changesets refer.

        Arguments:
            latest: no revision is later than this, in ms since the epoch; otherwise a time in the
                future would become the time of all edits until then.
            birth: the birth of the history if it began in a fleet (see `encode_wire`).
        """
        self._latest = latest
        self._birth = birth
        self.plain = True  #: whether nothing has needed repair so far
        self._pool = pool.clone()
        self._rev = -1
        self._chain = b""
        self._time = 0
        self.authors: set[str] = set()  #: of the revisions so far, and of the text in them

    @classmethod
    def behind(
        cls, pool: AttributePool, *, latest: int, rev: int, time: int, chain: bytes
    ) -> "Converter":
        """Returns a converter that continues after revision `rev`, whose time and chain are
        known."""
        converter = cls(pool, latest=latest)
        converter._rev, converter._time, converter._chain = rev, time, chain
        return converter

    def revision(self, record: Any, key: str) -> Revision:
        """Returns the next revision. Raises `BadRecord`."""
        said, author, stated = changeset_of(record, key)
        try:
            changeset = with_authors(said, self._pool)
            authors = _authors_in(changeset, self._pool) | {author}
        except EasysyncError as error:
            raise BadRecord(f"{key}: {error}") from error
        time = max(min(stated, self._latest), self._time)
        self.plain = self.plain and changeset == said and time == stated
        delta = time - self._time if self._rev >= 0 else 0
        self._rev += 1
        birth = self._birth if self._rev == 0 else None
        wire = encode_wire(self._rev, changeset, self._pool, author, time, delta, birth=birth)
        self._chain, self._time = chain_of(self._chain, wire), time
        self.authors |= authors - {"", SYSTEM_AUTHOR}
        return Revision(self._rev, author, time, None, self._chain, wire)


def as_one_revision(atext: AText, pool: AttributePool, time: int) -> Revision:
    """Returns a pad's present text as if it had been written at once, to replace a history that is
    unusable.

    Raises `EasysyncError` if the attributes do not belong to the text.
    """
    pool = pool.clone()
    changeset = with_authors(replacing("\n", atext), pool)
    wire = encode_wire(0, changeset, pool, SYSTEM_AUTHOR, time, 0)
    return Revision(0, SYSTEM_AUTHOR, time, None, chain_of(b"", wire), wire)


def present_text(
    record: Any, key: str, time: int, *, most: int = bounds.LARGEST
) -> tuple[Revision, str]:
    """Returns the text in a pad's record as one revision, and the reason why it has no attributes,
    which is empty if it has them.

    A database with a character set other than Etherpad's has turned each emoji into `????`. The
    text is then longer than its attributes say, and it cannot be known which attributes belong
    where.

    Arguments:
        most: the maximum number of attributes.

    Raises `BadRecord` if there is not even a text.
    """
    text = text_of(record, key)
    try:
        atext = AText(text, record["atext"].get("attribs", ""))
        return as_one_revision(atext, pool_of(record, key, most=most), time), ""
    except (BadRecord, EasysyncError) as error:
        text = text if text.endswith("\n") else text + "\n"
        revision = as_one_revision(make_atext(text), AttributePool(), time)
        return revision, f"without authors and formats: {error}"


def with_authors(changeset: str, pool: AttributePool, *, newlines: bool = False) -> str:
    """Returns the changeset with the system author on text that has no author. New attributes are
    added to the pool.

    Old pads contain such text, and edits based on it would be refused.

    Arguments:
        newlines: whether newlines need an author as well. In a history they need none, but in a
            submission they do.
    """
    if "+" not in changeset.partition("$")[0]:
        return changeset
    change = unpack(changeset)
    ops = iter_ops(change.ops)
    touched = False
    for op in ops:
        if op.opcode == "+" and (newlines or op.chars != op.lines):
            attribs = attribs_of(move_ops_to_new_pool(op.attribs, pool, pool), pool)
            if not attribs.get("author"):
                attribs["author"] = SYSTEM_AUTHOR
                op.attribs = attribs_string(attribs.items(), pool)
                touched = True
    if not touched:
        return changeset
    out = Assembler()
    for op in ops:
        out.add(op.opcode, op.chars, op.lines, op.attribs)
    return pack(change.old_len, change.new_len, out.finish(), change.bank)


def _authors_in(changeset: str, pool: AttributePool) -> set[str]:
    found = set()
    for op in iter_ops(unpack(changeset).ops):
        if op.attribs:
            known = move_ops_to_new_pool(op.attribs, pool, pool)
            found.add(attribs_of(known, pool).get("author", ""))
    return found
