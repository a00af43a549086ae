"""This module represents documents, a text with the attributes of its characters, and applies
changesets to them."""

from __future__ import annotations

from typing import NamedTuple

from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.changeset import Bank, unpack
from padfleet.shared.easysync.errors import EasysyncError, shown
from padfleet.shared.easysync.ops import Op, iter_ops, side_by_side
from padfleet.shared.easysync.overlay import overlay
from padfleet.shared.easysync.pool import AttributePool
from padfleet.shared.easysync.runs import cut_out, put_back, with_index


class AText(NamedTuple):
    """A text (a code-unit string) and its attributes: inserts that cover it from start to end."""

    text: str
    attribs: str


def make_atext(text: str) -> AText:
    """Returns a document without attributes."""
    out = Assembler()
    out.add_text("+", text)
    return AText(text, out.finish())


def apply_to_atext(cs: str, atext: AText, pool: AttributePool) -> AText:
    """Returns the document after the changeset. Raises `EasysyncError` if the changeset does not
    fit it."""
    text, attribs = atext
    return AText(apply_to_text(cs, text), apply_to_attribs(cs, attribs, pool))


def apply_to_text(cs: str, text: str) -> str:
    """Returns the text after the changeset.

    Raises `EasysyncError` if the changeset is for a text of another length, or newlines are not
    where it says. As in Etherpad, the length that it announces for the result is not checked.
    """
    change = unpack(cs)
    if not isinstance(text, str):
        raise EasysyncError(f"a text must be a string, not {shown(text)}")
    if len(text) != change.old_len:
        raise EasysyncError(
            f"the changeset is for length {change.old_len}, the text has {len(text)}"
        )
    return apply_ops(iter_ops(change.ops), Bank(change.bank), text)


def apply_ops(ops: list[Op], bank: Bank, text: str) -> str:
    """Returns the text after the ops. Raises `EasysyncError` if they do not fit it."""
    pieces = []
    position = 0
    for op in ops:
        if op.opcode == "+":
            inserted = bank.take(op.chars)
            newlines = inserted.count("\n")
            pieces.append(inserted)
        else:
            end = position + op.chars
            if end > len(text):
                raise EasysyncError(f"{op!r} reaches beyond the end of the text")
            newlines = text.count("\n", position, end)
            if op.opcode == "=":
                pieces.append(text[position:end])
            position = end
        if newlines != op.lines:
            raise EasysyncError(f"{op!r} is on {newlines} newlines")
    pieces.append(text[position:])
    return "".join(pieces)


def apply_to_attribs(cs: str, attribs: str, pool: AttributePool) -> str:
    """Returns a document's attributes after the changeset, in canonical form.

    Raises `EasysyncError` if the changeset has impossible line counts or attribute numbers. Whether
    it is for this document at all can only be seen from the text.
    """
    ops = iter_ops(unpack(cs).ops)
    document = with_index(attribs)
    if document is None:
        return _overlaid(iter_ops(attribs), ops, pool)
    if not ops:
        return document
    first = ops[0]
    kept = first.chars if first.opcode == "=" and not first.attribs else 0
    # What is cut off in front is kept by the first op.
    part = cut_out(document, kept, sum([op.chars for op in ops if op.opcode != "+"]))
    first.chars -= sum(document.chars[: part.start])
    first.lines -= sum(document.lines[: part.start])
    if first.lines < 0:
        raise EasysyncError("the changeset keeps fewer newlines than there are")
    return put_back(document, part, _overlaid(part.runs, ops, pool))


def _overlaid(runs: list[Op], ops: list[Op], pool: AttributePool) -> str:
    out = Assembler()
    for run, op in side_by_side(runs, ops):
        piece = overlay(run, op, pool)
        if piece is not None:
            out.add(*piece)
    return out.finish()
