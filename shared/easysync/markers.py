"""Line markers: the `*` in front of a list item, invisible, that carries the line's attributes."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from shared.easysync.atext import AText
from shared.easysync.base36 import numeral
from shared.easysync.ops import iter_ops
from shared.easysync.pool import AttributePool
from shared.easysync.runs import with_index
from shared.easysync.splice import Builder

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
