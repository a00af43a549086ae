"""This module overlays one op on another: the step that composing and applying have in common."""

from __future__ import annotations

from padfleet.shared.easysync.attributes import compose_attribs
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.ops import Op, consume
from padfleet.shared.easysync.pool import AttributePool

Piece = tuple[str, int, int, str]
"""Opcode, chars, lines and attributes of an op of the result."""


def overlay(a: Op, b: Op, pool: AttributePool) -> Piece | None:
    """Lets `b`, of a later changeset, act on `a`, of an earlier one or of a document's attributes.

    Consumes what it deals with from both. Returns that part of the result, or None if an insert and
    a removal cancel out. Raises `EasysyncError` if the ops disagree about where lines end.
    """
    if not a.opcode:
        return _whole(b)
    if not b.opcode or a.opcode == "-":
        return _whole(a)
    if b.opcode == "+":
        return _whole(b)
    _check_lines(a, b)
    # An insert is text, so its attributes are a state; those of a keep are a change.
    inserted = a.opcode == "+"
    if b.opcode == "=":
        opcode = a.opcode
        attribs = compose_attribs(a.attribs, b.attribs, pool, of_text=inserted)
        return opcode, *consume(a, b), attribs
    chars, lines = consume(a, b)
    return None if inserted else ("-", chars, lines, b.attribs)


def _whole(op: Op) -> Piece:
    piece = op.opcode, op.chars, op.lines, op.attribs
    op.opcode = ""
    return piece


def _check_lines(a: Op, b: Op) -> None:
    if a.chars < b.chars:
        fits = a.lines <= b.lines
    elif a.chars > b.chars:
        fits = a.lines >= b.lines
    else:
        fits = a.lines == b.lines
    if not fits or a.lines > a.chars or b.lines > b.chars:
        raise EasysyncError(f"line counts do not fit: {b!r} upon {a!r}")
