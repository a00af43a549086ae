"""This module finds line markers: the invisible `*` in front of a list item that carries the line's
attributes."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.changeset import pack

LINE_ATTRIBUTES: Final = frozenset({"lmkr", "list"})


def misplaced_markers(body: Body, start: int, end: int, markers: AbstractSet[str]) -> list[int]:
    """Returns the positions in `[start, end)` of line markers that are not at the start of a line.

    `markers` are the numbers of marker attributes, as written in attribute strings.
    """
    misplaced: list[int] = []
    position = start
    for attribs, chars in body.spans_between(start, end):
        if not markers.isdisjoint(attribs.split("*")):
            before = position - 1 if position else 0
            text = body.text_between(before, position + chars)
            misplaced += [
                before + at
                for at in range(position - before, len(text))
                if before + at and text[at - 1] != "\n" and text[at] != "\n"
            ]
        position += chars
    return misplaced


def removal_of(positions: Sequence[int], body: Body) -> str:
    """Returns the changeset that removes the characters at these positions, which must be in
    order."""
    out = Assembler()
    kept = 0
    for position in positions:
        body.add_op(out, "=", kept, position)
        kept = position + 1
        body.add_op(out, "-", position, kept)
    return pack(body.units, body.units - len(positions), out.finish(), "")
