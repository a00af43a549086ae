"""This module recognises changesets that do nothing but insert their author's text at one place,
as typing does.

Nearly all submissions are of this kind. All that has to be checked of them, and all that they do to
a document, is found without taking their operations apart and putting them together again, in a
third of the time. Anything else, and whatever is wrong with such a changeset, is left to
`changeset.checked_ops` and `edit_script.patches_of`, which say what.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from padfleet.shared.easysync.base36 import VALUES, numeral
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.edit_script import EditScript, Patch, Splice
from padfleet.shared.easysync.follow import insert_rank
from padfleet.shared.easysync.pool import AttributePool

_NUMBER: Final = "([1-9a-z][0-9a-z]{0,7})"
"""A number that is not 0, in the only form that is canonical."""

_INSERTION: Final = re.compile(
    rf"(Z:{_NUMBER}>{_NUMBER}(?:\|{_NUMBER}={_NUMBER})?(?:={_NUMBER})?)"
    rf"\*0((?:\|{_NUMBER})?\+{_NUMBER})\$"
)


class PlainInsert(NamedTuple):
    """A canonical changeset that keeps some lines, then some characters, and inserts text whose
    only attribute has the number 0."""

    old_len: int  #: of the document, in code units
    lines: int  #: newlines in what is kept as whole lines
    head: int  #: the code units of these lines
    position: int  #: where the text is inserted
    text: str  #: not empty; ends with a newline if it has any
    newlines: int  #: in the text
    before: str  #: the changeset up to the attribute
    after: str  #: the changeset from behind the attribute on

    def numbered(self, number: int) -> str:
        """Returns the changeset with this attribute number instead of 0."""
        return f"{self.before}*{numeral(number)}{self.after}"


def plain_insert_of(changeset: str) -> PlainInsert | None:
    """Returns the insertion that a changeset is, or None if it is something else, or malformed."""
    found = _INSERTION.match(changeset)
    if found is None:
        return None
    before, old, change, lines, head, kept, _, newlines, chars = found.groups()
    text = changeset[found.end() :]
    values = VALUES
    added = values[newlines] if newlines else 0
    if change != chars or values[chars] != len(text) or text.count("\n") != added:
        return None
    if added and text[-1] != "\n":
        return None
    old_len = values[old]
    start = values[head] if head else 0
    position = start + values[kept] if kept else start
    if position > old_len:
        return None
    return PlainInsert(
        old_len,
        values[lines] if lines else 0,
        start,
        position,
        text,
        added,
        before,
        changeset[found.start(7) :],
    )


def script_of(
    insertion: PlainInsert, number: int, body: Body, pool: AttributePool
) -> EditScript | None:
    """Returns what `patches_of` returns for the insertion, whose text gets the attribute with this
    number of the pool. Returns None if it does not fit the body, or goes to its very end."""
    old_len, lines, head, position, text, newlines, _, _ = insertion
    if old_len != body.units or position >= old_len:
        return None
    if position:
        if body.newlines_before(position) != lines:
            return None
        if lines and (body.line_start(head) != head or body.newlines_before(head) != lines):
            return None
    attribs, size = f"*{numeral(number)}", len(text)
    rank = insert_rank(attribs, text[0], pool)
    return EditScript(
        body,
        [Patch(position, position, text, [(attribs, size)])],
        [Splice(position, position, size, newlines, rank, "")],
        even=True,
    )
