"""Line markers: the `*` in front of a list item, invisible, that carries the line's attributes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate
from typing import Final

from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.atext import AText
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.changeset import pack
from padfleet.shared.easysync.ops import iter_ops
from padfleet.shared.easysync.pool import AttributePool
from padfleet.shared.easysync.runs import with_index
from padfleet.shared.easysync.splice import Builder

LINE_ATTRIBUTES: Final = frozenset({"lmkr", "list"})


def correct_line_markers(atext: AText, pool: AttributePool) -> str | None:
    """The changeset that removes the line markers that are not at the start of a line.

    None when there are none. Etherpad applies this after every submission: joining lines and
    pasting leave such markers behind, which clients cannot show.

    A newline with the attributes of a marker stays. Etherpad would count it as a marker, and then
    fail to apply its own correction.
    """
    text = atext.text
    misplaced = [
        at
        for start, end in _marked(atext.attribs, pool)
        for at in range(start, min(end, len(text)))
        if at and text[at - 1] != "\n" and text[at] != "\n"
    ]
    if not misplaced:
        return None
    builder = Builder(len(text))
    position = 0
    for at in misplaced:
        builder.keep_text(text[position:at]).remove(1)
        position = at + 1
    return builder.to_changeset()


def misplaced_markers(body: Body, start: int, end: int, markers: AbstractSet[str]) -> list[int]:
    """The positions in `[start, end)` of line markers that are not at the start of a line.

    `markers` are the numbers, as written in attribute strings, of attributes of markers.
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
    """The changeset that removes the characters at these positions, which must be in order."""
    out = Assembler()
    kept = 0
    for position in positions:
        body.add_op(out, "=", kept, position)
        kept = position + 1
        body.add_op(out, "-", position, kept)
    return pack(body.units, body.units - len(positions), out.finish(), "")


def _marked(attribs: str, pool: AttributePool) -> list[tuple[int, int]]:
    """Where the runs with line attributes start and end, found without reading the others."""
    numbers = pool.numbers_of_keys(LINE_ATTRIBUTES)
    if not numbers:
        return []
    marker = re.compile(rf"\*0*(?:{'|'.join(map(numeral, numbers))})(?![0-9a-z])")
    document = with_index(attribs)
    chars = [run.chars for run in iter_ops(attribs)] if document is None else document.chars
    ends = list(accumulate(chars))
    found: list[tuple[int, int]] = []
    run = counted_to = 0
    last = -1
    for match in marker.finditer(attribs):
        # Each run has one plus sign.
        run += attribs.count("+", counted_to, match.start())
        counted_to = match.start()
        if run != last:
            found.append((ends[run] - chars[run], ends[run]))
            last = run
    return found
